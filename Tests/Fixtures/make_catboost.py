"""Writes the CatBoost cases of the installed library version.

    python make_catboost.py OUTPUT_FOLDER                # the committed cases
    python make_catboost.py OUTPUT_FOLDER --seed 7       # all cases on other data, for `make parity`

Each becomes OUTPUT_FOLDER/catboost-<version>/<case>/ with the model file and case.json.
"""
import argparse
import io
import json
import pathlib
import pickle
import tempfile

import catboost as cb
import joblib
import numpy as np
import pandas as pd

import boosting_cases as cases
from boosting_cases import case, edges, generator, numbers, parity_case, plain, target
from time_bound import within

COMMON = {"verbose": 0, "thread_count": 1, "allow_writing_files": False, "random_seed": 3, "learning_rate": 0.5}


def saved(model, suffix, pool=None):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/m.{suffix}"
        model.save_model(path, format="json" if suffix == "json" else "cbm", pool=pool)
        data = pathlib.Path(path).read_bytes()
    if cases.IS_COMMITTED and suffix == "json":
        # Training parameters are most of a small file.
        document = json.loads(data)
        information = document["model_info"]
        document["model_info"] = {
            "params": {"loss_function": information["params"]["loss_function"]},
            "class_params": information.get("class_params", ""),
        }
        data = json.dumps(document, ensure_ascii=False).encode()
    return data


def borders(model):
    document = json.loads(saved(model, "json"))
    pairs = []
    for feature in document["features_info"].get("float_features", []):
        for border in feature["borders"] or []:
            pairs.append((feature["flat_feature_index"], border))
    return pairs[:2 if cases.IS_COMMITTED else 30]


def rows_for(model, X):
    rows = list(X[:5 if cases.IS_COMMITTED else 60])
    for value in [0.0, np.nan, np.inf] if cases.IS_COMMITTED else [0.0, -0.0, np.nan, np.inf, -np.inf, 1e300, 1e38, 5e-324]:
        rows.append(np.full(X.shape[1], value))
    # On a border as float32, and where the narrowing of a double decides.
    exact = edges(borders(model), X[0], np.float32)
    fine = edges([(f, np.float64(np.float32(b)) * (1 + s * 2**-25)) for f, b in borders(model) for s in (1, -1)], X[0])
    return np.array([np.asarray(row, float) for row in rows + exact + fine])


def answers(model, rows, kind):
    raw = np.asarray(model.predict(rows, prediction_type="RawFormulaVal"))
    document = {"tolerance": 1e-12, "margin": plain(raw)}
    if kind == "class":
        document["prediction"] = plain(np.asarray(model.predict(rows, prediction_type="Class")).reshape(len(raw)))
        document["probabilities"] = plain(model.predict(rows, prediction_type="Probability"))
        document["classes"] = plain(model.classes_)
    elif kind == "exponent":
        document["prediction"] = plain(model.predict(rows, prediction_type="Exponent"))
    else:
        document["prediction"] = plain(raw)
    return document


def native(name, model, rows, kind="raw", columns=None, suffixes=("cbm", "json"), frame=None, pool=None, leaves=True):
    document = {"library": "CatBoost", "columns": columns,
                "rows": plain(rows) if frame is None else [plain(row) for row in frame]}
    document.update(answers(model, rows, kind))
    if leaves:
        document["leaf"] = plain(model.calc_leaf_indexes(rows))
    for suffix in suffixes:
        cases.write(OUT / f"{name}_{suffix}", f"model.{suffix}", saved(model, suffix, pool), document)


def train(params, X, y, **more):
    kind = cb.CatBoostClassifier if more.pop("classifier", False) else cb.CatBoost
    return kind({**COMMON, "iterations": 5, "depth": 3, **params}, **more).fit(X, y)


@case
def rmse():
    X = numbers(4, 11)
    model = train({"loss_function": "RMSE"}, X, target(X, 12))
    native("rmse", model, rows_for(model, X))


