"""Writes the LightGBM cases of the installed library version.

    python make_lightgbm.py OUTPUT_FOLDER                # the committed cases
    python make_lightgbm.py OUTPUT_FOLDER --seed 7       # all cases on other data, for `make parity`

Each becomes OUTPUT_FOLDER/lightgbm-<version>/<case>/ with the model file and case.json.
"""
import argparse
import pathlib
import pickle
import warnings

import joblib
import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer

import boosting_cases as cases
from boosting_cases import case, edges, generator, numbers, parity_case, plain, target
from time_bound import within

MAJOR = int(lgb.__version__.split(".")[0])
# Committed for version 3: what it writes otherwise.
OLD = ["categorical", "linear_trees", "pandas_categories", "classifier_strings", "regressor_stopped"]
LIBRARY = f"LightGBM v{MAJOR}"
COMMON = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 3, "min_data_in_leaf": 4,
          "min_data_in_bin": 1, "learning_rate": 0.3}


def train(params, X, y, rounds=4, **data):
    names = data.pop("names", "auto")
    categorical = data.pop("categorical", "auto")
    matrix = lgb.Dataset(X, label=y, feature_name=names, categorical_feature=categorical, free_raw_data=False,
                         params={"verbose": -1, "min_data_in_bin": 1, **{k: v for k, v in params.items()
                                 if k in ("zero_as_missing", "use_missing", "linear_tree", "max_cat_to_onehot")}}, **data)
    return lgb.train({**COMMON, "num_leaves": 6, **params}, matrix, rounds)


def thresholds(booster):
    pairs = []

    def walk(node):
        if "split_feature" in node and node["decision_type"] == "<=":
            pairs.append((node["split_feature"], node["threshold"]))
        for side in ("left_child", "right_child"):
            if side in node:
                walk(node[side])
    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return pairs[:2 if cases.IS_COMMITTED else 60]


SPECIAL = [0.0, -0.0, 1e-36, -1e-36, 1e-35, 1.1e-35, -1.1e-35, 5e-324, 1e308, -1e308, np.inf, -np.inf, np.nan, -1, -0.5, 3.7, 2e9, 3e9]


def rows_for(booster, X):
    rows = list(X[:4 if cases.IS_COMMITTED else 60])
    random = generator(99)
    if cases.IS_COMMITTED:
        rows += [np.full(X.shape[1], value) for value in (0.0, 1e-35, -0.5, np.inf, np.nan)]
        return np.array(rows + edges(thresholds(booster), X[0]))
    for value in SPECIAL:
        row = np.array(X[0], float)
        row[random.integers(0, X.shape[1])] = value
        rows.append(row)
        rows.append(np.full(X.shape[1], value))
    return np.array(rows + edges(thresholds(booster), X[0]))


def squeeze(values):
    values = np.asarray(values)
    return [plain(v) for v in values]


def booster_answers(booster, rows, **options):
    margin = booster.predict(rows, raw_score=True, **options)
    document = {
        "prediction": squeeze(booster.predict(rows, **options)),
        "margin": squeeze(margin),
        "leaf": squeeze(np.asarray(booster.predict(rows, pred_leaf=True, **options)).reshape(len(rows), -1)),
    }
    return document


def names_of(booster):
    names = booster.feature_name()
    return None if names == [f"Column_{k}" for k in range(len(names))] else names


def native(name, booster, X, crlf=False, rows=None, binary=False, multi=False, frame=None):
    rows = rows_for(booster, X) if rows is None else rows
    document = {"library": LIBRARY, "columns": names_of(booster),
                "rows": [plain(row) for row in (frame if frame is not None else rows)], "tolerance": 1e-12}
    document.update(booster_answers(booster, rows))
    if binary:
        p = booster.predict(rows)
        document["probabilities"] = squeeze(np.stack([1 - p, p], axis=1))
    if multi:
        document["probabilities"] = document["prediction"]
    text = booster.model_to_string()
    if cases.IS_COMMITTED:
        # Parameters that nobody reads are most of a small file.
        head, rest = text.split("\nparameters:\n")
        parameters, tail = rest.split("end of parameters")
        kept = [line for line in parameters.split("\n") if line[:9] in ("[boosting", "[categori")]
        text = head + "\nparameters:\n" + "\n".join(kept) + "\nend of parameters" + tail
    if crlf:
        text = text.replace("\n", "\r\n")
    cases.write(OUT / name, "model.txt", text, document)


