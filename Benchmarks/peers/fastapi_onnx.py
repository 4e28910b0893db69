"""FastAPI + ONNX Runtime, written for speed: no thread hop, one thread in the session, no response model."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
app = FastAPI()


class Request(BaseModel):
    instances: list[list[float]]


@app.post("/predict", response_model=None)
async def predict(request: Request) -> JSONResponse:
    rows = np.asarray(request.instances, dtype=np.float32)
    (probabilities,) = session.run(["probabilities"], {"input": rows})
    return JSONResponse({"predictions": probabilities[:, 1].tolist()})
