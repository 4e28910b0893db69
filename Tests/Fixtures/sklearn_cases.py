"""What the scikit-learn cases share: the data they are fitted on, and how a case is written.

A case is a function that gives (fitted model, rows, options). Options: "protocol", "joblib" (its compression), "gzip",
"suffix", "unknown" (values of one more row, by column), "rows" (rows to predict instead of the first of those fitted
on), "multilabel" (predict_proba gives one number a label), "may_refuse" (rows whose neighbours cannot be told may be
refused), "tolerance" (relative, 1e-9 if not given), "writer" (a function of the model and a folder that writes the file
into the folder and gives its path).
"""
import gzip
import io
import json
import pickle

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
import sklearn

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
CASES = []
ROWS = 80
# Added to every case's own seed; 0 for the committed ones.
SEED = 0
# Rows that are predicted.
ROWS_PREDICTED = 10
COMMITTED_BYTES_MAX = 10_000


def case(function):
    """Marks a case that is committed for every version."""
    CASES.append((function, "every version"))
    return function


def full_case(function):
    """Marks a case that is committed for one version, and run for all by `make parity`."""
    CASES.append((function, "one version"))
    return function


def parity_case(function):
    """Marks a case that is only run by `make parity`."""
    CASES.append((function, "never"))
    return function


def generator(seed):
    return np.random.default_rng(seed + SEED)


def numbers(columns, seed, missing=0.0, rows=ROWS):
    """A matrix whose columns are of very different sizes."""
    random = generator(seed)
    values = random.normal(size=(rows, columns)) * np.array([10.0**k for k in range(columns)]) + 3
    if missing:
        values[random.random(values.shape) < missing] = np.nan
    return values


def town(seed=5, missing=0.15):
    """A mixed frame with missing numbers and strings."""
    random = generator(seed)
    frame = pd.DataFrame({
        "rooms": random.integers(1, 9, ROWS).astype(float),
        "area": random.normal(100, 30, ROWS).round(2),
        "heating": random.choice(["gas", "oil", "wood", "solar ☀"], ROWS, p=[0.5, 0.3, 0.15, 0.05]),
        "district": random.choice(["north", "south", "east", "west"], ROWS),
        "year": random.integers(1900, 2020, ROWS).astype(float),
        "owner": random.choice(["Ann", "Bob"], ROWS),
    })
    price = frame["rooms"] * 10 + frame["area"] * 2 + (frame["heating"] == "gas") * 15 + random.normal(size=ROWS)
    for name in ["rooms", "area"]:
        frame.loc[random.random(ROWS) < missing, name] = np.nan
    for name in ["heating"]:
        frame[name] = frame[name].astype(object)
        frame.loc[random.random(ROWS) < missing, name] = np.nan
    frame["district"] = frame["district"].astype(object)
    frame["owner"] = frame["owner"].astype(object)
    return frame, price.to_numpy()


def classes(X, names):
    score = (X - X.mean(axis=0)) / X.std(axis=0)
    index = np.argmax(np.stack([score[:, k % score.shape[1]] * (1 if k < score.shape[1] else -1)
                                for k in range(len(names))], axis=1), axis=1)
    return np.array(names)[index]


# ---------------------------------------------------------------------------------------------- writing
def plain(value):
    if isinstance(value, (np.floating, float)):
        value = float(value)
        if value != value:
            return None
        return value if abs(value) < float("inf") else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.integer, int)):
        return int(value)
    if value is None:
        return None
    return str(value)


def answer(function, row, is_prediction=False, is_multilabel=False):
    """One row at a time, so that a row that is refused does not take the others with it."""
    try:
        result = function(row)
        if isinstance(result, list) and isinstance(result[0], np.ndarray):
            # Probabilities of several targets: one target after the other.
            result = np.concatenate(result, axis=1)
        if is_multilabel:
            # One probability a label: that it is 1, or, of stacking, that it is 0.
            pair = [result, 1 - result] if is_multilabel == "absence" else [1 - result, result]
            result = np.stack(pair, axis=2).reshape(len(result), -1)
        result = np.asarray(result.toarray() if scipy.sparse.issparse(result) else result)[0]
    except (ValueError, IndexError):
        return None
    if isinstance(result, np.ndarray) and result.dtype == bool and not is_prediction:
        result = result.astype(int)
    return [plain(value) for value in result] if isinstance(result, np.ndarray) else plain(result)


def rows_to_predict(X, options):
    frame = X if isinstance(X, pd.DataFrame) else None
    if "rows" in options:
        return options["rows"]
    if isinstance(X, list):
        return X
    test = X[:ROWS_PREDICTED] if frame is None else X.iloc[:ROWS_PREDICTED]
    if frame is not None and "unknown" in options:
        extra = frame.iloc[[0]].copy()
        for column, value in options["unknown"].items():
            extra[column] = value
        test = pd.concat([test, extra])
    if frame is None and X.dtype.kind == "f" and np.isnan(test).sum() == 0:
        # A row with a missing value, which many classes refuse.
        extra = np.array(test[:1], dtype=float)
        extra[0, 0] = np.nan
        test = np.vstack([test, extra])
    return test


def write(folder, name, model, X, options, is_committed):
    """Writes the model file, and what the library answers for each row: null where it refuses the row, or where a
    number is not one."""
    folder = folder / sklearn.__version__ / (name + options.get("suffix", ""))
    folder.mkdir(parents=True, exist_ok=True)
    test = rows_to_predict(X, options)
    frame = test if isinstance(test, pd.DataFrame) else None
    is_text = isinstance(test, list)
    rows = [test.iloc[[k]] if frame is not None else test[k:k + 1] for k in range(len(test))]
    document = {
        "library": f"scikit-learn {sklearn.__version__}",
        "columns": ["text"] if is_text else None if frame is None else list(frame.columns),
        "rows": [[plain(value) for value in (row.iloc[0] if frame is not None else row if is_text else row[0])]
                 for row in rows],
    }
    if "tolerance" in options:
        document["tolerance"] = options["tolerance"]
    if options.get("may_refuse"):
        document["mayRefuse"] = True
    if hasattr(model, "predict_proba") and np.ndim(getattr(model, "classes_", [[]])[0]) == 0:
        document["classes"] = [plain(value) for value in model.classes_]
    for key, method in [("prediction", "predict"), ("probabilities", "predict_proba"),
                        ("decision_function", "decision_function"), ("score_samples", "score_samples"),
                        ("transform", "transform")]:
        if hasattr(model, method) and method not in options.get("without", []):
            is_multilabel = options.get("multilabel", False) if key == "probabilities" else False
            document[key] = [answer(getattr(model, method), row, key == "prediction", is_multilabel) for row in rows]

    if "writer" in options:
        file = options["writer"](model, folder)
    elif "joblib" in options:
        file = folder / "model.joblib"
        joblib.dump(model, file, compress=options["joblib"])
    else:
        file = folder / "model.pkl"
        data = pickle.dumps(model, protocol=options.get("protocol", pickle.DEFAULT_PROTOCOL))
        if options.get("gzip"):
            buffer = io.BytesIO()
            with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as stream:
                stream.write(data)
            data = buffer.getvalue()
        file.write_bytes(data)
    assert not is_committed or file.stat().st_size < COMMITTED_BYTES_MAX, (name, file.stat().st_size)
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items()]
    (folder / "case.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