@case
def logloss():
    X = numbers(4, 13)
    model = cb.CatBoostClassifier(iterations=4, depth=2, **COMMON).fit(X, np.where(target(X, 14) > 0.4, "yes", "no ß"))
    native("logloss", model, rows_for(model, X), "class", suffixes=("cbm",) if cases.IS_COMMITTED else ("cbm", "json"))


@parity_case
def label_types():
    X = numbers(4, 15)
    y = target(X, 16)
    for name, labels in [("integers", np.where(y > 0.4, 7, 3)), ("booleans", y > 0.4), ("floats", np.where(y > 0.4, 1.5, 0.5)),
                         ("three", np.array(["a", "b", "ç"])[np.digitize(y, [-1, 1])]),
                         ("three_integers", np.array([10, 40, 20])[np.digitize(y, [-1, 1])])]:
        model = cb.CatBoostClassifier(iterations=4, depth=2, **COMMON).fit(X, labels)
        native("labels_" + name, model, rows_for(model, X), "class")


@case
def multiclass():
    X = numbers(4, 17)
    y = np.digitize(target(X, 18), [-1, 1])
    for loss in ("MultiClass", "MultiClassOneVsAll"):
        model = cb.CatBoostClassifier(iterations=3, depth=2, loss_function=loss, **COMMON).fit(X, y)
        native(loss.lower(), model, rows_for(model, X), "class", suffixes=("json",) if cases.IS_COMMITTED else ("cbm", "json"))


@parity_case
def other_losses():
    X = numbers(4, 19)
    y = target(X, 20)
    positive = np.exp(np.clip(y * 0.3, -2, 2))
    for loss, label, kind in [("MAE", y, "raw"), ("Quantile:alpha=0.3", y, "raw"), ("MAPE", positive, "raw"),
                              ("Poisson", positive, "exponent"), ("Tweedie:variance_power=1.3", positive, "exponent"),
                              ("LogLinQuantile", positive, "raw"), ("Huber:delta=1", y, "raw"),
                              ("MultiRMSE", np.stack([y, -y], 1), "raw")]:
        model = train({"loss_function": loss}, X, label)
        native("loss_" + loss.split(":")[0].lower(), model, rows_for(model, X), kind)
    for loss in ("CrossEntropy", "Focal:focal_alpha=0.5;focal_gamma=2"):
        model = cb.CatBoostClassifier(iterations=4, depth=2, loss_function=loss, **COMMON).fit(X, (y > 0.4) * 1.0)
        native("loss_" + loss.split(":")[0].lower(), model, rows_for(model, X), "class")


@parity_case
def wide():
    X = numbers(6, 21, rows=500)
    model = train({"loss_function": "RMSE", "iterations": 137, "depth": 6}, X, target(X, 22))
    native("wide", model, rows_for(model, X))


@case
def policies():
    X = numbers(4, 23)
    for policy in ("Depthwise", "Lossguide"):
        if cases.IS_COMMITTED and policy == "Depthwise":
            continue
        model = train({"loss_function": "RMSE", "grow_policy": policy, "depth": 4, "min_data_in_leaf": 4, "iterations": 2 if cases.IS_COMMITTED else 5}, X, target(X, 24))
        native(policy.lower(), model, rows_for(model, X), leaves=False)


@parity_case
def policies_multiclass():
    X = numbers(4, 25)
    for policy in ("Depthwise", "Lossguide"):
        model = cb.CatBoostClassifier(iterations=4, grow_policy=policy, **COMMON).fit(X, np.digitize(target(X, 26), [-1, 1]))
        native("multi_" + policy.lower(), model, rows_for(model, X), "class", leaves=False)


@parity_case
def nan_modes():
    X = numbers(4, 27)
    for mode in ("Min", "Max"):
        model = train({"loss_function": "RMSE", "nan_mode": mode}, X, target(X, 28))
        native("nan_" + mode.lower(), model, rows_for(model, X))


