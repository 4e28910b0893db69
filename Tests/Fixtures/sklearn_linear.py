"""Linear regressors and classifiers, generalized linear models, discriminant analysis, partial least squares."""
import numpy as np
import pandas as pd
from sklearn import linear_model as lm
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC, LinearSVR

from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case


def target(X, seed):
    return X @ np.arange(1, X.shape[1] + 1) / 7 + generator(seed).normal(size=len(X))


# ---------------------------------------------------------------------------------------------- regressors
REGRESSORS = {
    "lars": lm.Lars(), "lars_cv": lm.LarsCV(cv=3), "lasso_lars": lm.LassoLars(alpha=0.01),
    "lasso_lars_cv": lm.LassoLarsCV(cv=3), "lasso_lars_ic": lm.LassoLarsIC(), "lasso_cv": lm.LassoCV(cv=3),
    "ridge_cv": lm.RidgeCV(), "elastic_net_cv": lm.ElasticNetCV(cv=3),
    "orthogonal": lm.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
    "orthogonal_cv": lm.OrthogonalMatchingPursuitCV(cv=3), "bayesian_ridge": lm.BayesianRidge(),
    "ard": lm.ARDRegression(), "huber": lm.HuberRegressor(max_iter=1000),
    "theil_sen": lm.TheilSenRegressor(random_state=1, max_subpopulation=50),
    "ransac": lm.RANSACRegressor(random_state=1),
    "ransac_ridge": lm.RANSACRegressor(lm.Ridge(), min_samples=5, random_state=1),
    "sgd": lm.SGDRegressor(random_state=1, average=True),
    "passive_aggressive": lm.PassiveAggressiveRegressor(random_state=1),
    "linear_svr": LinearSVR(random_state=1, max_iter=10000),
    "linear_svr_no_intercept": LinearSVR(random_state=1, max_iter=10000, fit_intercept=False),
    "kernel_ridge": KernelRidge(kernel="rbf", gamma=0.3),
    "kernel_ridge_poly": KernelRidge(kernel="poly", degree=2),
    "kernel_ridge_laplacian": KernelRidge(kernel="laplacian"),
    "kernel_ridge_cosine": KernelRidge(kernel="cosine"),
    "kernel_ridge_sigmoid": KernelRidge(kernel="sigmoid", gamma=0.01),
}
if VERSION >= (1, 2):
    REGRESSORS["quantile"] = lm.QuantileRegressor(solver="highs", alpha=0.01)

for name, model in REGRESSORS.items():
    mark = full_case if name in ("ransac", "kernel_ridge") else parity_case

    @mark
    def linear_regressor(name=name, model=model):
        X = numbers(4, 101)[:24]
        return make_pipeline(StandardScaler(), model).fit(X, target(X, 102)), X, {"suffix": "_" + name}


MULTI = {
    "lasso": lm.MultiTaskLasso(alpha=0.01), "lasso_cv": lm.MultiTaskLassoCV(cv=3),
    "elastic_net": lm.MultiTaskElasticNet(alpha=0.01), "elastic_net_cv": lm.MultiTaskElasticNetCV(cv=3),
    "lars": lm.Lars(), "orthogonal": lm.OrthogonalMatchingPursuit(n_nonzero_coefs=2), "ridge_cv": lm.RidgeCV(),
    "ransac": lm.RANSACRegressor(random_state=1), "kernel_ridge": KernelRidge(kernel="rbf"),
    "lasso_plain": lm.Lasso(alpha=0.01),
}
for name, model in MULTI.items():
    mark = full_case if name in ("lasso",) else parity_case

    @mark
    def linear_targets(name=name, model=model):
        X = numbers(4, 103)[:30]
        y = np.stack([target(X, 104), -2 * target(X, 105)], axis=1)
        return make_pipeline(StandardScaler(), model).fit(X, y), X, {"suffix": "_" + name}


GENERALIZED = {
    "poisson": lm.PoissonRegressor(), "gamma": lm.GammaRegressor(), "tweedie": lm.TweedieRegressor(power=1.5),
    "tweedie_normal": lm.TweedieRegressor(power=0), "tweedie_log": lm.TweedieRegressor(power=0, link="log"),
    "tweedie_identity": lm.TweedieRegressor(power=1.5, link="identity", max_iter=1000),
}
for name, model in GENERALIZED.items():
    mark = case if name == "tweedie" else full_case if name == "tweedie_normal" else parity_case

    @mark
    def generalized_linear(name=name, model=model):
        X = numbers(3, 106)[:40]
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        y = np.exp(scaled @ [0.3, -0.2, 0.1] + 1)
        return make_pipeline(StandardScaler(), model).fit(X, y), X, {"suffix": "_" + name}


