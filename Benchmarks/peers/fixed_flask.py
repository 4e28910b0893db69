"""The peer for a fixed answer: the body is read whole and not looked at."""

from flask import Flask, Response, request

from fixed_answer import ANSWER

app = Flask(__name__)


@app.post("/predict")
def predict() -> Response:
    request.get_data()
    return Response(ANSWER, mimetype="application/json")
