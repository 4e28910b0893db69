#!/usr/bin/env python3
"""Makes a Vencejo bundle of a fitted model and a training frame: the model file, golden rows with what the training
library answers for them, and histograms of the columns.

    python tools/export.py model.pkl --frame train.csv --output churn.zip [--name churn] [--rows 20]
    python tools/export.py model.ubj --frame train.csv --output churn.zip      # or .cbm, or LightGBM's text

Needs nothing but the library that the model was trained with. From a program:

    from export import export_bundle
    export_bundle("churn.zip", model, frame, name="churn")

A pickle is loaded by its library here, so give it files that you trust; the server itself never runs one.
"""
import argparse
import csv
import json
import math
import pathlib
import pickle
import sys
import tempfile
import zipfile

FORMAT_VERSION = 1
BINS = 20
CATEGORIES_MAX = 50


# ---------------------------------------------------------------------------------------------- values
def plain(value):
    """A value as JSON has it; None for a missing one."""
    if value is None:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (bool, int, float, str)):
        return value
    if value != value:  # pandas.NA, NaT
        return None
    return str(value)


def label_text(label):
    """A label as it stands as a key of probabilities."""
    label = plain(label)
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float):
        return repr(label)
    return str(label)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# ---------------------------------------------------------------------------------------------- frames
def columns_of(frame):
    """The columns' names, or None for a bare matrix."""
    return [str(name) for name in frame.columns] if hasattr(frame, "columns") else None


def row_of(frame, index):
    """One row as the library takes it."""
    return frame.iloc[[index]] if hasattr(frame, "iloc") else frame[index:index + 1]


def cells_of(frame, index):
    row = row_of(frame, index)
    values = row.iloc[0].tolist() if hasattr(row, "iloc") else list(row[0])
    return [plain(value) for value in values]


def column_values(frame, position):
    if hasattr(frame, "iloc"):
        return [plain(value) for value in frame.iloc[:, position].tolist()]
    return [plain(row[position]) for row in frame]


def read_frame(path):
    """A CSV with a header: with pandas where it is installed, as the model was probably trained with it."""
    try:
        import pandas
    except ImportError:
        pandas = None
    if pandas is not None:
        return pandas.read_csv(path)
    import numpy
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return numpy.array([[float(cell) if cell else math.nan for cell in row] for row in rows])


def with_categories(model, frame):
    """A frame of a CSV, whose columns have lost their types, with those that the booster takes for categories as it wants
    them. What a model within a pipeline wants is that pipeline's business."""
    if not hasattr(frame, "columns"):
        return frame
    if hasattr(model, "get_cat_feature_indices"):  # CatBoost: whole numbers, truth values and text
        return with_whole_numbers(frame, [frame.columns[index] for index in model.get_cat_feature_indices()])
    booster = getattr(model, "booster", None) or getattr(model, "booster_", None)
    if booster is None and hasattr(model, "get_booster"):
        booster = model.get_booster()
    if getattr(booster, "pandas_categorical", None):
        return with_pandas_categories(frame, booster.pandas_categorical)
    if "c" in (getattr(booster, "feature_types", None) or []):
        return with_codes(frame, [name for name, kind in zip(frame.columns, booster.feature_types) if kind == "c"])
    return frame


def with_whole_numbers(frame, names):
    frame = frame.copy()
    for name in names:
        if frame[name].dtype.kind == "f":
            if frame[name].isna().any() or (frame[name] % 1 != 0).any():
                raise SystemExit(f"column {name}: CatBoost takes no missing values and no fractions for categories")
            frame[name] = frame[name].astype("int64")
    return frame


