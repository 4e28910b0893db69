"""Decision trees, forests, isolation forests, gradient boosting of both kinds."""
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier,
                              GradientBoostingRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

import sklearn_cases
from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case


def trees_of(model):
    """All fitted `tree_` objects of a model."""
    if hasattr(model, "tree_"):
        return [model.tree_]
    return [tree.tree_ for tree in np.ravel(np.array(getattr(model, "estimators_", []), dtype=object))
            if hasattr(tree, "tree_")]


def edge_rows(model, X, missing=True):
    """Rows of the training data, and some whose values lie on a threshold, or one float32 or float64 step beside."""
    random = generator(99)
    few = sklearn_cases.ROWS_PREDICTED < 20
    rows = [np.array(row, dtype=float) for row in X[:4 if few else sklearn_cases.ROWS_PREDICTED]]
    thresholds = []
    for tree in trees_of(model):
        thresholds += [(feature, value) for feature, value in zip(tree.feature, tree.threshold) if feature >= 0]
    if hasattr(model, "_predictors"):
        for iteration in model._predictors:
            for predictor in iteration:
                nodes = predictor.nodes
                inner = nodes[(nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)]
                thresholds += list(zip(inner["feature_idx"].astype(int), inner["num_threshold"]))
    random.shuffle(thresholds)
    for feature, value in thresholds[:1 if few else sklearn_cases.ROWS_PREDICTED // 3]:
        for step in range(5):
            if feature >= X.shape[1]:
                continue
            row = np.array(X[random.integers(len(X))], dtype=float)
            row[int(feature)] = [value, np.nextafter(value, np.inf), np.nextafter(value, -np.inf),
                                 float(np.nextafter(np.float32(value), np.float32(np.inf))),
                                 float(np.nextafter(np.float32(value), np.float32(-np.inf)))][step]
            rows.append(row)
    for value in [-0.0, 1e300] + ([] if few else [0.0, -1e300, 3.4028234663852886e38, 3.5e38, 1e-40, 5e-324]):
        row = np.array(X[0], dtype=float)
        row[random.integers(len(row))] = value
        rows.append(row)
    if missing:
        row = np.array(X[1], dtype=float)
        row[random.integers(len(row))] = np.nan
        rows += [row, np.full(X.shape[1], np.nan)]
    return np.array(rows)


def fitted(model, X, y, **weights):
    model.fit(X, y, **weights)
    return model, X, {"rows": edge_rows(model, X), "joblib": 3}


def target(X, seed=3):
    return X @ np.array([1 / 10**k for k in range(X.shape[1])]) + generator(seed).normal(size=len(X))


def weights(X):
    return generator(8).random(len(X)) * 3


# ---------------------------------------------------------------------------------------------- single trees
@case
def tree_classifier_weighted():
    X = numbers(3, 21)
    y = classes(X, ["ash", "birch", "cedar"])
    return fitted(DecisionTreeClassifier(max_depth=3, random_state=1), X, y, sample_weight=weights(X))


@case
def tree_regressor_missing():
    X = numbers(3, 22, missing=0.2 if VERSION >= (1, 3) else 0)
    return fitted(DecisionTreeRegressor(max_depth=3, random_state=1), X, np.nan_to_num(X) @ [1, 0.1, 0.01])


@full_case
def tree_classifier_missing():
    X = numbers(3, 23, missing=0.3 if VERSION >= (1, 3) else 0)
    return fitted(DecisionTreeClassifier(max_depth=3, random_state=1, criterion="entropy"), X,
                  np.nan_to_num(X)[:, 0] > 3)


@parity_case
def tree_regressor_absolute():
    X = numbers(2, 24)
    return fitted(DecisionTreeRegressor(max_depth=3, criterion="absolute_error"), X, target(X))


@parity_case
def tree_regressor_poisson():
    X = numbers(2, 25)
    return fitted(DecisionTreeRegressor(max_depth=3, criterion="poisson"), X, np.exp(X[:, 0] / 3))


@full_case
def tree_regressor_multi_output():
    X = numbers(3, 26)
    return fitted(DecisionTreeRegressor(max_depth=3), X, np.stack([target(X), target(X, 4), X[:, 1]], axis=1))


@parity_case
def tree_regressor_one_column_target():
    X = numbers(2, 26)
    return fitted(DecisionTreeRegressor(max_depth=2), X, target(X).reshape(-1, 1))


@full_case
def tree_one_class():
    X = numbers(2, 27)
    return fitted(DecisionTreeClassifier(), X, np.full(len(X), "only"))


@parity_case
def tree_root_only():
    X = numbers(2, 27)
    return fitted(DecisionTreeRegressor(max_leaf_nodes=2, min_samples_leaf=60), X, target(X))


@parity_case
def tree_many_classes():
    X = numbers(6, 28)
    y = generator(4).integers(0, 23, len(X))
    return fitted(DecisionTreeClassifier(max_depth=5), X, y, sample_weight=weights(X))


@full_case
def extra_tree_classifier():
    X = numbers(3, 29)
    model, X, options = fitted(ExtraTreeClassifier(max_depth=3, random_state=1), X, classes(X, [3, 1, 2]))
    return model, X, {"rows": options["rows"], "protocol": 0}


@parity_case
def extra_tree_regressor():
    X = numbers(3, 30)
    return fitted(ExtraTreeRegressor(max_depth=3, random_state=1), X, target(X))


@parity_case
def extra_tree_best_splitter():
    X = numbers(3, 30)
    return fitted(ExtraTreeRegressor(max_depth=3, random_state=1, splitter="best"), X, target(X))


@parity_case
def extra_tree_classifier_best_splitter():
    X = numbers(3, 30)
    return fitted(ExtraTreeClassifier(max_depth=3, random_state=1, splitter="best"), X, classes(X, [3, 1]))


@parity_case
def tree_random_splitter():
    X = numbers(3, 31)
    return fitted(DecisionTreeRegressor(max_depth=3, random_state=1, splitter="random"), X, target(X))


@parity_case
def tree_monotonic():
    X = numbers(2, 32)
    options = {"monotonic_cst": [1, 0]} if VERSION >= (1, 4) else {}
    return fitted(DecisionTreeRegressor(max_depth=3, **options), X, target(X))


# ---------------------------------------------------------------------------------------------- forests
@case
def forest_classifier():
    X = numbers(3, 41)
    y = classes(X, ["ash", "birch", "cedar"])
    return fitted(RandomForestClassifier(n_estimators=3, max_depth=2, random_state=1), X, y)


@full_case
def forest_regressor():
    X = numbers(3, 42)
    model, X, options = fitted(RandomForestRegressor(n_estimators=3, max_depth=3, random_state=1), X, target(X))
    return model, X, {"rows": options["rows"], "protocol": 4}


@full_case
def forest_classifier_missing_weighted():
    X = numbers(3, 43, missing=0.2 if VERSION >= (1, 4) else 0)
    y = np.where(np.nan_to_num(X)[:, 0] > 3, 1.0, -2.0)
    return fitted(RandomForestClassifier(n_estimators=3, max_depth=2, random_state=1, class_weight="balanced"), X, y,
                  sample_weight=weights(X))


@parity_case
def forest_classifier_large():
    X = numbers(5, 44)
    y = generator(5).integers(0, 11, len(X))
    return fitted(RandomForestClassifier(n_estimators=37, random_state=1), X, y, sample_weight=weights(X))


@full_case
def forest_regressor_multi_output():
    X = numbers(3, 45)
    return fitted(RandomForestRegressor(n_estimators=3, max_depth=2, random_state=1), X,
                  np.stack([target(X), X[:, 1]], axis=1))


@full_case
def forest_named_frame():
    X = numbers(3, 46)
    model = RandomForestClassifier(n_estimators=3, max_depth=2, random_state=1)
    frame = pd.DataFrame(X, columns=["one", "two words", "drei ß"])
    model.fit(frame, X[:, 0] > 3)
    return model, frame, {"joblib": 3}


@full_case
def extra_trees_classifier():
    X = numbers(3, 47)
    return fitted(ExtraTreesClassifier(n_estimators=3, max_depth=3, random_state=1), X, X[:, 0] > 3)


@parity_case
def extra_trees_regressor():
    X = numbers(3, 48, missing=0.2 if VERSION >= (1, 6) else 0)
    return fitted(ExtraTreesRegressor(n_estimators=3, max_depth=3, random_state=1), X, target(np.nan_to_num(X)))


@parity_case
def extra_trees_bootstrap():
    X = numbers(3, 48)
    return fitted(ExtraTreesClassifier(n_estimators=9, bootstrap=True, max_samples=0.3, random_state=1), X,
                  classes(X, [5, 6, 7]))


@parity_case
def forest_absolute():
    X = numbers(3, 49)
    return fitted(RandomForestRegressor(n_estimators=5, criterion="absolute_error", max_depth=3), X, target(X))


# ---------------------------------------------------------------------------------------------- isolation
@case
def isolation_forest():
    X = numbers(3, 51)
    return fitted(IsolationForest(n_estimators=3, max_samples=12, random_state=1), X, None)


@parity_case
def isolation_forest_contaminated():
    X = numbers(3, 52)
    return fitted(IsolationForest(n_estimators=3, max_samples=8, contamination=0.2, max_features=2, random_state=1), X,
                  None)


@parity_case
def isolation_forest_large():
    X = numbers(4, 53, missing=0.1 if VERSION >= (1, 6) else 0)
    return fitted(IsolationForest(n_estimators=50, max_features=0.5, random_state=2), X, None)


@parity_case
def isolation_forest_one_sample():
    X = numbers(2, 53)
    return fitted(IsolationForest(n_estimators=2, max_samples=1, random_state=2), X, None)


# ---------------------------------------------------------------------------------------------- gradient boosting
@parity_case
def boosting_regressor():
    X = numbers(3, 61)
    return fitted(GradientBoostingRegressor(n_estimators=3, max_depth=2, random_state=1), X, target(X))


@case
def boosting_classifier_binary():
    X = numbers(3, 62)
    return fitted(GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=1), X,
                  np.where(X[:, 0] > 3, "yes", "no"))


