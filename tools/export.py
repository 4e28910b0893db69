#!/usr/bin/env python3
"""Makes a Vencejo bundle of a fitted model and a training frame: the model file, golden rows with what the training
library answers for them, and histograms of the columns.

    python tools/export.py model.pkl --frame train.csv --output churn.zip [--name churn] [--rows 20]
    python tools/export.py model.ubj --frame train.csv --output churn.zip      # or .cbm, .skops, LightGBM's text

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
TRANSFORM_WIDTH_MAX = 1000


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


def booster_of(model):
    """The native booster of an XGBoost or LightGBM model; None for other models."""
    if isinstance(model, NativeBooster):
        return model.booster
    if hasattr(model, "get_booster"):  # XGBoost, whose attribute `booster` is a parameter
        return model.get_booster()
    return getattr(model, "booster_", None)


def feature_names_of(model):
    """The names of the training columns; None where the model knows none."""
    booster = booster_of(model)
    if hasattr(booster, "feature_name"):  # LightGBM
        names = list(booster.feature_name())
        return None if names == [f"Column_{index}" for index in range(len(names))] else names
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = getattr(booster, "feature_names", None)
    return None if names is None else list(names)


def with_columns_of(model, frame):
    """The columns that the model was trained with, in its order. LightGBM writes underscores for blanks."""
    names = feature_names_of(model)
    if names is None or not hasattr(frame, "columns"):
        return frame
    known = {str(name).replace(" ", "_"): name for name in frame.columns}
    known.update((name, name) for name in frame.columns)
    absent = [str(name) for name in names if name not in known]
    if absent:
        raise SystemExit(f"the frame has no column {', '.join(absent)}, which the model was trained with")
    return frame[[known[name] for name in names]]


def with_categories(model, frame):
    """A frame of a CSV, whose columns have lost their types, with those that the booster takes for categories as it wants
    them. What a model within a pipeline wants is that pipeline's business."""
    if not hasattr(frame, "columns"):
        return frame
    if hasattr(model, "get_cat_feature_indices"):  # CatBoost: whole numbers, truth values and text
        return with_whole_numbers(frame, [frame.columns[index] for index in model.get_cat_feature_indices()])
    booster = booster_of(model)
    if getattr(booster, "pandas_categorical", None):
        return with_pandas_categories(frame, booster)
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


def with_pandas_categories(frame, booster):
    """LightGBM keeps a list of values for each category column of the training frame, in order, without its name: those
    whose information is no range. Of a column that no split can use it keeps `none`, whatever its type was."""
    import pandas

    tables = booster.pandas_categorical
    line = next(line for line in booster.model_to_string().splitlines() if line.startswith("feature_infos="))
    kinds = line.partition("=")[2].split(" ")
    names = [name for name, kind in zip(frame.columns, kinds) if not kind.startswith("[")]
    if len(names) != len(tables):
        unused = {name for name, kind in zip(frame.columns, kinds) if kind == "none"}
        names = [name for name in names if name not in unused or pandas.api.types.is_string_dtype(frame[name])]

    def holds(name, values):
        known = frame[name].dropna()
        return len(known) == 0 or known.isin(values).any()

    if len(names) != len(tables) or not all(holds(name, values) for name, values in zip(names, tables)):
        raise SystemExit(
            f"the model has {len(tables)} category columns, and the CSV {len(names)} columns that could be them; "
            "call export_bundle from Python with the training frame itself")
    frame = frame.copy()
    for name, values in zip(names, tables):
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
        expected = answers_of(model, row_of(frame, index))
        cells = cells_of(frame, index)
        golden = {"input": cells if names is None else dict(zip(names, cells))}
        rows.append({**golden, "expected": expected} if expected else golden)
    return rows


