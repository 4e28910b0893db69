"""Estimators around others: boosting, bagging, voting, stacking, calibration, one against the rest, thresholds."""
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, BaggingRegressor,
                              RandomForestClassifier, RandomForestRegressor, StackingClassifier, StackingRegressor,
                              VotingClassifier, VotingRegressor)
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case, town
from sklearn_pipelines import town_pipeline
from sklearn_trees import edge_rows, target, weights

THREE = ["ash", "birch", "cedar"]
# The attribute `estimator` was `base_estimator` before 1.2.
BASE = "estimator" if VERSION >= (1, 2) else "base_estimator"


def tree(depth=2):
    return DecisionTreeClassifier(max_depth=depth, random_state=1)


def stump():
    return DecisionTreeRegressor(max_depth=2, random_state=1)


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression())


def small(columns=2, seed=1):
    return numbers(columns, seed) / [10.0**k for k in range(columns)]


def fitted(model, X, y, **options):
    model.fit(X, y)
    return model, X, {"joblib": 3, **options}


def edged(model, X, y):
    model.fit(X, y)
    return model, X, {"joblib": 3, "rows": edge_rows(model, X)}


# ---------------------------------------------------------------------------------------------- AdaBoost
SAMME = {"algorithm": "SAMME"} if VERSION < (1, 6) else {}


@case
def adaboost_samme():
    X = numbers(3, 101)
    return edged(AdaBoostClassifier(**{BASE: tree(1)}, n_estimators=3, random_state=1, **SAMME), X, classes(X, THREE))


@parity_case
def adaboost_samme_binary():
    X = numbers(3, 102)
    return edged(AdaBoostClassifier(**{BASE: tree(1)}, n_estimators=4, random_state=1, **SAMME), X,
                 np.where(X[:, 0] + X[:, 1] / 10 > 3, 7, 3))


if VERSION < (1, 6):
    @case
    def adaboost_samme_r():
        X = numbers(3, 103)
        return edged(AdaBoostClassifier(n_estimators=3, random_state=1), X, classes(X, THREE))

    @parity_case
    def adaboost_samme_r_binary():
        X = numbers(3, 104)
        return edged(AdaBoostClassifier(n_estimators=20, random_state=1), X, X[:, 0] > 3)


@parity_case
def adaboost_logistic():
    X = small(3, 105)
    return fitted(AdaBoostClassifier(**{BASE: LogisticRegression()}, n_estimators=5, random_state=1, **SAMME), X,
                  classes(X, THREE))


@parity_case
def adaboost_many():
    X = numbers(4, 106)
    return edged(AdaBoostClassifier(**{BASE: tree(2)}, n_estimators=40, random_state=1, **SAMME), X,
                 generator(2).integers(0, 5, len(X)))


@full_case
def adaboost_regressor():
    X = numbers(3, 107)
    return edged(AdaBoostRegressor(n_estimators=4, random_state=1, **{BASE: stump()}), X, target(X))


@parity_case
def adaboost_regressor_many():
    X = numbers(3, 108)
    return edged(AdaBoostRegressor(n_estimators=50, random_state=1, loss="square"), X, target(X))


# ---------------------------------------------------------------------------------------------- bagging
@full_case
def bagging_classifier():
    X = numbers(3, 111)
    return edged(BaggingClassifier(**{BASE: tree()}, n_estimators=3, max_features=2, random_state=1), X,
                 classes(X, THREE))


@parity_case
def bagging_classifier_lacks_classes():
    X = numbers(3, 112)
    y = np.array(["a", "b", "c", "d"])[generator(9).integers(0, 4, len(X))]
    return edged(BaggingClassifier(**{BASE: tree(3)}, n_estimators=9, max_samples=4, random_state=1), X, y)


@parity_case
def bagging_votes():
    # A member without predict_proba.
    X = small(3, 113)
    return fitted(BaggingClassifier(**{BASE: OneVsOneClassifier(LogisticRegression())}, n_estimators=3,
                                    random_state=1), X, classes(X, THREE))


