"""Classifiers of several targets: classes of each target, and targets of several labels a row."""
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeClassifierCV, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from sklearn_cases import ROWS, VERSION, case, full_case, generator, numbers, parity_case, town
from sklearn_pipelines import town_pipeline
from sklearn_trees import edge_rows


def data(seed, rows=40):
    return (numbers(3, seed) / [1, 10, 100])[:rows]


def words(X, dtype=None):
    """Three targets of text with 3, 2 and 4 classes."""
    first = np.array(["ash", "birch", "cedar"])[np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.6]))]
    second = np.array(["no", "yes"])[(X[:, 1] > np.median(X[:, 1])).astype(int)]
    third = np.array(["a", "b", "c", "d ☀"])[np.digitize(X[:, 2], np.quantile(X[:, 2], [0.2, 0.5, 0.8]))]
    return np.stack([first, second, third], axis=1).astype(dtype or "U8")


def codes(X):
    y = words(X)
    return np.stack([np.unique(y[:, k], return_inverse=True)[1] * (k + 1) for k in range(3)], axis=1)


def labels(X):
    """Several labels a row."""
    return np.stack([X[:, 0] > np.median(X[:, 0]), X[:, 1] + X[:, 2] > np.quantile(X[:, 1] + X[:, 2], 0.7),
                     X[:, 2] > np.quantile(X[:, 2], 0.3), X[:, 0] + X[:, 1] > np.quantile(X[:, 0] + X[:, 1], 0.8)],
                    axis=1).astype(int)


def edged(model, X, y, **options):
    model.fit(X, y)
    return model, X, {"joblib": 3, "rows": edge_rows(model, X), **options}


def fitted(model, X, y, **options):
    model.fit(X, y)
    return model, X, {"joblib": 3, **options}


# ---------------------------------------------------------------------------------------------- trees
@case
def targets_forest():
    X = data(601)
    return edged(RandomForestClassifier(3, max_depth=2, random_state=1), X, words(X))


@full_case
def targets_tree():
    X = data(602)
    return edged(DecisionTreeClassifier(max_depth=3, random_state=1), X, words(X, object))


@parity_case
def targets_tree_weighted():
    X = data(603, ROWS)
    model = DecisionTreeClassifier(max_depth=4, random_state=1)
    model.fit(X, codes(X), sample_weight=generator(604).random(len(X)))
    return model, X, {"joblib": 3, "rows": edge_rows(model, X)}


@parity_case
def targets_extra_trees():
    X = data(605, ROWS)
    return edged(ExtraTreesClassifier(7, max_depth=4, random_state=1), X, words(X))


@parity_case
def targets_extra_tree():
    X = data(606, ROWS)
    return edged(ExtraTreeClassifier(max_depth=4, random_state=1), X, codes(X).astype(float))


@parity_case
def targets_forest_booleans():
    X = data(607, ROWS)
    return edged(RandomForestClassifier(5, max_depth=3, random_state=1), X, labels(X).astype(bool))


@parity_case
def targets_forest_multilabel():
    X = data(608, ROWS)
    return edged(RandomForestClassifier(5, max_depth=3, random_state=1), X, labels(X))


@parity_case
def targets_pipeline():
    frame, price = town(609)
    y = np.stack([np.where(price > np.median(price), "dear", "cheap"),
                  np.where(frame["year"] > 1960, "new", "old")], axis=1)
    model = town_pipeline(RandomForestClassifier(5, max_depth=3, random_state=1))
    model.fit(frame, y)
    return model, frame, {"joblib": 3}


@parity_case
def targets_search():
    X = data(610, ROWS)
    search = GridSearchCV(make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=1)),
                          {"decisiontreeclassifier__max_depth": [1, 3]}, cv=2)
    return fitted(search, X, labels(X))


# ---------------------------------------------------------------------------------------------- neighbours
@full_case
def targets_neighbors():
    X = data(611, 24)
    return KNeighborsClassifier(3, weights="distance").fit(X, words(X)), data(612), {}


@parity_case
def targets_neighbors_codes():
    X = data(613, ROWS)
    return KNeighborsClassifier(4, algorithm="brute").fit(X, codes(X)), data(614), {}


@parity_case
def targets_radius():
    X = data(615, ROWS)
    model = RadiusNeighborsClassifier(1.5, outlier_label="most_frequent").fit(X, codes(X))
    return model, data(616, ROWS) * 1.5, {}


@full_case
def targets_radius_labels():
    X = data(617, 24)
    return RadiusNeighborsClassifier(2, outlier_label=[0, 1, 0, 1]).fit(X, labels(X)), data(618) * 1.5, {}


# ---------------------------------------------------------------------------------------------- around others
@case
def targets_multioutput():
    X = data(621)
    return fitted(MultiOutputClassifier(LogisticRegression()), X, words(X))


@parity_case
def targets_multioutput_trees():
    X = data(622)
    return fitted(MultiOutputClassifier(DecisionTreeClassifier(max_depth=3, random_state=1)), X, words(X, object))


@parity_case
def targets_multioutput_ridge():
    X = data(623)
    return fitted(MultiOutputClassifier(RidgeClassifier()), X, codes(X))


@parity_case
def targets_multioutput_one():
    X = data(624)
    return fitted(MultiOutputClassifier(GaussianNB()), X, codes(X)[:, :1])


