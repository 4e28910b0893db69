"""Writes Tests/ModelFormatsTests/Fixtures/xgboost/<case>-<version>/{model.json|model.ubj, input.json, expected.json}.

Run from the repository's root, once with each of these (Python 3.11, --no-deps, with joblib==1.4.2 and threadpoolctl==3.8.0):

    xgboost==1.7.6      numpy==1.26.4 scipy==1.11.4 scikit-learn==1.3.2
    xgboost-cpu==2.1.4  numpy==1.26.4 scipy==1.14.1 scikit-learn==1.5.2
    xgboost-cpu==3.2.0  numpy==2.3.5  scipy==1.16.3 scikit-learn==1.7.2

Seeded, one thread: running it again gives the same files. input.json has the rows, null for missing. expected.json has the
margins as float32 (`Booster.predict(output_margin=True)`), and `prediction` and `probabilities` as the saved object's own
`predict` and `predict_proba` answer.
"""

import json
import pathlib
import warnings

import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
VERSION = xgb.__version__
MAJOR = int(VERSION.split(".")[0])
OUT = pathlib.Path("Tests/ModelFormatsTests/Fixtures/xgboost")
EXPECTED_VERSIONS = {"1.7.6", "2.1.4", "3.2.0"}
assert VERSION in EXPECTED_VERSIONS, VERSION

rng = np.random.default_rng(7)
X = rng.normal(size=(160, 5)).astype(np.float32)
X[rng.random(X.shape) < 0.1] = np.nan
FULL = np.nan_to_num(X)
signal = FULL[:, 0] * 2 - FULL[:, 1] + np.where(FULL[:, 2] > 0.3, 1.5, -0.5)
y = (signal + rng.normal(scale=0.3, size=160)).astype(np.float32)
binary = (y > 0.4).astype(int)
classes = np.digitize(y, [-1.0, 1.0])
counts = rng.poisson(np.exp(np.clip(signal * 0.3, -2, 2))).astype(np.float32)
positive = np.exp(np.clip(signal * 0.3, -2, 2)).astype(np.float32)
rows = np.concatenate([X[:14], rng.normal(size=(4, 5), scale=30).astype(np.float32), np.full((1, 5), np.nan, np.float32)])
# Rows that stand exactly on thresholds are added by `save`.


def numbers(values):
    """float32 and float64 as JSON with as many digits as they need."""
    values = np.asarray(values)
    if values.dtype == np.float32:
        return [numbers(v) if v.ndim else float(str(v)) for v in values]
    return values.tolist()


def thresholds(booster):
    """A few (feature, threshold) pairs of inner nodes."""
    document = json.loads(bytes(booster.save_raw("json")).decode())
    model = document["learner"]["gradient_booster"]
    pairs = []
    for tree in model.get("gbtree", model)["model"]["trees"]:
        for left, feature, condition in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                pairs.append((feature, np.float32(condition)))
    return pairs[:4]


def save(name, model, extension, *, rows=rows, feature_types=None, edges=True):
    booster = model if isinstance(model, xgb.Booster) else model.get_booster()
    case = OUT / f"{name}-{VERSION}"
    case.mkdir(parents=True, exist_ok=True)
    model.save_model(case / f"model.{extension}")
    inputs = rows
    if edges:
        extra = []
        for feature, threshold in thresholds(booster):
            for value in (threshold, np.nextafter(threshold, np.float32(-np.inf))):
                row = rows[0].copy()
                row[feature] = value
                extra.append(row)
        inputs = np.concatenate([rows, np.array(extra, np.float32)]) if extra else rows
    short = [[None if np.isnan(v) else float(str(v)) for v in row] for row in inputs]
    (case / "input.json").write_text(json.dumps(short))

    data = xgb.DMatrix(
        inputs, feature_names=booster.feature_names, feature_types=feature_types,
        enable_categorical=feature_types is not None)
    last = 0
    if booster is not model and booster.attr("best_iteration") is not None:
        last = int(booster.attr("best_iteration")) + 1
    margin = booster.predict(data, output_margin=True, iteration_range=(0, last))
    expected = {"margin": numbers(margin.reshape(len(inputs), -1))}
    if booster is model:
        expected["prediction"] = numbers(model.predict(data))
    else:
        expected["prediction"] = numbers(np.asarray(model.predict(inputs)))
        if hasattr(model, "predict_proba"):
            expected["probabilities"] = numbers(model.predict_proba(inputs))
    (case / "expected.json").write_text(json.dumps(expected))


