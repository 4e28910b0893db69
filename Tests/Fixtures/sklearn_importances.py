"""Feature selection by the importances of trees and forests, which files do not hold."""
import numpy as np
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier,
                              GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_cases import classes, full_case, numbers, parity_case

MODELS = {
    "tree": DecisionTreeClassifier(max_depth=3, random_state=1),
    "tree_regressor": DecisionTreeRegressor(max_depth=4, random_state=1),
    "forest": RandomForestClassifier(4, max_depth=3, random_state=1),
    "forest_regressor": RandomForestRegressor(4, max_depth=3, random_state=1),
    "extra_trees": ExtraTreesClassifier(5, max_depth=3, random_state=1),
    "extra_trees_regressor": ExtraTreesRegressor(5, max_depth=3, random_state=1),
    "boosting": GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=1),
    "boosting_regressor": GradientBoostingRegressor(n_estimators=5, max_depth=2, random_state=1),
    "stumps": RandomForestClassifier(3, max_depth=1, random_state=1),
}
OPTIONS = {"mean": {}, "median": {"threshold": "1.1*median"}, "number": {"threshold": 0.1},
           "most": {"max_features": 3, "threshold": -np.inf}}

for name, model in MODELS.items():
    for kind, options in OPTIONS.items():
        mark = full_case if (name, kind) == ("forest", "mean") else parity_case

        @mark
        def importances(model=model, options=options, name=name, kind=kind):
            X = numbers(9, 901) / [10.0**k for k in range(9)]
            y = classes(X, ["a", "b", "c"]) if "Classifier" in type(model).__name__ else X @ np.arange(9.0)
            selector = SelectFromModel(model, **options)
            selector.fit(X, y)
            return selector, X, {"joblib": 3, "suffix": f"_{name}_{kind}"}


@parity_case
def importances_pipeline():
    X = numbers(4, 902) / [1, 10, 100, 1000]
    pipeline = make_pipeline(SelectFromModel(RandomForestClassifier(5, max_depth=2, random_state=1)),
                             LogisticRegression())
    return pipeline.fit(X, classes(X, ["a", "b"])), X, {"joblib": 3}