@case
def boosting_classifier_multi():
    X = numbers(3, 63)
    return fitted(GradientBoostingClassifier(n_estimators=2, max_depth=1, random_state=1), X, classes(X, [4, 2, 9]))


@full_case
def boosting_classifier_exponential():
    X = numbers(3, 64)
    return fitted(GradientBoostingClassifier(n_estimators=3, max_depth=2, loss="exponential"), X, X[:, 0] > 3)


@parity_case
def boosting_regressor_zero():
    X = numbers(3, 65)
    return fitted(GradientBoostingRegressor(n_estimators=3, max_depth=2, init="zero", learning_rate=0.7), X, target(X))


@parity_case
def boosting_classifier_zero():
    X = numbers(3, 65)
    return fitted(GradientBoostingClassifier(n_estimators=2, max_depth=1, init="zero"), X, classes(X, ["a", "b", "c"]))


@parity_case
def boosting_regressor_huber():
    X = numbers(3, 66)
    return fitted(GradientBoostingRegressor(n_estimators=3, max_depth=2, loss="huber"), X, target(X))


@parity_case
def boosting_regressor_quantile():
    X = numbers(3, 67)
    return fitted(GradientBoostingRegressor(n_estimators=20, max_depth=3, loss="quantile", alpha=0.8), X, target(X))