def town(seed, rows=200):
    random = generator(seed)
    frame = pd.DataFrame({
        "n": random.normal(size=rows),
        "heat": random.choice(["gas", "oil", "wood", "solar ☀", "a very long name of a heating", "p" * 40 + "ü", "q" * 100],
                              rows).astype(object),
        "m": random.normal(size=rows),
        "flag": random.choice(["u", "v"], rows).astype(object),
        "zone": random.integers(0, 9, rows).astype(str).astype(object),
    })
    frame.loc[random.random(rows) < 0.1, "m"] = np.nan
    y = frame["n"] + (frame["heat"] == "gas") * 2 + (frame["zone"] == "3") * 2 - (frame["flag"] == "u")
    return frame, y.to_numpy()


CATEGORIES = ["heat", "flag", "zone"]


def frame_rows(frame):
    rows = frame.iloc[:6 if cases.IS_COMMITTED else 80].copy()
    extra = frame.iloc[[0, 1]].copy()
    extra["heat"] = ["coal", ""]
    extra["zone"] = ["99", "-1"]
    return pd.concat([rows, extra])


def framed(name, model, frame, y, kind="raw", **more):
    rows = frame_rows(frame)
    native(name, model, rows, kind, columns=list(frame.columns), pool=cb.Pool(frame, y, cat_features=CATEGORIES),
           frame=[list(row) for row in rows.itertuples(index=False)], **more)


@case
def one_hot():
    frame, y = town(31)
    model = cb.CatBoostRegressor(iterations=4, depth=3, one_hot_max_size=20, cat_features=CATEGORIES, **COMMON).fit(frame, y)
    framed("one_hot", model, frame, y, suffixes=("cbm",) if cases.IS_COMMITTED else ("cbm", "json"))


@case
def statistics():
    frame, y = town(33)
    model = cb.CatBoostClassifier(iterations=3, depth=2, one_hot_max_size=3, cat_features=CATEGORIES, max_ctr_complexity=1,
                                  **COMMON).fit(frame, (y > 0.5).astype(int))
    framed("statistics", model, frame, (y > 0.5).astype(int), "class")


@parity_case
def combined_statistics():
    frame, y = town(35, rows=600)
    for name, more in [("plain", {}), ("deep", {"iterations": 40, "depth": 5, "max_ctr_complexity": 3}),
                       ("buckets", {"simple_ctr": ["Buckets", "Counter"], "combinations_ctr": ["Buckets"]}),
                       ("means", {"simple_ctr": ["BinarizedTargetMeanValue", "Counter"],
                                  "combinations_ctr": ["BinarizedTargetMeanValue:Prior=0.3"]}),
                       ("one_hot_too", {"one_hot_max_size": 3, "max_ctr_complexity": 3, "iterations": 40})]:
        settings = {"iterations": 12, "depth": 4, "one_hot_max_size": 1, **more}
        model = cb.CatBoostRegressor(cat_features=CATEGORIES, **{**COMMON, **settings}).fit(frame, y)
        framed("combined_" + name, model, frame, y)
        labels = np.digitize(y, [-1, 1])
        model = cb.CatBoostClassifier(cat_features=CATEGORIES, **{**COMMON, **settings}).fit(frame, labels)
        framed("combined_multi_" + name, model, frame, labels, "class")


@case
def pickles():
    X = numbers(4, 41)
    y = target(X, 42)
    model = cb.CatBoostClassifier(iterations=3, depth=2, **COMMON).fit(X, np.where(y > 0.4, 7, 3))
    rows = rows_for(model, X)
    document = {"library": "CatBoost", "columns": None, "rows": plain(rows), **answers(model, rows, "class")}
    cases.write(OUT / "classifier_pickle", "model.pkl", pickle.dumps(model), document)
    if cases.IS_COMMITTED:
        return
    model = cb.CatBoostRegressor(iterations=3, loss_function="Poisson", **COMMON).fit(X, np.exp(np.clip(y, -2, 2)))
    document = {"library": "CatBoost", "columns": None, "rows": plain(rows), **answers(model, rows, "exponent")}
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    cases.write(OUT / "regressor_joblib", "model.joblib", buffer.getvalue(), document)
    model = train({"loss_function": "Logloss"}, X, (y > 0.4).astype(int))
    document = {"library": "CatBoost", "columns": None, "rows": plain(rows), "tolerance": 1e-12,
                "prediction": plain(model.predict(rows))}
    cases.write(OUT / "catboost_pickle", "model.pkl", pickle.dumps(model), document)
    frame, y = town(43)
    model = cb.CatBoostRegressor(iterations=4, cat_features=CATEGORIES, **COMMON).fit(frame, y)
    rows = frame_rows(frame)
    document = {"library": "CatBoost", "columns": list(frame.columns), **answers(model, rows, "raw"),
                "rows": [plain(row) for row in [list(row) for row in rows.itertuples(index=False)]]}
    cases.write(OUT / "frame_pickle", "model.pkl", pickle.dumps(model), document)