def train(objective, label, *, rounds=3, names=None, types=None, data=X, **extra):
    params = {"objective": objective, "max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 3, "tree_method": "hist", **extra}
    group = params.pop("group", None)
    bounds = params.pop("bounds", None)
    matrix = xgb.DMatrix(
        data, label=label, feature_names=names, feature_types=types, nthread=1,
        enable_categorical=types is not None)
    if group is not None:
        matrix.set_group(group)
    if bounds is not None:
        matrix.set_float_info("label_lower_bound", bounds[0])
        matrix.set_float_info("label_upper_bound", bounds[1])
    return xgb.train(params, matrix, rounds)


NAMES = ["age", "income", "größe", "a b", "x_5"]
save("squarederror", train("reg:squarederror", y, names=NAMES, types=["float", "q", "float", "i", "int"]), "json",
     feature_types=["float", "q", "float", "i", "int"])
save("basescore", train("reg:squarederror", y, base_score=0.1), "ubj")
save("squaredlogerror", train("reg:squaredlogerror", positive), "ubj")
save("absoluteerror", train("reg:absoluteerror", y), "json")
save("pseudohuber", train("reg:pseudohubererror", y), "ubj")
save("reglogistic", train("reg:logistic", binary), "json")
save("logistic", train("binary:logistic", binary, names=NAMES), "ubj")
save("logistic-basescore", train("binary:logistic", binary, base_score=0.2), "json")
save("logitraw", train("binary:logitraw", binary), "json")
save("hinge", train("binary:hinge", binary), "ubj")
save("softprob", train("multi:softprob", classes, num_class=3), "json")
save("softmax", train("multi:softmax", classes, num_class=3), "ubj")
save("poisson", train("count:poisson", counts), "json")
save("gamma", train("reg:gamma", positive), "ubj")
save("tweedie", train("reg:tweedie", counts, tweedie_variance_power=1.3), "json")
save("cox", train("survival:cox", np.where(binary == 1, positive, -positive)), "ubj")
save("aft", train("survival:aft", None, bounds=(positive, positive * 1.5), aft_loss_distribution="normal"), "json")
for kind in ("pairwise", "ndcg", "map"):
    label = binary if kind == "map" else classes
    save(f"rank-{kind}", train(f"rank:{kind}", label, group=[40] * 4), "ubj" if kind == "ndcg" else "json")
save("parallel", train("reg:squarederror", y, num_parallel_tree=3, subsample=0.7, colsample_bynode=0.7), "json")
save("pruned", train("reg:squarederror", y, tree_method="exact", gamma=6, max_depth=4), "json")
save("stump", train("reg:squarederror", y, max_depth=3, gamma=1e9), "ubj", edges=False)
save("dart", train("binary:logistic", binary, booster="dart", rate_drop=0.5, one_drop=1, rounds=6), "json")
save("dart-multi", train("multi:softprob", classes, num_class=3, booster="dart", rate_drop=0.4, one_drop=1), "ubj")
if MAJOR >= 2:
    save("quantile", train("reg:quantileerror", y, quantile_alpha=[0.1, 0.5, 0.9]), "json")
    targets = np.stack([y, y * 0.5 + FULL[:, 3], -y], axis=1)
    save("multi-output", train("reg:squarederror", targets, multi_strategy="multi_output_tree"), "json")
    save("multi-output-binary", train("binary:logistic", (targets > 0).astype(int),
                                      multi_strategy="multi_output_tree"), "ubj")
    save("multi-target", train("reg:squarederror", targets), "ubj")

codes = X.copy()
codes[:, 1] = rng.integers(0, 9, size=160)
codes[:, 4] = rng.integers(0, 3, size=160)
codes[::17, 1] = np.nan
category_label = y + np.isin(np.nan_to_num(codes[:, 1], nan=-1), [1, 4, 7]) * 3 + (codes[:, 4] == 2) * 2
TYPES = ["q", "c", "q", "q", "c"]
probe = codes[:20].copy()
probe[15:, 1] = [8, 40, 0, 3, np.nan]
probe[15:, 4] = [2, 1, 0, 7, 1]
save("categorical", train("reg:squarederror", category_label, data=codes, types=TYPES, max_cat_to_onehot=1), "json",
     rows=probe, feature_types=TYPES, edges=False)
save("categorical-onehot", train("reg:squarederror", category_label, data=codes, types=TYPES, max_cat_to_onehot=20),
     "ubj", rows=probe, feature_types=TYPES, edges=False)

# Estimators: labels, probabilities, best rounds.
common = dict(max_depth=2, learning_rate=0.8, n_jobs=1, random_state=5, tree_method="hist")
noise = rng.integers(0, 2, size=60)
held_out = (X[100:], np.where(noise == 1, 1 - binary[100:], binary[100:]))
model = xgb.XGBClassifier(n_estimators=12, early_stopping_rounds=3, **common)
model.fit(X[:100], binary[:100], eval_set=[held_out], verbose=False)
assert model.best_iteration < 9
save("classifier-stopped", model, "json")
save("booster-stopped", model.get_booster(), "ubj")  # The attribute stays off: a native booster uses all rounds.
mixed = np.where(noise == 1, (classes[100:] + 1) % 3, classes[100:])
model = xgb.XGBClassifier(n_estimators=12, early_stopping_rounds=3, **common)
model.fit(X[:100], classes[:100], eval_set=[(X[100:], mixed)], verbose=False)
assert model.best_iteration < 9
save("multiclassifier-stopped", model, "ubj")
model = xgb.XGBClassifier(n_estimators=3, objective="binary:logitraw", **common).fit(X, binary)
save("classifier-logitraw", model, "json")
model = xgb.XGBClassifier(n_estimators=3, **common).fit(X, binary)
save("classifier", model, "ubj")
model = xgb.XGBRegressor(n_estimators=12, early_stopping_rounds=2, **common)
model.fit(X[:100], y[:100], eval_set=[(X[100:], -y[100:])], verbose=False)
save("regressor-stopped", model, "json")
model = xgb.XGBRFClassifier(n_estimators=4, max_depth=3, n_jobs=1, random_state=5).fit(X, binary)
save("forest-classifier", model, "json")