@parity_case
def boosting_regressor_absolute():
    X = numbers(3, 67)
    return fitted(GradientBoostingRegressor(n_estimators=20, max_depth=3, loss="absolute_error", subsample=0.5), X,
                  target(X))


@full_case
def boosting_regressor_linear_init():
    # The linear model is fitted on float32 numbers and predicts in float32.
    X = numbers(3, 68) / [1, 10, 100]
    model = GradientBoostingRegressor(n_estimators=3, max_depth=2, init=LinearRegression())
    return model.fit(X, target(X)), X, {"tolerance": 2e-6, "joblib": 3}


@parity_case
def boosting_classifier_logistic_init():
    # All of init's arithmetic is of float32, and the scores are small.
    X = numbers(2, 69) / [1, 10]
    model = GradientBoostingClassifier(n_estimators=2, max_depth=1, init=LogisticRegression())
    return model.fit(X, classes(X, ["a", "b", "c"])), X, {"tolerance": 1e-4, "joblib": 3}


@parity_case
def boosting_classifier_tree_init():
    X = numbers(3, 69)
    return fitted(GradientBoostingClassifier(n_estimators=5, max_depth=2, init=DecisionTreeClassifier(max_depth=1)), X,
                  X[:, 0] > 3)


@parity_case
def boosting_classifier_tree_init_exponential():
    X = numbers(3, 69)
    return fitted(GradientBoostingClassifier(n_estimators=5, max_depth=2, init=DecisionTreeClassifier(max_depth=1),
                                             loss="exponential"), X, X[:, 0] > 3)


@parity_case
def boosting_classifier_tree_init_multi():
    X = numbers(3, 69)
    return fitted(GradientBoostingClassifier(n_estimators=5, max_depth=2, init=DecisionTreeClassifier(max_depth=1)), X,
                  classes(X, ["a", "b", "c"]))


@parity_case
def boosting_classifier_dummy_init():
    X = numbers(3, 69)
    return fitted(GradientBoostingClassifier(n_estimators=5, max_depth=2, init=DummyClassifier(strategy="prior")), X,
                  classes(X, ["a", "b", "c"]))


