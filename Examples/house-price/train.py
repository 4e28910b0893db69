"""Trains the example models and writes what the libraries predict, for a look at serving against training.

The columns are those of the well-known Boston housing table; the rows are not: they come from the seeded generator below,
with ranges like those of the table and a price formula of our own. Run it in a virtual environment of its own:

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

The same versions write the same bytes again.
"""

import json
import pathlib
import pickle

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

HERE = pathlib.Path(__file__).resolve().parent
SEED = 1978
ROWS = 1500
CATEGORICAL = ["CHAS", "RAD"]


def houses(rows: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Districts with 13 columns, and the median price of a house there in thousands of dollars."""
    rng = np.random.default_rng(seed)
    urban = rng.beta(1.2, 2.0, rows)  # 0 is the countryside, 1 is the centre; most columns follow it
    crim = np.exp(rng.normal(-3.2 + 4.6 * urban, 0.9)).clip(0.006, 89.0)
    zn = np.where(rng.random(rows) < 0.3 - 0.3 * urban, rng.choice([12.5, 20, 25, 40, 80, 90], rows), 0.0)
    indus = (2.5 + 18.0 * urban + rng.normal(0, 2.5, rows)).clip(0.46, 27.74)
    chas = (rng.random(rows) < 0.07).astype(float)
    nox = (0.40 + 0.33 * urban + rng.normal(0, 0.03, rows)).clip(0.385, 0.871)
    rm = (6.45 - 0.4 * urban + rng.normal(0, 0.62, rows)).clip(3.56, 8.78)
    age = (38 + 65 * urban + rng.normal(0, 18, rows)).clip(2.9, 100.0)
    dis = np.exp(rng.normal(1.85 - 1.25 * urban, 0.22)).clip(1.13, 12.13)
    rad = np.where(urban > 0.62, 24.0, rng.choice([1.0, 2, 3, 4, 5, 6, 7, 8], rows, p=[.06, .07, .11, .31, .31, .05, .03, .06]))
    tax = np.where(rad == 24.0, 666.0, 210 + 220 * urban + rng.normal(0, 45, rows)).round().clip(187, 711)
    ptratio = (16.9 + 3.6 * urban + rng.normal(0, 1.3, rows)).round(1).clip(12.6, 22.0)
    b = (396.9 - rng.exponential(14 + 60 * urban, rows)).clip(0.32, 396.9)
    lstat = (8.5 + 12.0 * urban - 5.0 * (rm - 6.2) + rng.normal(0, 3.6, rows)).clip(1.73, 37.97)

    price = (
        24.5 + 4.4 * (rm - 6.3) + 1.4 * (rm - 6.3).clip(0) ** 2 - 0.44 * lstat - 0.95 * (ptratio - 18.5)
        - 15.5 * (nox - 0.55) - 1.25 * (dis - 3.8) + 2.9 * chas + 0.04 * zn - 0.10 * crim - 0.011 * (tax - 400)
        + np.where(rad == 24.0, 6.0, 0.25 * rad) + 0.009 * (b - 356) - 0.01 * age - 0.02 * indus
        + rng.normal(0, 2.4, rows)
    ).clip(5.0, 50.0).round(1)

    frame = pd.DataFrame({
        "CRIM": crim.round(5), "ZN": zn, "INDUS": indus.round(2), "CHAS": chas, "NOX": nox.round(3), "RM": rm.round(3),
        "AGE": age.round(1), "DIS": dis.round(4), "RAD": rad, "TAX": tax, "PTRATIO": ptratio, "B": b.round(2),
        "LSTAT": lstat.round(2),
    })
    # One cell in fifty was never measured: the imputers and the trees learn what to do then.
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    return frame, pd.Series(price, name="PRICE")


def elastic_net(columns: list[str]) -> Pipeline:
    """The pipeline of `house-price.pkl`: every kind of column prepared by its own branch, then a linear model."""
    numeric = [name for name in columns if name not in CATEGORICAL]
    prepare = ColumnTransformer([
        ("numeric", Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]), numeric),
        ("categorical", Pipeline([
            ("impute", SimpleImputer(strategy="most_frequent")),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]), CATEGORICAL),
    ])
    return Pipeline([("prepare", prepare), ("price", ElasticNet(alpha=0.005, l1_ratio=0.5, random_state=SEED))])


def ridge() -> Pipeline:
    """The pipeline of `house-price-v2.pkl`: same columns, other steps, so that a swap shows in the answer."""
    return Pipeline([("impute", SimpleImputer(strategy="mean")), ("scale", MinMaxScaler()), ("price", Ridge(alpha=0.5))])


def records(frame: pd.DataFrame) -> list[dict[str, float | None]]:
    """A few rows of `frame`, among them one with a null, one with fields left out and one with an unknown category."""
    demo = {
        "CRIM": 0.15, "ZN": 0.0, "INDUS": 10.01, "CHAS": 0.0, "NOX": 0.547, "RM": 5.45, "AGE": 61.4, "DIS": 3.62,
        "RAD": 6.0, "TAX": 432.0, "PTRATIO": 17.8, "B": 396.9, "LSTAT": 18.06,
    }
    whole = frame.dropna().iloc[[0, 1, 2, 3]].to_dict("records")
    return [
        demo,
        {name: demo[name] for name in ("CRIM", "RM", "LSTAT")},
        *whole,
        {**whole[0], "RM": None, "CHAS": None},
        {**whole[1], "RAD": 9.0},
        {name: None for name in demo},
    ]


def main() -> None:
    frame, price = houses(ROWS, SEED)
    columns = list(frame.columns)
    train = slice(0, 1200)
    held_out = slice(1200, ROWS)

    first = elastic_net(columns).fit(frame[train], price[train])
    second = ridge().fit(frame[train], price[train])
    dear = (price > price.median()).astype(int)
    band = XGBClassifier(n_estimators=20, max_depth=3, learning_rate=0.3, random_state=SEED, n_jobs=1)
    band.fit(frame[train], dear[train])

    for name, model in (("house-price", first), ("house-price-v2", second)):
        with open(HERE / f"{name}.pkl", "wb") as file:
            pickle.dump(model, file)
        print(f"{name}: R2 {model.score(frame[held_out], price[held_out]):.3f} on held-out rows")
    band.save_model(HERE / "price-band.ubj")
    print(f"price-band: accuracy {band.score(frame[held_out], dear[held_out]):.3f} on held-out rows")

    shown = records(frame)
    # What a record leaves out or gives as null is missing.
    rows = pd.DataFrame(shown, columns=columns, dtype="float64")
    expected = {
        "records": shown,
        "house-price": {"predictions": first.predict(rows).tolist()},
        "house-price-v2": {"predictions": second.predict(rows).tolist()},
        "price-band": {
            "predictions": band.predict(rows).tolist(),
            # float32, the precision XGBoost computes in, written as the shortest text that reads back the same.
            "probabilities": [[float(str(p)) for p in row] for row in band.predict_proba(rows)],
        },
        "price-band threshold": price.median(),
    }
    with open(HERE / "expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
