"""Support vector machines."""
import numpy as np
import scipy.sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case

LABELS = {"two": ["yes", "no"], "three": [7, -1, 3], "four": [1.0, 2.0, 3.0, -4.0]}
KERNELS = {
    "linear": dict(kernel="linear"), "rbf": dict(kernel="rbf"), "rbf_gamma": dict(kernel="rbf", gamma=0.7),
    "rbf_auto": dict(kernel="rbf", gamma="auto"), "poly": dict(kernel="poly", degree=3, coef0=0.5),
    "poly_high": dict(kernel="poly", degree=7, gamma=0.4),
    "sigmoid": dict(kernel="sigmoid", coef0=-0.3, gamma=0.1),
}
EVERYWHERE = {("rbf", "three", "plain")}
ONCE = {("linear", "two", "probability"), ("poly", "three", "pairs"), ("sigmoid", "four", "ties"),
        ("rbf", "four", "nu_probability")}


def data(seed, rows=24):
    return numbers(3, seed)[:rows]


for kernel, parameters in KERNELS.items():
    for kind, labels in LABELS.items():
        for form in ["plain", "probability", "pairs", "ties", "nu", "nu_probability"]:
            key = (kernel, kind, form)
            mark = case if key in EVERYWHERE else full_case if key in ONCE else parity_case

            @mark
            def vectors(kernel=kernel, parameters=parameters, kind=kind, labels=labels, form=form):
                X = data(201)
                more = {"plain": {}, "probability": {"probability": True},
                        "pairs": {"decision_function_shape": "ovo"}, "ties": {"break_ties": True},
                        "nu": {"nu": 0.1}, "nu_probability": {"nu": 0.1, "probability": True}}[form]
                machine = NuSVC if form.startswith("nu") else SVC
                model = make_pipeline(StandardScaler(), machine(**parameters, **more, random_state=3))
                return model.fit(X, classes(X, labels)), X, {"suffix": f"_{kernel}_{kind}_{form}"}


for kernel, parameters in KERNELS.items():
    mark = full_case if kernel == "rbf" else parity_case

    @mark
    def vectors_regressor(kernel=kernel, parameters=parameters):
        X = data(202)
        y = X @ [1, 0.2, 0.01] + generator(203).normal(size=len(X))
        return make_pipeline(StandardScaler(), SVR(**parameters)).fit(X, y), X, {"suffix": "_" + kernel}

    @parity_case
    def vectors_nu_regressor(kernel=kernel, parameters=parameters):
        X = data(204)
        y = X @ [1, 0.2, 0.01] + generator(203).normal(size=len(X))
        return make_pipeline(StandardScaler(), NuSVR(**parameters)).fit(X, y), X, {"suffix": "_" + kernel}

    mark = full_case if kernel == "rbf" else parity_case

    @mark
    def vectors_outliers(kernel=kernel, parameters=parameters):
        X = data(205)
        return make_pipeline(StandardScaler(), OneClassSVM(**parameters, nu=0.3)).fit(X), X, {"suffix": "_" + kernel}


@full_case
def vectors_weighted():
    X = data(206)
    y = classes(X, ["a", "b", "c"])
    weight = np.where(generator(207).random(len(X)) < 0.2, 0.0, generator(208).random(len(X)) + 0.1)
    model = SVC(class_weight={"a": 2, "b": 1, "c": 0.5}, probability=True, random_state=1)
    return model.fit(X, y, sample_weight=weight), X, {"joblib": 3}


@full_case
def vectors_of_no_error():
    # No support vectors: the prediction is the intercept.
    X = data(209)
    return SVR(epsilon=1e9).fit(X, X[:, 0]), X, {}


for kind, labels in LABELS.items():
    mark = full_case if kind == "three" else parity_case

    @mark
    def vectors_sparse(kind=kind, labels=labels):
        X = data(210).round(0)
        X[generator(211).random(X.shape) < 0.3] = 0
        model = SVC(gamma=0.01, probability=True, random_state=2)
        return model.fit(scipy.sparse.csr_matrix(X), classes(X, labels)), X, {"suffix": "_" + kind}
