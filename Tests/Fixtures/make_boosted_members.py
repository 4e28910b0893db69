"""Writes the cases of boosted models within scikit-learn's estimators, with the installed libraries' versions.

    python make_boosted_members.py OUTPUT_FOLDER                # the committed cases
    python make_boosted_members.py OUTPUT_FOLDER --seed 7       # all cases on other data, for `make parity`

Each becomes OUTPUT_FOLDER/<version of scikit-learn>/boosted_<case>_<library>/ as those of make_sklearn.py.
"""
import argparse
import pathlib
import warnings

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (BaggingClassifier, BaggingRegressor, RandomForestClassifier, StackingClassifier,
                              StackingRegressor, VotingClassifier, VotingRegressor)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

try:
    from sklearn.model_selection import FixedThresholdClassifier
except ImportError:
    FixedThresholdClassifier = None

import sklearn_cases
from sklearn_cases import classes, numbers
from time_bound import within

LIBRARIES = {}
try:
    import xgboost

    def xgb_classifier(seed=1):
        return xgboost.XGBClassifier(n_estimators=3, max_depth=2, random_state=seed, n_jobs=1, learning_rate=0.4)

    def xgb_regressor(seed=1):
        return xgboost.XGBRegressor(n_estimators=3, max_depth=2, random_state=seed, n_jobs=1, learning_rate=0.4)

    LIBRARIES["xgboost"] = (xgb_classifier, xgb_regressor, 1e-6)
except ImportError:
    pass
try:
    import lightgbm

    def lgb_classifier(seed=1):
        return lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, min_child_samples=3, random_state=seed, n_jobs=1,
                                       verbose=-1)

    def lgb_regressor(seed=1):
        return lightgbm.LGBMRegressor(n_estimators=3, num_leaves=4, min_child_samples=3, random_state=seed, n_jobs=1,
                                      verbose=-1)

    LIBRARIES["lightgbm"] = (lgb_classifier, lgb_regressor, 1e-9)
except ImportError:
    pass
try:
    import catboost

    def cat_classifier(seed=1):
        return catboost.CatBoostClassifier(iterations=3, depth=2, random_seed=seed, verbose=False,
                                           allow_writing_files=False)

    def cat_regressor(seed=1):
        return catboost.CatBoostRegressor(iterations=3, depth=2, random_seed=seed, verbose=False,
                                          allow_writing_files=False)

    LIBRARIES["catboost"] = (cat_classifier, cat_regressor, 1e-9)
except ImportError:
    pass

COMMITTED = {"voting_narrow_xgboost", "stacking_xgboost", "calibrated_isotonic_xgboost", "threshold_above_xgboost",
             "threshold_first_on_xgboost", "selected_xgboost", "selected_some_lightgbm"}


def data(seed):
    return (numbers(3, seed) / [1, 10, 100])[:60]


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression())