def objective_case(name, params, kind):
    def run():
        X = numbers(5, 11)
        y = target(X, 12)
        if kind == "binary":
            y = (y > 0.4).astype(int)
        elif kind == "classes":
            y = np.digitize(y, [-1.0, 1.0])
        elif kind == "unit":
            y = 1 / (1 + np.exp(-y))
        elif kind == "positive":
            y = np.exp(np.clip(y * 0.3, -2, 2))
        data = {}
        if kind == "groups":
            y = np.digitize(y, [-1.0, 1.0])
            data["group"] = [40] * 4
        booster = train({"objective": params.pop("objective", name), **params}, X, y, rounds=3, **data)
        native(name, booster, X, binary=kind == "binary", multi=kind == "classes")
    run.__name__ = name
    return run


for name, params, kind in [
    ("regression", {}, "plain"), ("regression_sqrt", {"objective": "regression", "reg_sqrt": True}, "plain"),
    ("binary", {}, "binary"), ("binary_sigmoid", {"objective": "binary", "sigmoid": 0.7}, "binary"),
    ("multiclass", {"num_class": 3, "num_leaves": 4}, "classes"),
    ("multiclassova", {"num_class": 3, "sigmoid": 1.3, "num_leaves": 4}, "classes"),
    ("cross_entropy", {}, "unit"), ("cross_entropy_lambda", {}, "unit"), ("poisson", {}, "positive"),
    ("gamma", {}, "positive"), ("tweedie", {}, "positive"), ("quantile", {"alpha": 0.7}, "plain"),
    ("lambdarank", {}, "groups"),
]:
    case(objective_case(name, params, kind))
for name, params, kind in [
    ("regression_l1", {}, "plain"), ("huber", {}, "plain"), ("fair", {}, "plain"), ("mape", {}, "plain"),
    ("rank_xendcg", {}, "groups"),
    ("wide", {"objective": "regression", "num_leaves": 63, "min_data_in_leaf": 1}, "plain"),
    ("l1_sqrt", {"objective": "regression_l1", "reg_sqrt": True}, "plain"),
]:
    parity_case(objective_case(name, params, kind))


@case
def zero_as_missing():
    X = numbers(4, 21)
    X[generator(22).random(X.shape) < 0.3] = 0
    native("zero_as_missing", train({"objective": "regression", "zero_as_missing": True}, X, target(X, 23)), X)


@case
def missing_none():
    X = np.nan_to_num(numbers(4, 24), nan=0.5)
    native("missing_none", train({"objective": "regression", "use_missing": False}, X, target(X, 25)), X)


@case
def missing_none_learned():
    X = np.nan_to_num(numbers(4, 26), nan=0.5)
    native("missing_none_learned", train({"objective": "regression"}, X, target(X, 27)), X)


def codes(seed, count=40):
    X = numbers(4, seed)
    random = generator(seed + 1)
    X[:, 1] = random.integers(0, count, len(X))
    X[:, 3] = random.integers(0, 4, len(X))
    X[::17, 1] = np.nan
    y = target(X, seed + 2) * 0.2 + np.isin(X[:, 1], [1, 4, 7, 35]) * 3 + (X[:, 3] == 2) * 2
    return X, y


@case
def categorical():
    X, y = codes(31)
    native("categorical", train({"objective": "regression", "min_data_per_group": 1, "cat_smooth": 1}, X, y,
                                categorical=[1, 3]), X)


@case
def categorical_onehot():
    X, y = codes(41, 6)
    native("categorical_onehot", train({"objective": "binary", "max_cat_to_onehot": 10}, X, (y > 0).astype(int),
                                       categorical=[1, 3]), X, binary=True)


@case
def linear_trees():
    X = numbers(4, 51)
    booster = train({"objective": "regression", "linear_tree": True, "num_leaves": 4}, X, target(X, 52))
    native("linear_trees", booster, X)


@parity_case
def linear_categorical():
    X, y = codes(55)
    native("linear_categorical", train({"objective": "regression", "linear_tree": True}, X, y, categorical=[1]), X)


