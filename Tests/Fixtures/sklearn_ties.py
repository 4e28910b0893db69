"""Neighbours that are equally far: grids of whole numbers, repeated rows. What is taken of them decides the answer."""
import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_cases import case, full_case, generator, parity_case

METRICS = {
    "euclidean": {}, "manhattan": {"p": 1}, "chebyshev": {"metric": "chebyshev"}, "power": {"p": 3},
    "canberra": {"metric": "canberra"}, "braycurtis": {"metric": "braycurtis"}, "hamming": {"metric": "hamming"},
}
KD_TREE = {"euclidean", "manhattan", "chebyshev", "power"}


def grid(seed, rows=60, columns=3, values=4):
    """Whole numbers, of which many rows are the same."""
    return generator(seed).integers(0, values, (rows, columns)).astype(float)


def near(seed, columns=3):
    """Rows of the grid, and rows between."""
    return np.vstack([grid(seed, 15, columns), grid(seed + 1, 15, columns) + 0.5, grid(seed + 2, 10, columns, 9) - 2])


for metric, parameters in METRICS.items():
    for algorithm in ["kd_tree", "ball_tree", "brute"]:
        if algorithm == "kd_tree" and metric not in KD_TREE:
            continue
        for weights in ["uniform", "distance"]:
            key = (metric, algorithm, weights)
            mark = (case if key == ("euclidean", "kd_tree", "uniform") else
                    full_case if key in {("manhattan", "ball_tree", "distance"), ("euclidean", "brute", "uniform")} else
                    parity_case)

            @mark
            def ties_classifier(metric=metric, parameters=parameters, algorithm=algorithm, weights=weights):
                X = grid(701)
                model = KNeighborsClassifier(5, algorithm=algorithm, leaf_size=3, weights=weights, **parameters)
                return model.fit(X, generator(702).integers(0, 5, len(X))), near(703), {
                    "suffix": f"_{metric}_{algorithm}_{weights}", "may_refuse": metric == "hamming"}

            if metric == "hamming" and algorithm == "brute":
                continue

            @parity_case
            def ties_regressor(metric=metric, parameters=parameters, algorithm=algorithm, weights=weights):
                X = grid(704, 150, 4, 3)
                model = KNeighborsRegressor(7, algorithm=algorithm, leaf_size=10, weights=weights, **parameters)
                return model.fit(X, np.arange(len(X)) + 1.0), near(705, 4), {
                    "suffix": f"_{metric}_{algorithm}_{weights}"}


for count in [1, 2, 3, 9, 40]:
    for algorithm in ["kd_tree", "ball_tree", "brute"]:
        @parity_case
        def ties_count(count=count, algorithm=algorithm):
            X = grid(711, 41, 2, 3)
            model = KNeighborsRegressor(count, algorithm=algorithm, leaf_size=1)
            return model.fit(X, np.arange(len(X)) + 1.0), near(712, 2), {"suffix": f"_{count}_{algorithm}"}


for algorithm in ["kd_tree", "ball_tree", "brute"]:
    @parity_case
    def ties_repeated(algorithm=algorithm):
        X = generator(721).normal(size=(20, 3))
        X = np.vstack([X, X, X])
        model = KNeighborsRegressor(4, algorithm=algorithm, leaf_size=4)
        return model.fit(X, np.arange(len(X)) + 1.0), generator(722).normal(size=(20, 3)), {"suffix": f"_{algorithm}"}

    @parity_case
    def ties_scaled(algorithm=algorithm):
        X = grid(723)
        model = make_pipeline(StandardScaler(), KNeighborsClassifier(3, algorithm=algorithm, leaf_size=5))
        return model.fit(X, generator(724).integers(0, 4, len(X))), near(725), {
            "suffix": f"_{algorithm}", "may_refuse": algorithm == "brute"}

    @parity_case
    def ties_outliers(algorithm=algorithm):
        X = grid(726, 80)
        model = LocalOutlierFactor(6, novelty=True, algorithm=algorithm, leaf_size=5)
        return model.fit(X), near(727), {"suffix": f"_{algorithm}"}


@parity_case
def ties_integers():
    """Brute force on whole numbers of an integer type is no scan but a partial sort."""
    X = grid(731).astype(int)
    return KNeighborsClassifier(4, algorithm="brute").fit(X, generator(732).integers(0, 3, len(X))), near(733), {
        "may_refuse": True}


@full_case
def ties_cosine():
    X = grid(734) + 1
    return KNeighborsClassifier(4, metric="cosine").fit(X, generator(735).integers(0, 3, len(X))), near(736) + 3, {
        "may_refuse": True}


@parity_case
def ties_targets():
    X = grid(737)
    y = generator(738).integers(0, 3, (len(X), 2))
    return KNeighborsClassifier(4, algorithm="kd_tree").fit(X, y), near(739), {}
