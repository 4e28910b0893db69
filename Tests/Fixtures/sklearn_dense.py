"""Naive Bayes, perceptrons, clusters, mixtures, decompositions, random projections, kernel approximations."""
import numpy as np
import pandas as pd
from sklearn import cluster, decomposition, mixture, naive_bayes
from sklearn.covariance import EllipticEnvelope
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from sklearn_cases import VERSION, case, classes, full_case, generator, numbers, parity_case


def data(seed, columns=3, rows=24):
    return numbers(columns, seed)[:rows]


def counts(seed, columns=5, rows=24):
    return generator(seed).integers(0, 6, (rows, columns)).astype(float)


# ---------------------------------------------------------------------------------------------- naive Bayes
for kind, labels in {"two": [1, 0], "three": ["a", "b", "c"]}.items():
    @(full_case if kind == "three" else parity_case)
    def bayes_gaussian(kind=kind, labels=labels):
        X = data(401)
        return naive_bayes.GaussianNB().fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @parity_case
    def bayes_gaussian_priors(kind=kind, labels=labels):
        X = data(402)
        priors = [0.2, 0.3, 0.5] if len(labels) == 3 else [0.1, 0.9]
        return naive_bayes.GaussianNB(priors=priors).fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @(full_case if kind == "three" else parity_case)
    def bayes_multinomial(kind=kind, labels=labels):
        X = counts(403)
        return naive_bayes.MultinomialNB().fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @(full_case if kind == "two" else parity_case)
    def bayes_complement(kind=kind, labels=labels):
        X = counts(404)
        return naive_bayes.ComplementNB(norm=kind == "two").fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @(full_case if kind == "three" else parity_case)
    def bayes_bernoulli(kind=kind, labels=labels):
        X = data(405)
        return naive_bayes.BernoulliNB(binarize=3.0).fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @parity_case
    def bayes_bernoulli_plain(kind=kind, labels=labels):
        X = (counts(406) > 2).astype(float)
        return naive_bayes.BernoulliNB(binarize=None).fit(X, classes(X, labels)), X, {"suffix": "_" + kind}

    @(full_case if kind == "three" else parity_case)
    def bayes_categorical(kind=kind, labels=labels):
        X = counts(407)
        rows = np.vstack([X[:8], X[:1] + 0.7, [[9, 0, 0, 0, 0]], [[0, -1, 0, 0, 0]], [[0, 0, np.nan, 0, 0]]])
        return naive_bayes.CategoricalNB().fit(X, classes(X, labels)), X, {"suffix": "_" + kind, "rows": rows}


@parity_case
def bayes_one_class():
    X = counts(408)
    return naive_bayes.ComplementNB().fit(X, np.full(len(X), "only")), X, {}


@parity_case
def bayes_impossible():
    # A logarithm of zero: the sum is not a number wherever it is multiplied by zero.
    X = np.array([[0.0, 3, 1], [0, 1, 2], [2, 0, 1], [3, 0, 2]] * 3)
    model = naive_bayes.CategoricalNB(alpha=1e-10).fit(X, [0, 0, 1, 1] * 3)
    return model, X, {}


# ---------------------------------------------------------------------------------------------- perceptrons
for activation in ["identity", "logistic", "tanh", "relu"]:
    for kind, labels in {"two": [5, 3], "three": ["a", "b", "c"]}.items():
        @(full_case if (activation, kind) in [("relu", "three"), ("logistic", "two")] else parity_case)
        def perceptrons(activation=activation, kind=kind, labels=labels):
            X = data(411)
            network = MLPClassifier((5, 4), activation=activation, random_state=1, solver="lbfgs", max_iter=100)
            model = make_pipeline(StandardScaler(), network)
            return model.fit(X, classes(X, labels)), X, {"suffix": f"_{activation}_{kind}", "joblib": 9}

    @(full_case if activation == "tanh" else parity_case)
    def perceptrons_regressor(activation=activation):
        X = data(412)
        network = MLPRegressor(hidden_layer_sizes=(6,), activation=activation, random_state=1, solver="lbfgs")
        model = make_pipeline(StandardScaler(), network)
        return model.fit(X, X @ [1, 0.2, 0.03]), X, {"suffix": "_" + activation, "joblib": 9}


@parity_case
def perceptrons_targets():
    X = data(413)
    model = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(4, 3), random_state=1, solver="lbfgs"))
    return model.fit(X, np.stack([X[:, 0], X[:, 0] - X[:, 1]], axis=1)), X, {}


if VERSION >= (1, 7):
    @parity_case
    def perceptrons_poisson():
        X = data(413)
        model = make_pipeline(StandardScaler(), MLPRegressor("poisson", hidden_layer_sizes=(4,), random_state=1))
        return model.fit(X, np.exp(data(413)[:, 0] / 5)), X, {}


@parity_case
def perceptrons_without_hidden_layer():
    X = data(414)
    model = make_pipeline(StandardScaler(), MLPClassifier((), random_state=1))
    return model.fit(X, classes(X, [1, 2])), X, {}


@parity_case
def perceptrons_machine():
    X = (data(415) > 3).astype(float)
    return make_pipeline(BernoulliRBM(4, random_state=1), Ridge()).fit(X, X[:, 0]), X, {}


