"""FastAPI + XGBoost the way its tutorials show it: a pydantic body, a plain `def`, the scikit-learn wrapper."""

import os

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel
from xgboost import XGBClassifier

model = XGBClassifier(n_jobs=1)
model.load_model(os.environ["MODEL"])
app = FastAPI()


class Request(BaseModel):
    instances: list[list[float]]


@app.post("/predict")
def predict(request: Request) -> dict[str, list[float]]:
    rows = np.asarray(request.instances, dtype=np.float32)
    return {"predictions": model.predict_proba(rows)[:, 1].tolist()}
