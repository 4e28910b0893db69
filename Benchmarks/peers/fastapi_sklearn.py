"""FastAPI + scikit-learn: the pickled pipeline over a DataFrame of one record, as its tutorials show it."""

import os
import pickle

import pandas as pd
from fastapi import FastAPI

with open(os.environ["MODEL"], "rb") as file:
    model = pickle.load(file)
app = FastAPI()


@app.post("/predict")
def predict(record: dict[str, float | None]) -> dict[str, float]:
    rows = pd.DataFrame([record], columns=model.feature_names_in_, dtype="float64")
    return {"prediction": float(model.predict(rows)[0])}
