"""Writes the XGBoost cases beside those of make_xgboost.py: pickles, the old binary format, linear boosters and category
tables, of the installed library version.

    python make_xgboost_objects.py OUTPUT_FOLDER                # the committed cases
    python make_xgboost_objects.py OUTPUT_FOLDER --seed 7       # all cases on other data, for `make parity`

Each becomes OUTPUT_FOLDER/xgboost-<version>/<case>/ with the model file and case.json.
"""
import argparse
import io
import json
import pathlib
import pickle
import tempfile
import warnings

import joblib
import numpy as np
import pandas as pd
import sklearn
import xgboost as xgb
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import boosting_cases as cases
from boosting_cases import case, edges, generator, numbers, parity_case, plain, target
from time_bound import within

VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:2])
# Before 1.4 a pickle holds the old binary format, which tells less of the version.
LIBRARY = f"XGBoost {xgb.__version__}" if VERSION >= (1, 4) else "XGBoost" if VERSION < (1, 0) else "XGBoost 1.0"
# Margins are equal to the bit from 1.3 on; before, the base score was added last.
TOLERANCE = 5e-7 if VERSION >= (1, 3) else 2e-5
COMMON = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 3}


# What is committed of each version: what it writes otherwise than the others.
COMMITTED = {
    (0, 90): ["old_binary", "old_multi", "old_linear_multi", "classifier"],
    (1, 0): ["classifier", "regressor_stopped"],
    (1, 5): ["classifier", "regressor_stopped"],
    (1, 7): ["iteration_range", "old_binary", "old_multi", "old_dart", "old_linear_multi", "regressor_missing"],
    (2, 1): ["classifier", "regressor_stopped"],
    (3, 1): ["iteration_range", "category_tables", "json_linear_multi", "ubj_linear", "pipeline_joblib"],
}


def f32(X):
    return np.asarray(X, np.float32)


def thresholds(booster):
    if VERSION < (1, 0):
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/m.json"
        booster.save_model(path)
        document = json.loads(pathlib.Path(path).read_text())
    model = document["learner"]["gradient_booster"]
    pairs = []
    for tree in model.get("gbtree", model)["model"].get("trees", []):
        for left, feature, condition in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                pairs.append((feature, condition))
    return pairs[:2 if cases.IS_COMMITTED else 40]


def rows_for(booster, X, fixed=True):
    rows = list(f32(X[:4 if cases.IS_COMMITTED else 60]))
    for value in ([0.0, np.nan] if cases.IS_COMMITTED else [0.0, -0.0, 1e-45, 1e38, -1e38, np.nan, -1, 16777216]):
        rows.append(np.full(X.shape[1], value, np.float32))
    return f32(rows + edges(thresholds(booster), X[0], np.float32))


def binary_bytes(booster):
    """The old format; from 1.0 the file's name decides."""
    with tempfile.TemporaryDirectory() as folder:
        name = "m.deprecated" if VERSION >= (2, 0) else "m.model"
        booster.save_model(f"{folder}/{name}")
        return pathlib.Path(f"{folder}/{name}").read_bytes()


def saved(booster, suffix):
    with tempfile.TemporaryDirectory() as folder:
        booster.save_model(f"{folder}/m.{suffix}")
        return pathlib.Path(f"{folder}/m.{suffix}").read_bytes()


def load(booster, data):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(f"{folder}/m.json").write_bytes(data)
        booster.load_model(f"{folder}/m.json")


def train(params, X, y, rounds=3):
    return xgb.train({**COMMON, **params}, xgb.DMatrix(f32(X), label=y), rounds)


def answers(booster, rows, limit=None, names=None, missing=np.nan):
    data = xgb.DMatrix(rows, feature_names=names, missing=missing)
    options = {}
    if limit:
        options = {"ntree_limit": limit} if VERSION < (1, 4) else {"iteration_range": (0, limit)}
    count = len(rows)
    document = {"margin": plain(booster.predict(data, output_margin=True, **options))}
    try:
        leaf = booster.predict(data, pred_leaf=True, **options)
        document["leaf"] = plain(np.asarray(leaf).reshape(count, -1))
    except xgb.core.XGBoostError:
        pass  # Linear models have none.
    return document


def native(name, booster, X, file, data, classes=None, rows=None, columns=None, library=None):
    rows = rows_for(booster, X) if rows is None else rows
    prediction = booster.predict(xgb.DMatrix(rows, feature_names=booster.feature_names))
    document = {"library": library or LIBRARY, "columns": columns, "rows": plain(rows), "tolerance": TOLERANCE,
                "prediction": plain(prediction)}
    document.update(answers(booster, rows, names=booster.feature_names))
    if classes == 2:
        document["probabilities"] = plain(np.stack([np.float32(1) - prediction, prediction], axis=1))
    elif classes:
        document["probabilities"] = plain(prediction)
    if booster.attr("gblinear"):
        document.pop("leaf", None)
    cases.write(OUT / name, file, data, document)