@case
def random_forest():
    X = numbers(4, 61)
    booster = train({"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, X,
                    (target(X, 62) > 0.4).astype(int))
    native("random_forest", booster, X, binary=True)


@parity_case
def random_forest_multiclass():
    X = numbers(4, 63)
    booster = train({"objective": "multiclass", "num_class": 3, "boosting": "rf", "bagging_freq": 1,
                     "bagging_fraction": 0.6}, X, np.digitize(target(X, 64), [-1.0, 1.0]))
    native("random_forest_multiclass", booster, X, multi=True)


@case
def dart():
    X = numbers(4, 71)
    native("dart", train({"objective": "binary", "boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.1}, X,
                         (target(X, 72) > 0.4).astype(int), rounds=5), X, binary=True)


@case
def one_leaf():
    X = numbers(3, 81)
    booster = train({"objective": "regression", "min_gain_to_split": 1e9}, X, target(X, 82), rounds=2)
    native("one_leaf", booster, X)


@case
def crlf_named():
    X = numbers(3, 91)
    booster = train({"objective": "binary"}, X, (target(X, 92) > 0.4).astype(int), names=["age", "größe", "x y"])
    native("crlf_named", booster, X, crlf=True, binary=True)


@case
def custom_objective():
    X = numbers(3, 95)
    y = target(X, 96)

    def squared(scores, data):
        return scores - data.get_label(), np.ones_like(scores)
    if MAJOR >= 4:
        booster = train({"objective": squared}, X, y)
    else:
        booster = lgb.train({**COMMON, "num_leaves": 6}, lgb.Dataset(X, label=y), 4, fobj=squared)
    native("custom_objective", booster, X)


def town(seed):
    random = generator(seed)
    count = 160
    frame = pd.DataFrame({
        "rooms": random.integers(1, 9, count).astype(float),
        "heating": random.choice(["gas", "oil", "wood", "solar ☀"], count),
        "area": random.normal(100, 30, count),
        "zone": random.choice([10, 20, 40, 70], count),
        "new": random.random(count) < 0.4,
        "grade": random.choice([0.5, 1.5, 2.5], count),
    })
    y = frame["rooms"] + frame["area"] * 0.02 + (frame["heating"] == "gas") * 3 + (frame["zone"] == 40) * 2
    frame.loc[random.random(count) < 0.1, "rooms"] = np.nan
    frame["heating"] = frame["heating"].astype(object)
    frame.loc[random.random(count) < 0.1, "heating"] = np.nan
    return frame, y.to_numpy() + random.normal(size=count) * 0.1


def frame_rows(frame):
    count = 6 if cases.IS_COMMITTED else 80
    rows = frame.iloc[:count].copy()
    extra = frame.iloc[[0, 1, 2]].copy()
    for column in ["heating", "zone"]:
        if str(extra[column].dtype) == "category":
            extra[column] = extra[column].astype(object)
            rows[column] = rows[column].astype(object)
    extra["heating"] = ["coal", "", np.nan]
    extra["zone"] = [99, 10, 40]
    rows = pd.concat([rows, extra])
    rows["heating"] = rows["heating"].astype("category")
    rows["zone"] = rows["zone"].astype("int64").astype("category") if str(frame["zone"].dtype) == "category" else rows["zone"].astype("int64")
    for column in ["new", "grade"]:
        rows[column] = rows[column].astype(frame[column].dtype)
    return rows


@case
def pandas_categories():
    frame, y = town(101)
    for name in ["heating", "zone", "new", "grade"]:
        frame[name] = frame[name].astype("category")
    booster = train({"objective": "regression", "min_data_per_group": 1, "cat_smooth": 1}, frame, y)
    rows = frame_rows(frame)
    native("pandas_categories", booster, None, rows=rows,
           frame=[[v for v in row] for row in rows.astype(object).itertuples(index=False)])


# ---------------------------------------------------------------------------------------------- estimators in pickles
def wrapped(name, model, X, file="model.pkl", data=None, rows=None, frame=None, columns=None, library=None,
            answers=None):
    rows = X[:5 if cases.IS_COMMITTED else 60] if rows is None else rows
    document = {"library": library or LIBRARY, "columns": columns,
                "rows": [plain(row) for row in (frame if frame is not None else np.asarray(rows))], "tolerance": 1e-12}
    document["prediction"] = squeeze(model.predict(rows))
    if hasattr(model, "predict_proba"):
        document["probabilities"] = squeeze(model.predict_proba(rows))
        document["classes"] = squeeze(model.classes_)
    document.update(answers or {})
    cases.write(OUT / name, file, pickle.dumps(model) if data is None else data, document)


SK = {"n_estimators": 3, "num_leaves": 4, "min_child_samples": 4, "n_jobs": 1, "verbose": -1, "random_state": 3}


@case
def classifier_strings():
    X = numbers(3, 111)
    model = lgb.LGBMClassifier(**SK).fit(X, np.where(target(X, 112) > 0.4, "yes", "no ß"))
    rows = rows_for(model.booster_, X)
    wrapped("classifier_strings", model, X, rows=rows, answers={
        "margin": squeeze(model.predict(rows, raw_score=True)),
        "leaf": squeeze(model.predict(rows, pred_leaf=True))})


@case
def classifier_three():
    X = numbers(3, 113)
    model = lgb.LGBMClassifier(**SK).fit(X, np.array([10, 20, 40])[np.digitize(target(X, 114), [-1.0, 1.0])])
    wrapped("classifier_three", model, X, rows=rows_for(model.booster_, X))


@parity_case
def classifier_booleans():
    X = numbers(3, 115)
    model = lgb.LGBMClassifier(**SK).fit(X, target(X, 116) > 0.4)
    wrapped("classifier_booleans", model, X, rows=rows_for(model.booster_, X))


@case
def regressor_frame():
    frame, y = town(121)
    for name in ["heating", "zone", "new", "grade"]:
        frame[name] = frame[name].astype("category")
    model = lgb.LGBMRegressor(**SK, min_data_per_group=1).fit(frame, y)
    rows = frame_rows(frame)
    wrapped("regressor_frame", model, None, rows=rows, columns=list(frame.columns),
            frame=[[v for v in row] for row in rows.astype(object).itertuples(index=False)])


@case
def regressor_stopped():
    X = numbers(3, 123)
    y = target(X, 124) + generator(125).normal(size=len(X)) * 2
    callbacks = [lgb.early_stopping(2, verbose=False)]
    model = lgb.LGBMRegressor(**{**SK, "n_estimators": 30, "learning_rate": 0.8}).fit(
        X[:80], y[:80], eval_set=[(X[80:], y[80:])], callbacks=callbacks)
    wrapped("regressor_stopped", model, X, rows=rows_for(model.booster_, X))


@case
def ranker():
    X = numbers(3, 127)
    model = lgb.LGBMRanker(**SK).fit(X, np.digitize(target(X, 128), [-1.0, 1.0]), group=[40] * 4)
    wrapped("ranker", model, X, rows=rows_for(model.booster_, X))


@case
def booster_pickle():
    X = numbers(3, 131)
    booster = train({"objective": "binary"}, X, (target(X, 132) > 0.4).astype(int))
    rows = rows_for(booster, X)
    wrapped("booster_pickle", booster, X, rows=rows, answers=booster_answers(booster, rows))


@case
def pipeline_joblib():
    X = numbers(3, 141)
    model = make_pipeline(StandardScaler(), lgb.LGBMClassifier(**SK)).fit(X, np.where(target(X, 142) > 0.4, 7, 3))
    import io
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    import sklearn
    wrapped("pipeline_joblib", model, X, file="model.joblib", data=buffer.getvalue(),
            library=f"scikit-learn {sklearn.__version__}")


@parity_case
def search_of_columns():
    frame, y = town(151)
    frame = frame[["rooms", "area", "heating"]]
    frame = frame.fillna({"heating": "none"})
    steps = Pipeline([
        ("columns", ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), ["heating"])],
                                      remainder="passthrough")),
        ("model", lgb.LGBMRegressor(**SK))])
    model = GridSearchCV(steps, {"model__num_leaves": [3, 4]}, cv=2).fit(frame, y)
    import sklearn
    rows = frame.iloc[:60]
    wrapped("search_of_columns", model, None, rows=rows, columns=list(frame.columns),
            frame=[[v for v in row] for row in rows.astype(object).itertuples(index=False)],
            library=f"scikit-learn {sklearn.__version__}")