def with_pandas_categories(frame, tables):
    """LightGBM keeps a list of values for each category column of the training frame, in order, without its name."""
    import pandas

    def holds(name, values):
        known = frame[name].dropna()
        return len(known) > 0 and known.isin(values).any()

    text = [name for name in frame.columns if frame[name].dtype.kind in "Ob"]
    if len(text) != len(tables) or not all(holds(name, values) for name, values in zip(text, tables)):
        raise SystemExit(
            f"the model has {len(tables)} category columns, and the CSV {len(text)} columns of text that could be them; "
            "call export_bundle from Python with the training frame itself")
    frame = frame.copy()
    for name, values in zip(text, tables):
        frame[name] = pandas.Categorical(frame[name], categories=values)
    return frame


def with_codes(frame, names):
    """XGBoost: text by the model's own table (3.1 and later); numbers are codes already."""
    import pandas

    frame = frame.copy()
    for name in names:
        if frame[name].dtype.kind in "iuf":
            largest = int(frame[name].max()) if frame[name].notna().any() else 0
            frame[name] = pandas.Categorical(frame[name], categories=range(largest + 1))
        else:
            frame[name] = frame[name].astype("category")
    return frame


# ---------------------------------------------------------------------------------------------- parts of a bundle
def golden_rows(model, frame, count):
    """Rows spread over the frame, each with the answers that the model gives for it alone."""
    names = columns_of(frame)
    rows = []
    total = len(frame)
    for number in range(min(count, total)):
        index = number * total // min(count, total)
        row = row_of(frame, index)
        prediction = model.predict(row)
        expected = {"prediction": answer(prediction[0])}
        if hasattr(model, "predict_proba"):
            expected["probabilities"] = probabilities_of(model, model.predict_proba(row), prediction)
        cells = cells_of(frame, index)
        rows.append({"input": cells if names is None else dict(zip(names, cells)), "expected": expected})
    return rows


def probabilities_of(model, values, prediction):
    """An object of the classes, or one a target."""
    if isinstance(values, list):
        return [by_label(labels, target[0]) for labels, target in zip(model.classes_, values)]
    if getattr(prediction, "ndim", 1) == 2 and prediction.shape == values.shape and values.shape[1] > 1:
        # Several labels a row: the probability of each.
        labels = [prediction.dtype.type(0), prediction.dtype.type(1)]
        return [by_label(labels, [1 - value, value]) for value in values[0]]
    return by_label(model.classes_, values[0])


def by_label(labels, values):
    return {label_text(label): plain(value) for label, value in zip(labels, values)}


def answer(value):
    if getattr(value, "ndim", 0) > 0:
        # CatBoost's classifiers give a row of one label; classifiers of several targets one a target.
        is_label = value.dtype.kind in "OUSbi" and value.size == 1
        return plain(value[0]) if is_label else [plain(number) for number in value]
    return plain(value)


def histogram(values):
    """The counts of a column: in equal ranges for numbers, of the most frequent values for text."""
    missing = sum(value is None for value in values)
    known = [value for value in values if value is not None]
    if not known:
        return None
    if all(is_number(value) for value in known):
        low, high = float(min(known)), float(max(known))
        if low == high:
            return {"edges": [low, math.nextafter(low, math.inf)], "counts": [len(known)], "missing": missing}
        edges = [low + (high - low) * step / BINS for step in range(BINS)] + [high]
        counts = [0] * BINS
        for value in known:
            counts[min(BINS - 1, int((value - low) / (high - low) * BINS))] += 1
        return {"edges": edges, "counts": counts, "missing": missing}
    frequency = {}
    for value in known:
        frequency[label_text(value)] = frequency.get(label_text(value), 0) + 1
    common = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:CATEGORIES_MAX]
    return {"categories": [name for name, _ in common], "counts": [count for _, count in common], "missing": missing}