@case
def targets_chain():
    X = data(625)
    return fitted(ClassifierChain(LogisticRegression(), order=[2, 0, 3, 1]), X, labels(X), multilabel=True)


@parity_case
def targets_chain_classes():
    X = data(626)
    return fitted(ClassifierChain(DecisionTreeClassifier(max_depth=3, random_state=1), order="random", random_state=3),
                  X, codes(X), without=["predict_proba"])


@parity_case
def targets_chain_cv():
    X = data(627, ROWS)
    return fitted(ClassifierChain(make_pipeline(StandardScaler(), LogisticRegression()), cv=3), X, labels(X),
                  multilabel=True)

if VERSION >= (1, 5):
    for method in ["predict_proba", "predict_log_proba", "decision_function"]:
        @parity_case
        def targets_chain_method(method=method):
            X = data(628, ROWS)
            model = ClassifierChain(LogisticRegression(), chain_method=method, order=[1, 0, 2, 3])
            return fitted(model, X, labels(X), multilabel=True, suffix=f"_{method}")


@case
def targets_one_vs_rest():
    X = data(631)
    return fitted(OneVsRestClassifier(LogisticRegression()), X, labels(X), multilabel=True)


@parity_case
def targets_one_vs_rest_trees():
    X = data(632, ROWS)
    return fitted(OneVsRestClassifier(DecisionTreeClassifier(max_depth=3, random_state=1)), X, labels(X),
                  multilabel=True)


@parity_case
def targets_one_vs_rest_regressors():
    X = data(633, ROWS)
    return fitted(OneVsRestClassifier(DecisionTreeRegressor(max_depth=3, random_state=1)), X, labels(X))


@parity_case
def targets_one_vs_rest_constant():
    X = data(634, ROWS)
    y = labels(X)
    y[:, 1] = 1
    return fitted(OneVsRestClassifier(LogisticRegression()), X, y, multilabel=True)


@parity_case
def targets_one_vs_rest_constant_first():
    X = data(635, ROWS)
    y = labels(X)
    y[:, 0] = 0
    return fitted(OneVsRestClassifier(SGDClassifier(random_state=1)), X, y, without=["predict_proba"])


@full_case
def targets_perceptron():
    X = data(641)
    model = make_pipeline(StandardScaler(), MLPClassifier((4,), random_state=1, max_iter=200))
    return fitted(model, X, labels(X), multilabel=True)


@full_case
def targets_ridge():
    X = data(642)
    return fitted(RidgeClassifier(), X, labels(X))


@parity_case
def targets_ridge_cv():
    X = data(643)
    return fitted(RidgeClassifierCV(), X, labels(X))


# ---------------------------------------------------------------------------------------------- dummies
@full_case
def targets_dummy():
    X = data(651)
    return fitted(DummyClassifier(strategy="prior"), X, words(X))


@parity_case
def targets_dummy_frequent():
    X = data(652)
    return fitted(DummyClassifier(strategy="most_frequent"), X, codes(X))


@parity_case
def targets_dummy_constant():
    X = data(653)
    return fitted(DummyClassifier(strategy="constant", constant=["cedar", "no", "b"]), X, words(X))


@parity_case
def targets_frame():
    X = pd.DataFrame(data(654), columns=["a", "b", "c"])
    y = pd.DataFrame(words(X.to_numpy()), columns=["x", "y", "z"])
    return fitted(MultiOutputClassifier(GaussianNB()), X, y)


# ---------------------------------------------------------------------------------------------- stacking
def stack(**options):
    """Members that give a list of probabilities, one array of them, a decision, and labels."""
    members = [("trees", DecisionTreeClassifier(max_depth=2, random_state=1)),
               ("rest", OneVsRestClassifier(LogisticRegression())),
               ("ridge", RidgeClassifier())]
    final = options.pop("final_estimator", RandomForestClassifier(3, max_depth=3, random_state=1))
    return StackingClassifier(members, final, cv=2, **options)

if VERSION >= (1, 2):
    @full_case
    def targets_stacking():
        X = data(651)
        return fitted(stack(), X, labels(X), multilabel="absence")

    @parity_case
    def targets_stacking_two():
        # One array of two columns loses the first.
        X = data(652, ROWS)
        return fitted(stack(passthrough=True), X, labels(X)[:, :2], multilabel="absence")

    @parity_case
    def targets_stacking_labels():
        X = data(653, ROWS)
        return fitted(stack(stack_method="predict"), X, labels(X), multilabel="absence")

    @parity_case
    def targets_stacking_neighbors():
        X = data(654, ROWS)
        members = [("trees", DecisionTreeClassifier(max_depth=2, random_state=1)),
                   ("mlp", MLPClassifier((3,), random_state=1))]
        return fitted(StackingClassifier(members, KNeighborsClassifier(3), cv=2), X, labels(X), multilabel="absence")

    @parity_case
    def targets_stacking_chain():
        # Chains cannot be fitted crosswise, and the library cannot take the final estimator's one array apart.
        X = data(655, ROWS)
        y = labels(X)[:, :2]
        members = [("ridges", ClassifierChain(RidgeClassifier()).fit(X, y)),
                   ("chain", ClassifierChain(LogisticRegression()).fit(X, y))]
        return fitted(StackingClassifier(members, MLPClassifier((3,), random_state=1), cv="prefit"), X, y,
                      without=["predict_proba"])