def cases(classifier, regressor):
    X = data(801)
    two = (X[:, 0] + X[:, 1] > np.median(X[:, 0] + X[:, 1])).astype(int)
    three = classes(X, [0, 1, 2])
    words = np.array(["ash", "birch", "cedar"])[three]
    y = X @ [1, 0.2, 0.3]
    both = np.stack([two, three], axis=1)
    yield "voting_narrow", VotingClassifier([("a", classifier()), ("b", classifier(2)), ("c", classifier(3))],
                                            voting="soft"), words
    yield "voting_mixed", VotingClassifier([("a", classifier()), ("b", logistic())], voting="soft"), words
    yield "voting_weights", VotingClassifier([("a", classifier()), ("b", classifier(2))], voting="soft",
                                             weights=[2, 1]), two
    yield "voting_hard", VotingClassifier([("a", classifier()), ("b", RandomForestClassifier(3, max_depth=2))]), words
    yield "voting_pipeline", VotingClassifier([("a", make_pipeline(StandardScaler(), classifier())),
                                               ("b", logistic())], voting="soft"), words
    yield "voting_regressor", VotingRegressor([("a", regressor()), ("b", LinearRegression())]), y
    yield "voting_regressor_narrow", VotingRegressor([("a", regressor()), ("b", regressor(2))]), y
    yield "stacking", StackingClassifier([("a", classifier()), ("b", logistic())], cv=2), words
    yield "stacking_narrow", StackingClassifier([("a", classifier()), ("b", classifier(2))], cv=2), two
    yield "stacking_passthrough", StackingClassifier([("a", classifier())], final_estimator=classifier(), cv=2,
                                                     passthrough=True), two
    yield "stacking_regressor", StackingRegressor([("a", regressor()), ("b", LinearRegression())], cv=2), y
    yield "calibrated_sigmoid", CalibratedClassifierCV(classifier(), cv=2), three
    yield "calibrated_isotonic", CalibratedClassifierCV(classifier(), method="isotonic", cv=2), two
    yield "bagging", BaggingClassifier(classifier(), n_estimators=3, random_state=1), three
    yield "bagging_regressor", BaggingRegressor(regressor(), n_estimators=3, random_state=1), y
    yield "one_vs_rest", OneVsRestClassifier(classifier()), words
    yield "one_vs_one", OneVsOneClassifier(classifier()), words
    yield "targets", MultiOutputClassifier(classifier()), both
    yield "chain", ClassifierChain(classifier()), np.stack([two, 1 - two], axis=1)
    yield "regressors", MultiOutputRegressor(regressor()), np.stack([y, -y], axis=1)
    yield "regressor_chain", RegressorChain(regressor()), np.stack([y, -y], axis=1)
    if FixedThresholdClassifier is not None:
        # Just above and just below a probability that the model gives: which is which, float32 decides.
        probability = float(np.sort(classifier().fit(X, two).predict_proba(X)[:, 1])[30])
        for name, threshold in [("on", float(str(np.float32(probability)))), ("below", probability - 1e-12),
                                ("above", probability + 1e-12), ("middle", 0.5)]:
            yield f"threshold_{name}", FixedThresholdClassifier(classifier(), threshold=threshold), two
            yield f"threshold_first_{name}", FixedThresholdClassifier(classifier(), threshold=threshold, pos_label=0), two
    yield "selected", make_pipeline(SelectFromModel(classifier()), LogisticRegression()), three
    yield "selected_most", make_pipeline(SelectFromModel(regressor(), threshold="0.5*median", max_features=2), LinearRegression()), y
    yield "selected_some", make_pipeline(SelectFromModel(classifier(), threshold="1.25*mean"), LogisticRegression()), two
    yield "transformed", TransformedTargetRegressor(regressor(), func=np.log1p, inverse_func=np.expm1), np.abs(y)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seconds", type=float, help="begin no case after so many, with --seed")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    is_committed = options.seed is None
    if not is_committed:
        sklearn_cases.SEED = options.seed
        sklearn_cases.ROWS_PREDICTED = 60
    members = [(f"{name}_{library}", model, y, tolerance)
               for library, (classifier, regressor, tolerance) in LIBRARIES.items()
               for name, model, y in cases(classifier, regressor)]
    for name, model, y, tolerance in within(options.seconds, members, options.seed):
        if options.only not in "boosted_" + name or is_committed and name not in COMMITTED:
            continue
        # CatBoost's predict gives a matrix for more than two classes, which these cannot take.
        if name in ("targets_catboost", "voting_hard_catboost"):
            continue
        # Its files hold no importances.
        if name.startswith("selected") and name.endswith("catboost"):
            continue
        X = data(801)
        try:
            model.fit(X, y)
            sklearn_cases.write(options.folder, "boosted_" + name, model, X,
                                {"joblib": 3, "tolerance": tolerance, "rows": np.vstack([X[:20], data(802)[:20]]),
                                 "multilabel": name.startswith("chain")}, False)
        except (AttributeError, TypeError, ValueError) as problem:
            # Not every pair of versions works together.
            print(name, "cannot be made:", problem)
    print(*LIBRARIES, "done")


main()