def describe(model, frame, name, artifact, rows, tolerance, notes):
    names = columns_of(frame)
    width = len(names) if names is not None else frame.shape[1]
    keys = names if names is not None else [str(position) for position in range(width)]
    histograms, ranges = {}, {}
    for position, key in enumerate(keys):
        found = histogram(column_values(frame, position))
        if found is None:
            continue
        histograms[key] = found
        if "edges" in found:
            ranges[key] = {"minimum": found["edges"][0], "maximum": found["edges"][-1]}
    document = {"vencejo": FORMAT_VERSION, "artifact": artifact}
    if name:
        document["name"] = name
    if notes:
        document["metadata"] = notes
    document["columns"] = ranges
    document["golden"] = {"tolerance": tolerance, "rows": golden_rows(model, frame, rows)}
    document["histograms"] = histograms
    return document


# ---------------------------------------------------------------------------------------------- the whole
def export_bundle(output, model, frame, *, name=None, artifact=None, rows=20, tolerance=1e-6, notes=None):
    """Writes a bundle.

    model: the fitted estimator or booster. frame: the training data, a pandas frame or a matrix. artifact: its file,
    if it has been saved already; else it is pickled, or saved by its own save_model.
    """
    with tempfile.TemporaryDirectory() as folder:
        if artifact is None:
            artifact = pathlib.Path(folder) / "model.pkl"
            artifact.write_bytes(pickle.dumps(model))
        artifact = pathlib.Path(artifact)
        document = describe(model, frame, name, artifact.name, rows, tolerance, notes)
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("vencejo.json", json.dumps(document, ensure_ascii=False, allow_nan=False))
            archive.write(artifact, artifact.name)
    return document


def load(path):
    """The model of a file, by its library."""
    path = pathlib.Path(path)
    head = path.read_bytes()[:16]
    if head.startswith(b"CBM1"):
        return load_catboost(path)
    if head[:1] == b"{":
        return load_xgboost(path)
    if head.startswith(b"tree\n") or head.startswith(b"tree\r\n"):
        return load_lightgbm(path)
    try:
        import joblib
    except ImportError:
        return pickle.loads(path.read_bytes())
    return joblib.load(path)


def load_xgboost(path):
    import xgboost

    booster = xgboost.Booster(model_file=str(path))
    kind = json.loads(booster.attr("scikit_learn") or "{}").get("_estimator_type")
    if kind == "classifier":
        model = xgboost.XGBClassifier()
    elif kind == "regressor":
        model = xgboost.XGBRegressor()
    else:
        return NativeBooster(booster, lambda row: xgboost.DMatrix(row, enable_categorical=True))
    model.load_model(str(path))
    return model


def load_catboost(path):
    import catboost

    model = catboost.CatBoost()
    model.load_model(str(path))
    if len(model.classes_) == 0:
        return model
    model = catboost.CatBoostClassifier()
    return model.load_model(str(path))


def load_lightgbm(path):
    import lightgbm

    return NativeBooster(lightgbm.Booster(model_file=str(path)), lambda row: row)


class NativeBooster:
    """A booster that is no estimator: its predict gives the objective's value."""

    def __init__(self, booster, wrap):
        self.booster, self.wrap = booster, wrap

    def predict(self, row):
        return self.booster.predict(self.wrap(row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a pickle, joblib, XGBoost or LightGBM file")
    parser.add_argument("--frame", required=True, help="the training data as CSV with a header")
    parser.add_argument("--output", required=True, help="the bundle to write, a .zip")
    parser.add_argument("--name", help="what the model is to be called")
    parser.add_argument("--rows", type=int, default=20, help="golden rows (20)")
    parser.add_argument("--tolerance", type=float, default=1e-6, help="relative error of a golden number (1e-6)")
    options = parser.parse_args()

    model = load(options.model)
    frame = read_frame(options.frame)
    names = getattr(model, "feature_names_in_", None)
    if names is not None and hasattr(frame, "columns"):
        frame = frame[list(names)]
    frame = with_categories(model, frame)
    document = export_bundle(
        options.output, model, frame, name=options.name, artifact=options.model, rows=options.rows,
        tolerance=options.tolerance)
    print(f"{options.output}: {len(document['golden']['rows'])} golden rows, {len(document['histograms'])} histograms")


if __name__ == "__main__":
    sys.exit(main())