@case
def iteration_range():
    """Some rounds only: start_iteration and num_iteration."""
    X = numbers(5, 161)
    y = target(X, 162)
    kinds = {
        "classes": ({"objective": "multiclass", "num_class": 3, "num_leaves": 3}, np.digitize(y, [-1.0, 1.0])),
        "rf": ({"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "num_leaves": 4}, y),
        "binary": ({"objective": "binary"}, (y > 0.4).astype(int)),
        "dart": ({"objective": "regression", "boosting": "dart", "drop_rate": 0.5}, y),
    }
    for kind, (params, label) in kinds.items():
        if cases.IS_COMMITTED and kind not in ("classes", "rf"):
            continue
        booster = train(params, X, label, rounds=4)
        rows = rows_for(booster, X)
        document = {"library": LIBRARY, "columns": None, "rows": [plain(row) for row in rows], "tolerance": 1e-12,
                    "iteration_range": [1, 3], **booster_answers(booster, rows, start_iteration=1, num_iteration=2)}
        cases.write(OUT / f"iteration_range_{kind}", "model.txt", booster.model_to_string(), document)
    model = lgb.LGBMClassifier(**{**SK, "n_estimators": 5}).fit(X, np.digitize(y, [-1.0, 1.0]))
    rows = X[:60]
    document = {"library": LIBRARY, "columns": None, "rows": [plain(row) for row in rows], "tolerance": 1e-12,
                "iteration_range": [2, 5],
                "prediction": squeeze(model.predict(rows, start_iteration=2, num_iteration=3)),
                "probabilities": squeeze(model.predict_proba(rows, start_iteration=2, num_iteration=3))}
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
    warnings.filterwarnings("ignore")
    OUT = options.folder / f"lightgbm-{lgb.__version__}"
    if options.seed is not None:
        cases.SEED = options.seed
        cases.IS_COMMITTED = False
    for function, is_committed in within(options.seconds, cases.CASES, options.seed):
        if cases.IS_COMMITTED and MAJOR < 4 and function.__name__ not in OLD:
            continue
        if (is_committed or not cases.IS_COMMITTED) and options.only in function.__name__:
            function()
    print(OUT.name, "done")


main()