for components, targets in [(2, 1), (2, 2), (1, 3)]:
    mark = case if (components, targets) == (2, 2) else full_case if targets == 1 else parity_case

    @mark
    def partial_least_squares(components=components, targets=targets):
        X = numbers(4, 107)[:30]
        y = np.stack([target(X, 108 + k) * (k + 1) for k in range(targets)], axis=1)
        options = {"suffix": f"_{components}_{targets}"}
        return PLSRegression(components).fit(X, y[:, 0] if targets == 1 else y), X, options


@parity_case
def partial_least_squares_canonical():
    X = numbers(4, 107)[:30]
    y = np.stack([target(X, 108), target(X, 109)], axis=1)
    return PLSCanonical(2, scale=False).fit(X, y), X, {}


@parity_case
def partial_least_squares_correlation():
    X = numbers(4, 107)[:30]
    y = np.stack([target(X, 108), target(X, 109)], axis=1)
    return CCA(2).fit(X, y), X, {}


# ---------------------------------------------------------------------------------------------- classifiers
LABELS = {"two": [3, -5], "three": ["ash", "birch", "cedar"], "booleans": [False, True], "floats": [4.0, 1.0, -2.0]}


def sgd(loss):
    return lm.SGDClassifier(loss=loss, random_state=1)


LOG = "log_loss" if VERSION >= (1, 1) else "log"
CLASSIFIERS = {
    "ridge": lm.RidgeClassifier(), "ridge_cv": lm.RidgeClassifierCV(), "perceptron": lm.Perceptron(random_state=1),
    "passive_aggressive": lm.PassiveAggressiveClassifier(random_state=1),
    "linear_svc": LinearSVC(random_state=1, max_iter=10000),
    "linear_svc_no_intercept": LinearSVC(random_state=1, max_iter=10000, fit_intercept=False),
    "sgd_hinge": sgd("hinge"), "sgd_log": sgd(LOG), "sgd_modified_huber": sgd("modified_huber"),
    "sgd_squared_hinge": sgd("squared_hinge"), "sgd_perceptron": sgd("perceptron"), "sgd_huber": sgd("huber"),
    "sgd_squared_error": sgd("squared_error"),
    "logistic_cv": lm.LogisticRegressionCV(cv=3), "logistic_saga": lm.LogisticRegression(solver="saga", max_iter=500),
    "lda": LinearDiscriminantAnalysis(), "lda_eigen": LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
    "lda_lsqr": LinearDiscriminantAnalysis(solver="lsqr"),
    "lda_one": LinearDiscriminantAnalysis(n_components=1),
    "qda": QuadraticDiscriminantAnalysis(), "qda_regularized": QuadraticDiscriminantAnalysis(reg_param=0.3),
}
EVERYWHERE = {("ridge", "two")}
ONCE = {("ridge", "three"), ("sgd_log", "three"), ("sgd_modified_huber", "three"), ("linear_svc", "floats"),
        ("perceptron", "booleans"), ("qda", "three"), ("lda", "three")}

for name, model in CLASSIFIERS.items():
    for kind, labels in LABELS.items():
        mark = case if (name, kind) in EVERYWHERE else full_case if (name, kind) in ONCE else parity_case

        @mark
        def linear_classifier(name=name, model=model, kind=kind, labels=labels):
            X = numbers(3, 111)
            options = {"suffix": f"_{name}_{kind}"}
            if name == "lda_lsqr":
                options["without"] = ["transform"]
            return make_pipeline(StandardScaler(), model).fit(X, classes(X, labels)), X, options


@full_case
def linear_classifier_frame():
    X = pd.DataFrame(numbers(3, 112), columns=["one", "two words", "drei ß"])
    return LinearDiscriminantAnalysis().fit(X, classes(X.to_numpy(), ["a", "b"])), X, {"joblib": 3}


@parity_case
def discriminant_axes():
    X = numbers(3, 113)
    model = make_pipeline(LinearDiscriminantAnalysis(), lm.LogisticRegression())
    return model.fit(X, classes(X, [1, 2, 3])), X, {}


@parity_case
def discriminant_sparse():
    X = numbers(3, 113)
    model = lm.SGDClassifier(loss="modified_huber", penalty="l1", random_state=1)
    model = make_pipeline(StandardScaler(), model).fit(X, classes(X, [1, 2, 3]))
    model[-1].sparsify()
    return model, X, {}


@full_case
def linear_outliers():
    X = numbers(3, 114)
    model = make_pipeline(StandardScaler(), lm.SGDOneClassSVM(random_state=1, nu=0.3))
    return model.fit(X), X, {}
