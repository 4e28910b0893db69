"""The peer for a fixed answer: the body is read whole and not looked at."""

from fastapi import FastAPI, Request, Response

from fixed_answer import ANSWER

app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> Response:
    await request.body()
    return Response(ANSWER, media_type="application/json")