# ---------------------------------------------------------------------------------------------- clusters
CLUSTERERS = {
    "k_means": cluster.KMeans(4, n_init=2, random_state=1),
    "mini_batch": cluster.MiniBatchKMeans(3, n_init=2, random_state=1),
    "one": cluster.KMeans(1, n_init=1, random_state=1),
    "mean_shift": cluster.MeanShift(), "affinity": cluster.AffinityPropagation(random_state=1),
    "birch": cluster.Birch(n_clusters=3, threshold=0.3), "birch_alone": cluster.Birch(n_clusters=None),
}
if VERSION >= (1, 1):
    CLUSTERERS["bisecting"] = cluster.BisectingKMeans(5, random_state=1)
    CLUSTERERS["bisecting_one"] = cluster.BisectingKMeans(1, random_state=1)
for name, model in CLUSTERERS.items():
    @(case if name == "k_means" else full_case if name in ("bisecting", "birch") else parity_case)
    def clusters(name=name, model=model):
        X = data(421)
        # The distance of a row to itself as a centre is rounding noise in the library.
        options = {"tolerance": 1e-3} if name.startswith("birch") else {}
        return make_pipeline(StandardScaler(), model).fit(X), X, {"suffix": "_" + name, "joblib": 9, **options}


@parity_case
def clusters_frame():
    X = pd.DataFrame(data(422), columns=["one", "two words", "drei ß"])
    return cluster.KMeans(3, n_init=1, random_state=1).fit(X), X, {}


@full_case
def clusters_as_features():
    X = data(423)
    model = make_pipeline(StandardScaler(), cluster.KMeans(4, n_init=1, random_state=1), Ridge())
    return model.fit(X, X @ [1, 0.2, 0.03]), X, {}


for kind in ["full", "tied", "diag", "spherical"]:
    @full_case
    def gaussians(kind=kind):
        X = data(424)
        model = mixture.GaussianMixture(3, covariance_type=kind, random_state=1)
        return make_pipeline(StandardScaler(), model).fit(X), X, {"suffix": "_" + kind}

    @(full_case if kind == "tied" else parity_case)
    def gaussians_bayesian(kind=kind):
        X = data(425)
        model = mixture.BayesianGaussianMixture(n_components=3, covariance_type=kind, random_state=1)
        return make_pipeline(StandardScaler(), model).fit(X), X, {"suffix": "_" + kind}

    @parity_case
    def gaussians_distribution(kind=kind):
        X = data(425)
        model = mixture.BayesianGaussianMixture(
            n_components=3, covariance_type=kind, random_state=1, weight_concentration_prior_type="dirichlet_distribution")
        return make_pipeline(StandardScaler(), model).fit(X), X, {"suffix": "_" + kind}

    @parity_case
    def gaussians_unscaled(kind=kind):
        X = data(426)
        return mixture.GaussianMixture(2, covariance_type=kind, random_state=1).fit(X), X, {"suffix": "_" + kind}


@full_case
def ellipse():
    X = data(427)
    return EllipticEnvelope(random_state=1).fit(X), np.vstack([X, X[:10] * 3]), {}


# ---------------------------------------------------------------------------------------------- decompositions
TRANSFORMERS = {
    "pca": decomposition.PCA(2), "pca_whiten": decomposition.PCA(2, whiten=True),
    "pca_share": decomposition.PCA(0.9), "pca_all": decomposition.PCA(),
    "incremental": decomposition.IncrementalPCA(2, batch_size=10),
    "incremental_whiten": decomposition.IncrementalPCA(2, batch_size=10, whiten=True),
    "svd": decomposition.TruncatedSVD(2, random_state=1),
    "ica": decomposition.FastICA(2, random_state=1, whiten="arbitrary-variance" if VERSION >= (1, 1) else True),
    "ica_unit": decomposition.FastICA(3, random_state=1, whiten="unit-variance" if VERSION >= (1, 1) else True),
    "factors": decomposition.FactorAnalysis(2, random_state=1),
    "projection": GaussianRandomProjection(2, random_state=1),
    "projection_sparse": SparseRandomProjection(2, random_state=1),
    "sampler": RBFSampler(gamma=0.2, n_components=6, random_state=1),
    "nystroem": Nystroem(n_components=6, random_state=1),
    "nystroem_poly": Nystroem(kernel="polynomial", n_components=6, random_state=1),
    "kernel_linear": decomposition.KernelPCA(2), "kernel_rbf": decomposition.KernelPCA(2, kernel="rbf", gamma=0.3),
    "kernel_rbf_default": decomposition.KernelPCA(3, kernel="rbf"),
    "kernel_poly": decomposition.KernelPCA(2, kernel="poly", degree=2),
    "kernel_sigmoid": decomposition.KernelPCA(2, kernel="sigmoid", gamma=0.01),
    "kernel_cosine": decomposition.KernelPCA(2, kernel="cosine"),
}
ONCE = {"svd", "ica", "factors", "projection_sparse", "sampler", "nystroem", "kernel_rbf"}
for name, model in TRANSFORMERS.items():
    @(case if name == "pca_whiten" else full_case if name in ONCE else parity_case)
    def components(name=name, model=model):
        X = data(431, columns=4)
        options = {"suffix": "_" + name, "without": ["score_samples"]}
        return make_pipeline(StandardScaler(), model).fit(X), X, options

    @parity_case
    def components_before_a_model(name=name, model=model):
        X = data(432, columns=4)
        model = make_pipeline(StandardScaler(), model, LogisticRegression())
        return model.fit(X, classes(X, ["a", "b", "c"])), X, {"suffix": "_" + name}


@full_case
def components_unscaled():
    X = data(433, columns=4)
    return decomposition.PCA(2).fit(X), X, {"without": ["score_samples"]}