@parity_case
def boosting_classifier_large():
    X = numbers(4, 70)
    return fitted(GradientBoostingClassifier(n_estimators=30, subsample=0.6, random_state=3), X,
                  generator(3).integers(0, 4, len(X)))


@parity_case
def boosting_after_imputer():
    X = numbers(3, 71, missing=0.2)
    model = make_pipeline(SimpleImputer(), GradientBoostingRegressor(n_estimators=10, random_state=3))
    return model.fit(X, np.nan_to_num(X)[:, 0]), X, {}


# ---------------------------------------------------------------------------------------------- histograms
@full_case
def histogram_regressor():
    X = numbers(3, 81, missing=0.2)
    model, X, options = fitted(HistGradientBoostingRegressor(max_iter=3, max_depth=2, min_samples_leaf=5), X,
                               target(np.nan_to_num(X)))
    return model, X, {"rows": options["rows"], "protocol": 2}


@case
def histogram_classifier_binary():
    X = numbers(3, 82, missing=0.2)
    return fitted(HistGradientBoostingClassifier(max_iter=3, max_depth=2, min_samples_leaf=5), X,
                  np.where(np.nan_to_num(X)[:, 0] > 3, "yes", "no"))


@full_case
def histogram_classifier_multi():
    X = numbers(3, 83)
    return fitted(HistGradientBoostingClassifier(max_iter=2, max_depth=2, min_samples_leaf=5), X,
                  classes(X, [1, 5, 3]))


@full_case
def histogram_regressor_poisson():
    X = numbers(3, 84, missing=0.1)
    return fitted(HistGradientBoostingRegressor(max_iter=3, max_depth=2, min_samples_leaf=5, loss="poisson"), X,
                  np.exp(np.nan_to_num(X)[:, 0] / 9))


@parity_case
def histogram_regressor_gamma():
    X = numbers(3, 84, missing=0.1)
    loss = "gamma" if VERSION >= (1, 3) else "poisson"
    return fitted(HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=5, loss=loss), X,
                  np.exp(np.nan_to_num(X)[:, 0] / 9))


@parity_case
def histogram_regressor_absolute():
    X = numbers(3, 85, missing=0.1)
    return fitted(HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=5, loss="absolute_error"), X,
                  np.nan_to_num(X)[:, 0])


@parity_case
def histogram_regressor_quantile():
    X = numbers(3, 85, missing=0.1)
    options = {"loss": "quantile", "quantile": 0.3} if VERSION >= (1, 1) else {}
    return fitted(HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=5, **options), X,
                  np.nan_to_num(X)[:, 0])


def with_categories(seed, missing=0.15):
    random = generator(seed)
    X = numbers(3, seed, missing=missing)
    X[:, 1] = random.integers(0, 7, len(X)) * 3
    X[random.random(len(X)) < missing, 1] = np.nan
    y = np.nan_to_num(X)[:, 0] + np.isin(X[:, 1], [0, 6, 9]) * 20
    return X, y


def category_rows(model, X):
    rows = list(edge_rows(model, X))
    for value in [1, 3, 255, 300, -0.5, 3.5, 1e9, np.nan]:
        # Before 1.4 a category beyond 255 is taken modulo 256; such a row is no case.
        if VERSION < (1, 4) and (value > 255 or value != int(value if value == value else 0)):
            continue
        row = np.array(X[2], dtype=float)
        row[1] = value
        rows.append(row)
    rows = np.array(rows)
    if VERSION < (1, 4):
        rows = rows[~(np.abs(rows[:, 1]) > 255)]
    return rows


@case
def histogram_regressor_categories():
    X, y = with_categories(86)
    model = HistGradientBoostingRegressor(max_iter=3, max_depth=2, min_samples_leaf=5, categorical_features=[1])
    model.fit(X, y)
    return model, X, {"rows": category_rows(model, X), "joblib": 3}


@full_case
def histogram_classifier_categories():
    X, y = with_categories(87, missing=0)
    model = HistGradientBoostingClassifier(max_iter=3, max_depth=2, min_samples_leaf=5, categorical_features=[1])
    model.fit(X, y > 10)
    return model, X, {"rows": category_rows(model, X), "joblib": 3}


@parity_case
def histogram_categories_large():
    X, y = with_categories(88)
    model = HistGradientBoostingRegressor(max_iter=40, min_samples_leaf=3, categorical_features=[1])
    model.fit(X, y)
    return model, X, {"rows": category_rows(model, X), "joblib": 3}