@case
def whole_numbers():
    """Categories that are integers and truth values, which the library reads as text: True as 1."""
    random = generator(61)
    frame = pd.DataFrame({"code": random.integers(-2, 4, 120), "flag": random.integers(0, 2, 120).astype(bool),
                          "size": random.normal(size=120)})
    y = (frame["code"] == 2) * 3.0 + frame["flag"] * 2.0 + frame["size"] * 0.1
    model = cb.CatBoostRegressor(iterations=5, depth=3, one_hot_max_size=10, cat_features=["code", "flag"], **COMMON).fit(frame, y)
    rows = frame.iloc[:12 if cases.IS_COMMITTED else 80]
    raw = plain(model.predict(rows))
    document = {"library": "CatBoost", "columns": list(frame.columns), "tolerance": 1e-12, "prediction": raw, "margin": raw,
                "rows": [plain(row) for row in rows.itertuples(index=False)]}
    cases.write(OUT / "whole_numbers_cbm", "model.cbm", saved(model, "cbm"), document)
    cases.write(OUT / "whole_numbers_pickle", "model.pkl", pickle.dumps(model), document)


@case
def iteration_range():
    """Some trees only: ntree_start and ntree_end. The bias is that of the first tree."""
    X = numbers(4, 51)
    y = target(X, 52) + 5
    for name, params, chosen in [("first", {}, (0, 3)), ("later", {}, (1, 4)),
                                 ("lossguide", {"grow_policy": "Lossguide", "max_leaves": 5}, (2, 5))]:
        model = train({"loss_function": "RMSE", "depth": 2, **params}, X, y)
        rows = rows_for(model, X)
        between = {"ntree_start": chosen[0], "ntree_end": chosen[1]}
        raw = plain(model.predict(rows, **between))
        document = {"library": "CatBoost", "columns": None, "rows": plain(rows), "tolerance": 1e-12,
                    "iteration_range": list(chosen), "prediction": raw, "margin": raw}
        if name != "lossguide":
            document["leaf"] = plain(model.calc_leaf_indexes(rows, **between))
        for suffix in ("cbm",) if cases.IS_COMMITTED else ("cbm", "json"):
            cases.write(OUT / f"iteration_range_{name}_{suffix}", f"model.{suffix}", saved(model, suffix), document)
    model = cb.CatBoostClassifier(iterations=5, depth=2, loss_function="MultiClass", **COMMON).fit(X, np.digitize(y, [4, 6]))
    rows = rows_for(model, X)
    document = {"library": "CatBoost", "columns": None, "rows": plain(rows), "tolerance": 1e-12, "iteration_range": [2, 4],
                "prediction": plain(np.asarray(model.predict(rows, ntree_start=2, ntree_end=4)).reshape(len(rows))),
                "probabilities": plain(model.predict_proba(rows, ntree_start=2, ntree_end=4))}
    if not cases.IS_COMMITTED:
        cases.write(OUT / "iteration_range_pickle", "model.pkl", pickle.dumps(model), document)


def main():
    global OUT
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seconds", type=float, help="begin no case after so many, with --seed")
    options = parser.parse_args()
    OUT = options.folder / f"catboost-{cb.__version__}"
    if options.seed is not None:
        cases.SEED = options.seed
        cases.IS_COMMITTED = False
    for function, is_committed in within(options.seconds, cases.CASES, options.seed):
        if (is_committed or not cases.IS_COMMITTED) and options.only in function.__name__:
            function()
    print(OUT.name, "done")


main()