@parity_case
def bagging_logistic():
    X = small(3, 114)
    return fitted(BaggingClassifier(**{BASE: LogisticRegression()}, n_estimators=4, random_state=1), X,
                  classes(X, THREE))


@full_case
def bagging_regressor():
    X = small(3, 115)
    return fitted(BaggingRegressor(**{BASE: Ridge()}, n_estimators=3, max_features=0.7, random_state=1), X, target(X))


@parity_case
def bagging_regressor_trees_missing():
    X = numbers(3, 116, missing=0.1 if VERSION >= (1, 3) else 0)
    return edged(BaggingRegressor(n_estimators=12, random_state=1), X, np.nan_to_num(X)[:, 0])


@parity_case
def bagging_multi_output():
    X = numbers(3, 117)
    return edged(BaggingRegressor(n_estimators=5, random_state=1), X, np.stack([target(X), X[:, 1]], axis=1))


# ---------------------------------------------------------------------------------------------- calibration
@case
def calibrated_sigmoid():
    X = small(2, 121)
    return fitted(CalibratedClassifierCV(LogisticRegression(), cv=2), X, np.where(X[:, 0] > 3, "yes", "no"))


@full_case
def calibrated_isotonic_multi():
    X = small(3, 122)
    return fitted(CalibratedClassifierCV(tree(2), method="isotonic", cv=2), X, classes(X, THREE))


@parity_case
def calibrated_isotonic_binary():
    X = small(3, 123)
    return fitted(CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3), X, X[:, 0] > 3)


@parity_case
def calibrated_sigmoid_multi():
    X = small(3, 124)
    return fitted(CalibratedClassifierCV(LogisticRegression(), cv=3), X, classes(X, THREE))


@parity_case
def calibrated_forest():
    X = numbers(3, 125)
    return fitted(CalibratedClassifierCV(RandomForestClassifier(n_estimators=10, random_state=1), cv=3), X,
                  classes(X, THREE))


@parity_case
def calibrated_one():
    X = small(2, 126)
    return fitted(CalibratedClassifierCV(tree(), cv=2, ensemble=False), X, X[:, 0] > 3)


@parity_case
def calibrated_prefit():
    X = small(2, 127)
    y = X[:, 0] > 3
    base = LogisticRegression().fit(X, y)
    if VERSION >= (1, 6):
        from sklearn.frozen import FrozenEstimator
        return fitted(CalibratedClassifierCV(FrozenEstimator(base)), X, y)
    return fitted(CalibratedClassifierCV(base, cv="prefit"), X, y)


if VERSION >= (1, 8):
    @case
    def calibrated_temperature():
        X = small(3, 128)
        return fitted(CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2), X, classes(X, THREE))

    @parity_case
    def calibrated_temperature_binary():
        X = small(3, 129)
        return fitted(CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2), X, X[:, 0] > 3)

    @parity_case
    def calibrated_temperature_trees():
        X = small(3, 129)
        return fitted(CalibratedClassifierCV(tree(), method="temperature", cv=2), X, classes(X, THREE))

    @parity_case
    def calibrated_temperature_trees_binary():
        X = small(3, 129)
        return fitted(CalibratedClassifierCV(tree(), method="temperature", cv=2), X, X[:, 0] > 3)


def isotonic(seed, outside, dtype=float):
    random = generator(seed)
    x = random.normal(size=40).astype(dtype)
    model = IsotonicRegression(out_of_bounds=outside).fit(x, np.round(x * 3 + random.normal(size=40)).astype(dtype))
    rows = np.concatenate([x[:8], model.X_thresholds_[:6], np.nextafter(model.X_thresholds_[1:5], 9),
                           np.nextafter(model.X_thresholds_[:4], -9), [-9, 9, 1e300, np.nan, 0.0, -0.0]])
    # `transform` is the same; where it gives NaN, a list of it is no refusal.
    return model, x.reshape(-1, 1), {"rows": rows.reshape(-1, 1), "without": ["transform"]}