def answers_of(model, row):
    """What the model answers for one row, by the name of the output."""
    if not hasattr(model, "predict"):
        values = model.transform(row)
        values = values.toarray() if hasattr(values, "toarray") else getattr(values, "values", values)
        # A wide text vectorizer would fill the bundle: its rows are run, and not compared.
        return {"transform": [plain(value) for value in values[0]]} if values.shape[1] <= TRANSFORM_WIDTH_MAX else {}
    prediction = model.predict(row)
    expected = {"prediction": answer(prediction[0])}
    if hasattr(model, "predict_proba") and has_probabilities(model):
        expected["probabilities"] = probabilities_of(model, model.predict_proba(row), prediction)
    return expected


def has_probabilities(model):
    """Not so in a chain with a target of three classes or more: its predict_proba is for two."""
    model = model.steps[-1][1] if hasattr(model, "steps") else model
    is_chain = any(base.__name__ == "ClassifierChain" for base in type(model).__mro__)
    return not is_chain or all(len(labels) == 2 for labels in model.classes_)


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
    if it has been saved already; else it is pickled.
    """
    model = estimator_of(model)
    with tempfile.TemporaryDirectory() as folder:
        if artifact is None:
            artifact = pathlib.Path(folder) / "model.pkl"
            artifact.write_bytes(pickle.dumps(model.booster if isinstance(model, NativeBooster) else model))
        artifact = pathlib.Path(artifact)
        document = describe(model, frame, name, artifact.name, rows, tolerance, notes)
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("vencejo.json", json.dumps(document, ensure_ascii=False, allow_nan=False))
            archive.write(artifact, artifact.name)
    return document


def load(path):
    """The model of a file, by its library."""
    path = pathlib.Path(path)
    content = path.read_bytes()
    if content.startswith(b"CBM1"):
        return load_catboost(path, "cbm")
    if content.startswith(b"{"):
        return load_catboost(path, "json") if b'"features_info"' in content else load_xgboost(path)
    if content.startswith((b"tree\n", b"tree\r\n")):
        return load_lightgbm(path)
    if content.startswith(b"PK"):
        return load_skops(path)
    try:
        import joblib
    except ImportError:
        return pickle.loads(content)
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
        return NativeBooster(booster)
    model.load_model(str(path))
    return model


def load_catboost(path, kind):
    import catboost

    model = catboost.CatBoost()
    model.load_model(str(path), format=kind)
    if len(model.classes_) == 0:
        return model
    model = catboost.CatBoostClassifier()
    return model.load_model(str(path), format=kind)


def load_lightgbm(path):
    import lightgbm

    return NativeBooster(lightgbm.Booster(model_file=str(path)))


def load_skops(path):
    import skops.io

    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


class NativeBooster:
    """A booster of XGBoost or LightGBM that is no estimator: its predict gives the objective's value."""

    def __init__(self, booster):
        self.booster = booster

    def predict(self, row):
        if type(self.booster).__module__.startswith("xgboost"):
            import xgboost

            row = xgboost.DMatrix(row, enable_categorical=True)
        return self.booster.predict(row)


def estimator_of(model):
    """A booster as something with the methods of an estimator; anything else as it is."""
    is_booster = type(model).__name__ == "Booster" and type(model).__module__.split(".")[0] in ("xgboost", "lightgbm")
    return NativeBooster(model) if is_booster else model


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a pickle, joblib, skops, XGBoost, LightGBM or CatBoost file")
    parser.add_argument("--frame", required=True, help="the training data as CSV with a header")
    parser.add_argument("--output", required=True, help="the bundle to write, a .zip")
    parser.add_argument("--name", help="what the model is to be called")
    parser.add_argument("--rows", type=int, default=20, help="golden rows (20)")
    parser.add_argument("--tolerance", type=float, default=1e-6, help="relative error of a golden number (1e-6)")
    options = parser.parse_args(arguments)

    model = estimator_of(load(options.model))
    frame = with_categories(model, with_columns_of(model, read_frame(options.frame)))
    document = export_bundle(
        options.output, model, frame, name=options.name, artifact=options.model, rows=options.rows,
        tolerance=options.tolerance)
    print(f"{options.output}: {len(document['golden']['rows'])} golden rows, {len(document['histograms'])} histograms")


if __name__ == "__main__":
    sys.exit(main())