def old_library(booster):
    # Before 1.0 the file does not tell its version; later it tells two of its parts.
    return "XGBoost" if VERSION < (1, 0) else "XGBoost " + ".".join(xgb.__version__.split(".")[:2])


KINDS = {
    "binary": ({"objective": "binary:logistic"}, 2),
    "binary_base": ({"objective": "binary:logistic", "base_score": 0.3}, 2),
    "multi": ({"objective": "multi:softprob", "num_class": 3}, 3),
    "poisson": ({"objective": "count:poisson"}, None),
    "dart": ({"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5, "one_drop": 1}, 2),
    "linear": ({"objective": "binary:logistic", "booster": "gblinear"}, 2),
    "linear_multi": ({"objective": "multi:softprob", "num_class": 3, "booster": "gblinear"}, 3),
    "linear_regression": ({"objective": "reg:squarederror", "booster": "gblinear"}, None),
}


def booster_of(kind, seed):
    params, classes = KINDS[kind]
    X = numbers(4, seed)
    y = target(X, seed + 1)
    if classes == 2:
        y = (y > 0.4).astype(int)
    elif classes:
        y = np.digitize(y, [-1.0, 1.0])
    elif kind == "poisson":
        y = generator(seed + 2).poisson(np.exp(np.clip(y * 0.3, -2, 2)))
    return train(params, X, y, rounds=5 if kind == "dart" else 3), X, classes


def old_format(kind, seed):
    def run():
        booster, X, classes = booster_of(kind, seed)
        native("old_" + kind, booster, X, "model.bin", binary_bytes(booster), classes, library=old_library(booster))
    run.__name__ = "old_" + kind
    # Before 1.0 DART drops trees when it predicts, too.
    run.wants = VERSION < (3, 0) and (kind != "dart" or VERSION >= (1, 0))
    return run


def document_format(kind, seed, suffix):
    def run():
        booster, X, classes = booster_of(kind, seed)
        data = saved(booster, suffix)
        # Version 1.0 writes fewer digits than a float has: the file's model is what counts.
        booster = xgb.Booster()
        booster.load_model(bytearray(data)) if VERSION >= (1, 6) else load(booster, data)
        native(f"{suffix}_{kind}", booster, X, f"model.{suffix}", data, classes, library="XGBoost " + xgb.__version__)
    run.__name__ = f"{suffix}_{kind}"
    run.wants = VERSION >= (1, 6) or (suffix == "json" and VERSION >= (1, 0))
    return run


for index, kind in enumerate(KINDS):
    (case if kind in ("binary", "multi", "dart", "linear_multi") else parity_case)(old_format(kind, 11 * index))
    for suffix in ("json", "ubj"):
        (case if (kind, suffix) in (("linear_multi", "json"), ("linear", "ubj")) else parity_case)(
            document_format(kind, 11 * index + 5, suffix))


@case
def iteration_range():
    """Some rounds only, as `predict(..., iteration_range=...)` takes them: of all versions that know it."""
    chosen = (1, 3)
    for kind, more in [("binary", {}), ("multi", {}), ("dart", {}), ("forest", {"num_parallel_tree": 2, "subsample": 0.5})]:
        if cases.IS_COMMITTED and kind not in ("multi", "forest"):
            continue
        params, classes = KINDS.get(kind, KINDS["binary"])
        X = numbers(4, 91)
        y = np.digitize(target(X, 92), [-1.0, 1.0]) if classes == 3 else (target(X, 92) > 0.4).astype(int)
        booster = train({**params, **more, "max_depth": 1 if classes == 3 else 2}, X, y, rounds=3 if classes == 3 else 4)
        rows = rows_for(booster, X)
        data = xgb.DMatrix(rows)
        prediction = booster.predict(data, iteration_range=chosen)
        document = {"library": "XGBoost " + xgb.__version__, "columns": None, "rows": plain(rows), "tolerance": TOLERANCE,
                    "iteration_range": list(chosen), "prediction": plain(prediction),
                    "margin": plain(booster.predict(data, output_margin=True, iteration_range=chosen)),
                    # It takes no start for leaves: "use model slicing instead".
                    "leaf": plain(np.asarray(booster[slice(*chosen)].predict(data, pred_leaf=True)).reshape(len(rows), -1))}
        cases.write(OUT / f"iteration_range_{kind}", "model.ubj", saved(booster, "ubj"), document)
    X = numbers(4, 93)
    y = np.digitize(target(X, 94), [-1.0, 1.0])
    model = xgb.XGBClassifier(n_estimators=6, early_stopping_rounds=2, **SK).fit(f32(X[:100]), y[:100], eval_set=[(f32(X[100:]), y[100:])],
                                                                                 verbose=False)
    rows = rows_for(model.get_booster(), X)
    document = {"library": LIBRARY, "columns": None, "rows": plain(rows), "tolerance": TOLERANCE, "iteration_range": [1, 2],
                "prediction": plain(model.predict(rows, iteration_range=(1, 2))),
                "probabilities": plain(model.predict_proba(rows, iteration_range=(1, 2)))}
    if not cases.IS_COMMITTED:
        cases.write(OUT / "iteration_range_pickle", "model.pkl", pickle.dumps(model), document)


iteration_range.wants = VERSION >= (1, 6)


# ---------------------------------------------------------------------------------------------- pickles
SK = {"max_depth": 2, "n_jobs": 1, "random_state": 3, "learning_rate": 0.8}


def wrapped(name, model, X, file="model.pkl", data=None, rows=None, frame=None, columns=None, library=None,
            with_margin=True, limit=None, tolerance=None):
    booster = model.get_booster() if hasattr(model, "get_booster") else None
    rows = (rows_for(booster, X) if booster is not None else X[:8 if cases.IS_COMMITTED else 60]) if rows is None else rows
    document = {"library": library or LIBRARY, "columns": columns,
                "rows": plain(np.asarray(rows)) if frame is None else [plain(row) for row in frame],
                "tolerance": tolerance or TOLERANCE, "prediction": plain(model.predict(rows))}
    if hasattr(model, "predict_proba"):
        document["probabilities"] = plain(model.predict_proba(rows))
    if booster is not None and with_margin:
        if limit is None and VERSION >= (1, 4):
            limit = (getattr(booster, "best_iteration", None) if booster.attr("best_iteration") is None
                     else int(booster.attr("best_iteration")))
            limit = None if limit is None else limit + 1
        document.update(answers(booster, np.asarray(rows), limit, names=booster.feature_names,
                                missing=model.missing if model.missing is not None else np.nan))
    cases.write(OUT / name, file, pickle.dumps(model) if data is None else data, document)


def plain_labels(y):
    """Since 1.6 labels have to be 0, 1, ..."""
    return y if VERSION < (1, 3) else np.unique(y, return_inverse=True)[1]


@case
def classifier():
    X = numbers(3, 111)
    wrapped("classifier", xgb.XGBClassifier(n_estimators=3, **SK).fit(f32(X), plain_labels(
        np.where(target(X, 112) > 0.4, "yes", "no ß"))), X)


@case
def classifier_three():
    X = numbers(3, 113)
    model = xgb.XGBClassifier(n_estimators=3, **SK).fit(f32(X), plain_labels(
        np.array([10, 20, 40])[np.digitize(target(X, 114), [-1.0, 1.0])]))
    wrapped("classifier_three", model, X)


@case
def regressor_missing():
    X = np.nan_to_num(numbers(3, 115), nan=-999.0)
    model = xgb.XGBRegressor(n_estimators=3, missing=-999.0, **SK).fit(f32(X), target(X, 116))
    # Old versions refuse NaN where another value stands for what is missing.
    rows = rows_for(model.get_booster(), X)
    wrapped("regressor_missing", model, X, rows=rows if VERSION >= (1, 5) else rows[~np.isnan(rows).any(axis=1)])


@case
def regressor_stopped():
    X = numbers(3, 123)
    y = target(X, 124) + generator(125).normal(size=len(X)) * 2
    settings = {"early_stopping_rounds": 2, "eval_set": [(f32(X[80:]), y[80:])], "verbose": False}
    if VERSION >= (1, 6):
        model = xgb.XGBRegressor(n_estimators=30, early_stopping_rounds=settings.pop("early_stopping_rounds"), **SK)
    else:
        model = xgb.XGBRegressor(n_estimators=30, **SK)
    model.fit(f32(X[:80]), y[:80], **settings)
    limit = model.best_ntree_limit if VERSION < (1, 4) else None
    wrapped("regressor_stopped", model, X, limit=limit)


@parity_case
def ranker():
    X = numbers(3, 127)
    model = xgb.XGBRanker(n_estimators=3, **SK)
    y = np.digitize(target(X, 128), [-1.0, 1.0])
    model.fit(f32(X), y, group=[40] * 4)
    wrapped("ranker", model, X)


@parity_case
def forests():
    X = numbers(3, 129)
    for name, y in [("XGBRFClassifier", plain_labels(target(X, 130) > 0.4)), ("XGBRFRegressor", target(X, 131))]:
        model = getattr(xgb, name)(n_estimators=4, max_depth=3, n_jobs=1, random_state=3).fit(f32(X), y)
        wrapped(name.lower(), model, X)


@parity_case
def boosters_in_wrappers():
    X = numbers(3, 133)
    for booster in ("gblinear", "dart"):
        model = xgb.XGBClassifier(n_estimators=4, booster=booster, **SK).fit(f32(X), plain_labels(target(X, 134) > 0.4))
        # From 1.4 on the estimator adds DART's trees in place in another order than its booster does.
        wrapped("classifier_" + booster, model, X, with_margin=booster != "gblinear", tolerance=1e-5)


@case
def booster_pickle():
    booster, X, classes = booster_of("multi", 141)
    for protocol in ([4] if cases.IS_COMMITTED else [2, 3, 4, 5]):
        native(f"booster_pickle_{protocol}", booster, X, "model.pkl", pickle.dumps(booster, protocol=protocol), classes)


@parity_case
def booster_named():
    X = pd.DataFrame(f32(numbers(3, 143)), columns=["age", "größe", "x"])
    booster = xgb.train({**COMMON, "objective": "binary:logistic"}, xgb.DMatrix(X, label=(target(X.to_numpy(), 144) > 0.4)), 3)
    native("booster_named", booster, X.to_numpy(), "model.pkl", pickle.dumps(booster), 2, columns=list(X.columns))


@case
def pipeline_joblib():
    X = numbers(3, 151)
    model = make_pipeline(StandardScaler(), xgb.XGBClassifier(n_estimators=3, **SK))
    model.fit(X, plain_labels(np.where(target(X, 152) > 0.4, 7, 3)))
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    wrapped("pipeline_joblib", model, X, file="model.joblib", data=buffer.getvalue(),
            library=f"scikit-learn {sklearn.__version__}")


@parity_case
def pipeline_missing_search():
    random = generator(161)
    frame = pd.DataFrame({"n": random.normal(size=120), "t": random.choice(["a", "b", "c"], 120).astype(object)})
    y = frame["n"] + (frame["t"] == "b") * 2
    steps = Pipeline([
        ("columns", ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), ["t"])],
                                      remainder="passthrough", sparse_threshold=0)),
        ("model", xgb.XGBRegressor(n_estimators=3, missing=0.0, **SK))])
    model = GridSearchCV(steps, {"model__max_depth": [2, 3]}, cv=2).fit(frame, y)
    rows = frame.iloc[:60]
    wrapped("pipeline_missing_search", model, None, rows=rows, columns=list(frame.columns),
            frame=[list(row) for row in rows.itertuples(index=False)],
            library=f"scikit-learn {sklearn.__version__}")