@parity_case
def isotonic_clip():
    return isotonic(131, "clip")


@full_case
def isotonic_nan():
    return isotonic(132, "nan")


@parity_case
def isotonic_decreasing():
    model, X, options = isotonic(133, "clip")
    model = IsotonicRegression(increasing=False, y_min=-1, y_max=2, out_of_bounds="clip").fit(X[:, 0], -X[:, 0])
    return model, X, options


@parity_case
def isotonic_one_threshold():
    model = IsotonicRegression(out_of_bounds="clip").fit([1.5, 1.5], [2, 4])
    return model, np.zeros((1, 1)), {"rows": np.array([[1.5], [2.0], [-7.0]])}


# ---------------------------------------------------------------------------------------------- voting, stacking
def voters():
    return [("tree", tree()), ("gone", "drop"), ("line", logistic()),
            ("forest", RandomForestClassifier(n_estimators=2, max_depth=2, random_state=1))]


@full_case
def voting_soft():
    X = numbers(3, 141)
    return fitted(VotingClassifier([("tree", tree()), ("gone", "drop"), ("line", logistic())], voting="soft",
                                   weights=[2, 5, 1.5]), X, classes(X, THREE))


@full_case
def voting_hard():
    X = numbers(3, 142)
    return fitted(VotingClassifier([("tree", tree()), ("line", logistic())]), X, classes(X, [3, 1, 2]))


@parity_case
def voting_hard_weighted():
    X = numbers(3, 143)
    return fitted(VotingClassifier(voters(), weights=[1, 1, 2, 1.5]), X, classes(X, THREE))


@parity_case
def voting_unflattened():
    X = numbers(3, 144)
    return fitted(VotingClassifier(voters(), voting="soft", flatten_transform=False), X, X[:, 0] > 3,
                  without=["transform"])


@parity_case
def voting_regressor():
    X = numbers(3, 145)
    return fitted(VotingRegressor([("tree", stump()), ("gone", "drop"), ("line", Ridge())], weights=[1, 2, 3]), X,
                  target(X))


@parity_case
def voting_regressor_frame():
    frame, price = town()
    return fitted(VotingRegressor([("line", town_pipeline(Ridge())), ("tree", town_pipeline(stump()))]), frame, price)


@case
def stacking_classifier():
    X = numbers(2, 151)
    return fitted(StackingClassifier([("tree", tree(1)), ("line", logistic())], final_estimator=tree(1), cv=2), X,
                  np.where(X[:, 0] > 3, "yes", "no"))


@parity_case
def stacking_classifier_multi():
    X = numbers(2, 152)
    return fitted(StackingClassifier([("tree", tree(2))], final_estimator=LogisticRegression(), cv=2,
                                     passthrough=True), X, classes(X, THREE), rows=X[:9])


@parity_case
def stacking_decision():
    X = small(3, 153)
    return fitted(StackingClassifier([("line", LogisticRegression()), ("gone", "drop"), ("tree", tree())],
                                     final_estimator=LogisticRegression(), stack_method="predict", cv=3), X,
                  classes(X, THREE))


@parity_case
def stacking_decision_function():
    X = small(3, 154)
    return fitted(StackingClassifier([("line", LogisticRegression()), ("other", LogisticRegression(C=0.1))],
                                     stack_method="decision_function", cv=3), X, classes(X, THREE))


@full_case
def stacking_regressor():
    X = small(3, 155)
    return fitted(StackingRegressor([("tree", stump()), ("line", Ridge())], final_estimator=LinearRegression(), cv=2),
                  X, target(X))


@parity_case
def stacking_regressor_frame():
    frame, price = town()
    return fitted(StackingRegressor([("line", town_pipeline(Ridge())), ("tree", town_pipeline(stump()))], cv=3),
                  frame, price)


@parity_case
def stacking_prefit():
    X = small(3, 156)
    y = target(X)
    return fitted(StackingRegressor([("tree", stump().fit(X, y)), ("line", Ridge().fit(X, y))], cv="prefit",
                                    passthrough=True), X, y)


