"""Neighbours: by number, within a radius, nearest centroids, outliers."""
import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.neighbors import (KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor, NearestCentroid,
                               RadiusNeighborsClassifier, RadiusNeighborsRegressor)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case


def data(seed, rows=24):
    return numbers(3, seed)[:rows]


def rows(X, others, metric, weights):
    """Rows of the training set and others. Not the former where the library's distance between equal rows is not zero
    but rounding noise, which becomes their weight."""
    if weights == "distance" and metric in ("brute", "cosine", "sqeuclidean"):
        return others
    return np.vstack([X[:20], others[:20]])


METRICS = {
    "euclidean": {}, "brute": {"algorithm": "brute"}, "kd_tree": {"algorithm": "kd_tree", "leaf_size": 3},
    "ball_tree": {"algorithm": "ball_tree", "leaf_size": 3}, "manhattan": {"p": 1}, "power": {"p": 3},
    "power_brute": {"p": 1.5, "algorithm": "brute"},
    "chebyshev": {"metric": "chebyshev"},
    "chebyshev_p": {"p": np.inf}, "cosine": {"metric": "cosine"}, "canberra": {"metric": "canberra"},
    "braycurtis": {"metric": "braycurtis"}, "sqeuclidean": {"metric": "sqeuclidean", "algorithm": "brute"},
    "l1": {"metric": "l1"}, "l2": {"metric": "l2"}, "cityblock": {"metric": "cityblock"},
}
EVERYWHERE = {("brute", "uniform")}
ONCE = {("ball_tree", "distance"), ("cosine", "uniform")}

for metric, parameters in METRICS.items():
    for weights in ["uniform", "distance"]:
        if metric == "power_brute" and weights == "uniform" and VERSION >= (1, 3):
            continue  # scikit-learn's own classifiers fail there
        key = (metric, weights)
        mark = case if key in EVERYWHERE else full_case if key in ONCE else parity_case

        @mark
        def neighbors_classifier(metric=metric, parameters=parameters, weights=weights):
            X = data(301)
            model = KNeighborsClassifier(4, weights=weights, **parameters)
            return model.fit(X, classes(X, ["a", "b", "c"])), rows(X, data(302), metric, weights), {
                "suffix": f"_{metric}_{weights}"}

        @parity_case
        def neighbors_regressor(metric=metric, parameters=parameters, weights=weights):
            X = data(303)
            model = KNeighborsRegressor(5, weights=weights, **parameters)
            return model.fit(X, X @ [1, 0.2, 0.03]), rows(X, data(304), metric, weights), {
                "suffix": f"_{metric}_{weights}"}

        @parity_case
        def radius_classifier(metric=metric, parameters=parameters, weights=weights):
            X = data(305)
            X = X / X.std(axis=0)
            radius = {"cosine": 0.2, "canberra": 0.9, "braycurtis": 0.3}.get(metric, 1.0)
            model = RadiusNeighborsClassifier(radius, weights=weights, outlier_label="most_frequent", **parameters)
            test = rows(X, data(306), metric, weights)
            return model.fit(X, classes(X, ["a", "b", "c"])), test, {"suffix": f"_{metric}_{weights}"}

        @parity_case
        def radius_regressor(metric=metric, parameters=parameters, weights=weights):
            X = data(307)
            X = X / X.std(axis=0)
            radius = {"cosine": 0.2, "canberra": 0.9, "braycurtis": 0.3}.get(metric, 1.0)
            model = RadiusNeighborsRegressor(radius, weights=weights, **parameters)
            test = rows(X, data(308), metric, weights)
            return model.fit(X, X @ [1, 0.2, 0.03]), test, {"suffix": f"_{metric}_{weights}"}


@full_case
def neighbors_targets():
    X = data(309)
    y = np.stack([X @ [1, 2, 3], X @ [3, 2, 1]], axis=1)
    return KNeighborsRegressor(3, weights="distance").fit(X, y), X, {"joblib": 0}


@parity_case
def neighbors_targets_radius():
    X = data(309)
    X = X / X.std(axis=0)
    y = np.stack([X @ [1, 2, 3], X @ [3, 2, 1]], axis=1)
    return RadiusNeighborsRegressor(0.7).fit(X, y), X, {}


@full_case
def neighbors_integers():
    random = generator(310)
    X = pd.DataFrame({name: random.integers(0, 1000, 30) for name in ["one", "two words", "drei ß"]})
    return KNeighborsRegressor(1).fit(X, X["one"] * 2), X, {}


@full_case
def neighbors_hamming():
    random = generator(311)
    X = random.integers(0, 3, (30, 9)).astype(float)
    model = KNeighborsRegressor(30, metric="hamming", weights="distance")
    return model.fit(X, X @ np.arange(9)), random.integers(0, 3, (12, 9)).astype(float), {}


@parity_case
def neighbors_booleans():
    X = data(312)
    return make_pipeline(StandardScaler(), KNeighborsClassifier(3)).fit(X, X[:, 0] > 3), X, {}


@parity_case
def neighbors_sparse():
    X = data(313)
    X[generator(314).random(X.shape) < 0.3] = 0
    return KNeighborsClassifier(3).fit(scipy.sparse.csr_matrix(X), classes(X, [1, 2, 3])), X, {}


@full_case
def radius_regressor_alone():
    # Some rows have no neighbour: not a number.
    X = data(315)
    return RadiusNeighborsRegressor(20.0).fit(X, X @ [1, 2, 3]), X * 1.2, {}


@full_case
def radius_classifier_label():
    X = data(316)
    model = RadiusNeighborsClassifier(40.0, outlier_label="b", weights="distance")
    return model.fit(X, classes(X, ["a", "b"])), np.vstack([X * 1.5, X]), {}


for metric in ["euclidean", "manhattan"]:
    for shrink in [None, 0.3]:
        for count in [2, 3]:
            key = (metric, shrink, count)
            mark = case if key == ("euclidean", None, 3) else parity_case

            @mark
            def centroids(metric=metric, shrink=shrink, count=count):
                X = data(317)
                model = NearestCentroid(metric=metric, shrink_threshold=shrink)
                options = {"suffix": f"_{metric}_{shrink or 0}_{count}"}
                return model.fit(X, classes(X, list("abc")[:count])), X, options

            if VERSION >= (1, 6):
                mark = full_case if key == ("euclidean", 0.3, 3) else parity_case

                @mark
                def centroids_of_priors(metric=metric, shrink=shrink, count=count):
                    X = data(318)
                    y = classes(X, list("abc")[:count])
                    X[:, 1] = 5 if shrink is None and metric == "euclidean" else X[:, 1]
                    model = NearestCentroid(metric=metric, shrink_threshold=shrink, priors=[0.2, 0.3, 0.5][3 - count:]
                                            if count == 3 else [0.3, 0.7])
                    options = {"suffix": f"_{metric}_{shrink or 0}_{count}"}
                    return model.fit(X, y), X, options


for metric, parameters in {"euclidean": {}, "brute": {"algorithm": "brute"}, "manhattan": {"p": 1},
                           "share": {"contamination": 0.2}}.items():
    mark = full_case if metric == "euclidean" else parity_case

    @mark
    def outlier_factor(metric=metric, parameters=parameters):
        X = data(319)
        return LocalOutlierFactor(5, novelty=True, **parameters).fit(X), np.vstack([X[:10], data(320) * 3]), {
            "suffix": "_" + metric}