def category_frame(seed):
    random = generator(seed)
    frame = pd.DataFrame({
        "n": random.normal(size=160).astype(np.float32),
        "heating": pd.Categorical(random.choice(["gas", "oil", "wood", "solar"], 160), categories=["wood", "oil", "solar", "gas"]),
        "zone": pd.Categorical(random.choice([10, 20, 40, 70], 160), categories=[40, 10, 20, 70]),
    })
    y = frame["n"] + (frame["heating"] == "gas") * 3 + (frame["zone"] == 40) * 2
    frame.loc[random.random(160) < 0.1, "heating"] = np.nan
    return frame, y


@case
def category_tables():
    frame, y = category_frame(171)
    model = xgb.XGBRegressor(n_estimators=3, enable_categorical=True, tree_method="hist", **SK).fit(frame, y)
    rows = frame.iloc[:6 if cases.IS_COMMITTED else 80].copy()
    values = [[plain(v) for v in row] for row in rows.astype(object).itertuples(index=False)]
    wrapped("category_tables", model, None, rows=rows, frame=values, columns=list(frame.columns), with_margin=False)
    document = {"library": LIBRARY, "columns": list(frame.columns), "rows": values, "tolerance": 5e-7,
                "prediction": plain(model.get_booster().predict(xgb.DMatrix(rows, enable_categorical=True)))}
    for suffix in ("json", "ubj"):
        if suffix == "json" or not cases.IS_COMMITTED:
            cases.write(OUT / f"category_tables_{suffix}", f"model.{suffix}", saved(model.get_booster(), suffix), document)


category_tables.wants = VERSION >= (3, 1)


def main():
    global OUT
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seconds", type=float, help="begin no case after so many, with --seed")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    xgb_config = getattr(xgb, "set_config", None)
    if xgb_config:
        xgb_config(verbosity=0)
    OUT = options.folder / f"xgboost-{xgb.__version__}"
    if options.seed is not None:
        cases.SEED = options.seed
        cases.IS_COMMITTED = False
    for function, is_committed in within(options.seconds, cases.CASES, options.seed):
        if cases.IS_COMMITTED and function.__name__ not in COMMITTED[VERSION]:
            continue
        if (is_committed or not cases.IS_COMMITTED) and options.only in function.__name__ \
                and getattr(function, "wants", True):
            function()
    print(OUT.name, "done")


main()