# ---------------------------------------------------------------------------------------------- one against others
@full_case
def one_vs_rest():
    X = small(3, 161)
    return fitted(OneVsRestClassifier(LogisticRegression()), X, classes(X, THREE))


@full_case
def one_vs_rest_trees():
    X = numbers(3, 162)
    return edged(OneVsRestClassifier(tree(1)), X, classes(X, THREE))


@parity_case
def one_vs_rest_binary():
    X = small(3, 163)
    return fitted(OneVsRestClassifier(LogisticRegression()), X, np.where(X[:, 0] > 3, "yes", "no"))


@parity_case
def one_vs_rest_binary_tree():
    X = numbers(3, 164)
    return edged(OneVsRestClassifier(tree()), X, X[:, 0] > 3)


@parity_case
def one_vs_rest_regressors():
    X = small(3, 165)
    return fitted(OneVsRestClassifier(Ridge()), X, classes(X, THREE), without=["predict_proba", "decision_function"])


@full_case
def one_vs_one():
    X = small(3, 166)
    return fitted(OneVsOneClassifier(LogisticRegression()), X, classes(X, [4, 5, 6]))


@parity_case
def one_vs_one_trees():
    X = numbers(3, 167)
    return edged(OneVsOneClassifier(tree()), X, classes(X, ["a", "b", "c", "d"]))


@parity_case
def one_vs_one_binary():
    X = small(3, 168)
    return fitted(OneVsOneClassifier(LogisticRegression()), X, X[:, 0] > 3)


# ---------------------------------------------------------------------------------------------- several targets
@full_case
def multi_output_regressor():
    X = small(3, 171)
    return fitted(MultiOutputRegressor(stump()), X, np.stack([target(X), X[:, 1]], axis=1))


@full_case
def regressor_chain():
    X = small(3, 172)
    return fitted(RegressorChain(Ridge(), order=[1, 2, 0]), X, np.stack([target(X), X[:, 1], X[:, 2] ** 2], axis=1))


# ---------------------------------------------------------------------------------------------- targets
def log_target(X):
    return np.exp(target(X) / 10)


@full_case
def target_log1p():
    X = small(3, 181)
    return fitted(TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), X, log_target(X))


@parity_case
def target_log():
    X = small(3, 181)
    return fitted(TransformedTargetRegressor(stump(), func=np.log, inverse_func=np.exp), X, log_target(X))


@parity_case
def target_sqrt():
    X = small(3, 181)
    return fitted(TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square), X, log_target(X))


@parity_case
def target_scaled():
    X = small(3, 182)
    return fitted(TransformedTargetRegressor(Ridge(), transformer=StandardScaler()), X, target(X))


@parity_case
def target_min_max():
    X = small(3, 182)
    return fitted(TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()), X, target(X))


@parity_case
def target_robust_matrix():
    X = small(3, 183)
    return fitted(TransformedTargetRegressor(Ridge(), transformer=RobustScaler()), X,
                  np.stack([target(X), X[:, 1]], axis=1))


@parity_case
def target_default():
    X = small(3, 184)
    return fitted(TransformedTargetRegressor(), X, target(X))


# ---------------------------------------------------------------------------------------------- dummies
@full_case
def dummy_in_voting():
    X = numbers(3, 191)
    return fitted(VotingClassifier([("prior", DummyClassifier(strategy="prior")), ("tree", tree())], voting="soft"), X,
                  classes(X, THREE))


@parity_case
def dummy_frequent():
    X = numbers(3, 192)
    return fitted(make_pipeline(StandardScaler(), DummyClassifier(strategy="most_frequent")), X, classes(X, THREE))


@parity_case
def dummy_constant():
    X = numbers(3, 193)
    return fitted(make_pipeline(StandardScaler(), DummyClassifier(strategy="constant", constant="birch")), X,
                  classes(X, THREE))


@parity_case
def dummy_median():
    X = numbers(3, 194)
    return fitted(make_pipeline(StandardScaler(), DummyRegressor(strategy="median")), X, target(X))


@parity_case
def dummy_quantile():
    X = numbers(3, 194)
    return fitted(make_pipeline(StandardScaler(), DummyRegressor(strategy="quantile", quantile=0.3)), X, target(X))


# ---------------------------------------------------------------------------------------------- wrappers
if VERSION >= (1, 5):
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

    @case
    def threshold_fixed():
        X = small(2, 201)
        return fitted(FixedThresholdClassifier(LogisticRegression(), threshold=0.3), X,
                      np.where(X[:, 0] > 3, "yes", "no"))

    @parity_case
    def threshold_fixed_first_class():
        X = small(2, 201)
        return fitted(FixedThresholdClassifier(LogisticRegression(), threshold=0.4, pos_label="no"), X,
                      np.where(X[:, 0] > 3, "yes", "no"))

    @parity_case
    def threshold_fixed_decision():
        X = small(2, 202)
        return fitted(FixedThresholdClassifier(LogisticRegression(), threshold=0.7, pos_label="no",
                                               response_method="decision_function"), X,
                      np.where(X[:, 0] > 3, "yes", "no"))

    @parity_case
    def threshold_auto():
        X = numbers(2, 202)
        return edged(FixedThresholdClassifier(tree()), X, X[:, 0] > 3)

    @full_case
    def threshold_tuned():
        X = small(2, 203)
        return fitted(TunedThresholdClassifierCV(LogisticRegression(), cv=2, thresholds=9), X,
                      np.where(X[:, 0] + generator(1).normal(size=len(X)) > 3.5, "yes", "no"))

    @parity_case
    def threshold_tuned_first_class():
        X = small(2, 204)
        return fitted(TunedThresholdClassifierCV(LogisticRegression(), cv=2, thresholds=9, scoring="f1"), X,
                      np.where(X[:, 0] + generator(1).normal(size=len(X)) > 3.5, 2, 1))


if VERSION >= (1, 6):
    from sklearn.frozen import FrozenEstimator

    @parity_case
    def frozen():
        X = small(2, 205)
        scaler = FrozenEstimator(StandardScaler().fit(X))
        return fitted(make_pipeline(scaler, Ridge()), X, target(X))


@parity_case
def self_training():
    X = small(2, 206)
    y = (X[:, 0] > 3).astype(int)
    y[::3] = -1
    return fitted(SelfTrainingClassifier(LogisticRegression()), X, y)


@parity_case
def search_of_forest():
    X = numbers(3, 207)
    return edged(GridSearchCV(RandomForestRegressor(n_estimators=3, random_state=1), {"max_depth": [1, 2]}, cv=2), X,
                 target(X))


@parity_case
def search_of_bagged_pipelines():
    X = numbers(3, 208)
    model = GridSearchCV(BaggingClassifier(**{BASE: logistic()}, n_estimators=3, random_state=1),
                         {"max_samples": [0.5, 1.0]}, cv=2)
    return fitted(model, X, classes(X, THREE))


@parity_case
def forest_of_town():
    frame, price = town()
    model = town_pipeline(RandomForestRegressor(n_estimators=7, random_state=1))
    return fitted(model, frame.fillna({"rooms": 1, "area": 5}), price)


@parity_case
def calibrated_town():
    frame, price = town()
    return fitted(CalibratedClassifierCV(town_pipeline(LogisticRegression(max_iter=1000)), cv=3), frame,
                  np.where(price > np.median(price), "dear", "cheap"), tolerance=1e-8)


@parity_case
def weighted_town():
    frame, price = town()
    model = VotingClassifier([("line", town_pipeline(LogisticRegression(max_iter=1000))),
                              ("forest", town_pipeline(RandomForestClassifier(n_estimators=5, random_state=1)))],
                             voting="soft")
    return fitted(model, frame, np.where(price > np.median(price), "dear", "cheap"), unknown={"heating": "peat"})
