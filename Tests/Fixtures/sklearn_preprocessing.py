"""Encoders, scalers, transforms and imputers beyond those of the pipelines."""
import numpy as np
import pandas as pd
import sklearn.preprocessing
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import (
    RFE, RFECV, GenericUnivariateSelect, SelectFdr, SelectFpr, SelectFromModel, SelectFwe, SelectKBest,
    SelectPercentile, SequentialFeatureSelector, VarianceThreshold, f_classif, f_regression)
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer, FunctionTransformer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder,
    OrdinalEncoder, PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, SplineTransformer,
    StandardScaler)

from sklearn_cases import ROWS, VERSION, case, full_case, generator, numbers, parity_case, town

# Since 1.3.
TargetEncoder = getattr(sklearn.preprocessing, "TargetEncoder", None)


# ---------------------------------------------------------------------------------------------- ordinal
def mixed(seed, missing=0.15):
    """Columns of strings, floats, integers and booleans that are categories."""
    random = generator(seed)
    X, y = town(seed, missing)
    X = X.drop(columns=["year", "area"])
    X["floor"] = random.integers(-2, 6, ROWS)
    X["lift"] = random.random(ROWS) < 0.5
    return X, y


@full_case
def ordinal_mixed():
    X, y = mixed(101)
    return make_pipeline(OrdinalEncoder(), Ridge(solver="cholesky")).fit(X.dropna(), y[X.notna().all(axis=1)]), X, {
        "unknown": {"heating": "coal"}}


@full_case
def ordinal_unknown_value():
    X, _ = mixed(102)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return encoder.fit(X), X, {"unknown": {"heating": "coal", "floor": 99, "rooms": 2.5}}


@parity_case
def ordinal_unknown_nan():
    X, _ = mixed(103, missing=0)
    X["heating"] = X["heating"].astype(object)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return encoder.fit(X), X, {"unknown": {"heating": np.nan, "floor": 99}}


@parity_case
def ordinal_missing_value():
    X, _ = mixed(104)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=-1)
    return encoder.fit(X), X, {"unknown": {"heating": "coal", "owner": np.nan}}


@full_case
def ordinal_given_categories():
    X, _ = mixed(105, missing=0)
    encoder = OrdinalEncoder(categories=[["west", "south", "east", "north"], ["Bob", "Ann"]], dtype=np.float32)
    return encoder.fit(X[["district", "owner"]]), X[["district", "owner"]], {"unknown": {"owner": "bob"}}


@parity_case
def ordinal_none_is_a_category():
    X, _ = mixed(106)
    X["heating"] = [None if value != value else value for value in X["heating"]]
    return OrdinalEncoder(encoded_missing_value=-7, dtype=np.int64).fit(X[["heating"]]), X[["heating"]], {}


@full_case
def ordinal_array_of_numbers():
    X = generator(107).integers(0, 4, (ROWS, 3)).astype(float)
    X[::7, 1] = np.nan
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=9, dtype=np.float32,
                             encoded_missing_value=9.1)
    return encoder.fit(X), np.vstack([X[:9], [[7, 7, -0.0]]]), {}


if VERSION >= (1, 3):
    @case
    def ordinal_infrequent():
        X, _ = mixed(108)
        encoder = OrdinalEncoder(min_frequency=12, handle_unknown="use_encoded_value", unknown_value=99,
                                 encoded_missing_value=-1)
        return encoder.fit(X), X, {"unknown": {"heating": "coal", "floor": 99}}

    @parity_case
    def ordinal_max_categories():
        X, _ = mixed(109)
        return OrdinalEncoder(max_categories=3).fit(X), X, {"unknown": {"heating": "coal"}}


# ---------------------------------------------------------------------------------------------- targets
if VERSION >= (1, 3):
    @parity_case
    def target_encoder_continuous():
        X, y = mixed(120)
        return make_pipeline(TargetEncoder(random_state=0), Ridge(solver="cholesky")).fit(X, y), X, {
            "unknown": {"heating": "coal", "floor": 99}}

    @parity_case
    def target_encoder_binary():
        X, y = mixed(121)
        return TargetEncoder(random_state=0).fit(X, np.where(y > np.median(y), "dear", "cheap")), X, {
            "unknown": {"heating": "coal", "floor": 99}}

if VERSION >= (1, 4):
    @full_case
    def target_encoder_classes():
        X, y = mixed(122)
        X = X[["heating", "floor"]]
        return TargetEncoder(random_state=0).fit(X, np.digitize(y, np.quantile(y, [0.3, 0.6]))), X, {
            "unknown": {"heating": "coal", "floor": 99}}


# ---------------------------------------------------------------------------------------------- one-hot
@full_case
def one_hot_booleans_and_integers():
    X, _ = mixed(123)
    encoder = OneHotEncoder(handle_unknown="ignore")
    return encoder.fit(X[["lift", "floor"]]), X[["lift", "floor"]], {"unknown": {"floor": 99}}


@parity_case
def one_hot_drops_missing():
    X, _ = mixed(124)
    X["heating"] = X["heating"].astype(object)
    encoder = OneHotEncoder(drop=[np.nan, "Bob"])
    return encoder.fit(X[["heating", "owner"]]), X[["heating", "owner"]], {}


if VERSION >= (1, 3):
    @parity_case
    def one_hot_infrequent_and_dropped():
        X, _ = mixed(125)
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2, drop="first")
        return encoder.fit(X), X, {"unknown": {"heating": "coal", "floor": 99, "owner": "Cem"}}

    @parity_case
    def one_hot_infrequent_only():
        X, _ = mixed(126)
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=1)
        return encoder.fit(X), X, {"unknown": {"heating": "coal", "floor": 99, "owner": "Cem"}}

if VERSION >= (1, 6):
    @parity_case
    def one_hot_warns():
        X, _ = mixed(127)
        return OneHotEncoder(handle_unknown="warn", min_frequency=10).fit(X), X, {
            "unknown": {"heating": "coal", "floor": 99, "owner": "Cem"}}


# ---------------------------------------------------------------------------------------------- scalers
def extremes(X):
    """Rows with the columns' bounds and numbers around them."""
    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    return np.vstack([X[:12], low, high, np.nextafter(low, -np.inf), np.nextafter(high, np.inf), low - 1, high + 1e6,
                      0 * low, 1e-300 + 0 * low, -1e18 + 0 * low])


def alone(name, model, columns=3, missing=0.1, positive=False, is_full=False, **options):
    """A transformer by itself, and before a model."""
    def fitted(seed=130 + sum(map(ord, name)) % 50):
        X = numbers(columns, seed, missing)
        if positive:
            X = np.abs(X) + 0.01
        return model().fit(X), extremes(X), dict(options)

    fitted.__name__ = name
    (full_case if is_full else parity_case)(fitted)


alone("scaler_standard", StandardScaler)
alone("scaler_min_max_clipped", lambda: MinMaxScaler(feature_range=(-3, 0.5), clip=True))
alone("scaler_min_max", lambda: MinMaxScaler(feature_range=(2, 3)))
alone("scaler_max_abs", MaxAbsScaler)
if VERSION >= (1, 9):
    alone("scaler_max_abs_clipped", lambda: MaxAbsScaler(clip=True), is_full=True)
alone("scaler_robust", lambda: RobustScaler(quantile_range=(10, 80)))
alone("scaler_robust_unit_variance", lambda: RobustScaler(unit_variance=True), is_full=True)
alone("scaler_robust_centers", lambda: RobustScaler(with_scaling=False))
for norm in ["l1", "l2", "max"]:
    alone(f"normalizer_{norm}", lambda norm=norm: Normalizer(norm), missing=0)
alone("binarizer", lambda: Binarizer(threshold=3.5), missing=0, is_full=True)


# ---------------------------------------------------------------------------------------------- bins
def bins(encode, strategy, seed):
    X = numbers(3, seed)
    X[:, 2] = np.round(X[:, 2] / 200)
    options = {"encode": encode, "strategy": strategy, "n_bins": [4, 3, 5]}
    if VERSION >= (1, 3) and strategy == "quantile":
        options["subsample"] = None
    model = KBinsDiscretizer(**options).fit(X)
    edges = np.array([edge[1] for edge in model.bin_edges_])
    rows = np.vstack([extremes(X), edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    return model, rows, {}


@full_case
def bins_one_hot():
    return bins("onehot", "quantile", 140)


@parity_case
def bins_dense():
    return bins("onehot-dense", "uniform", 141)


@parity_case
def bins_ordinal():
    return bins("ordinal", "kmeans", 142)


# ---------------------------------------------------------------------------------------------- shapes
@parity_case
def polynomial_plain():
    X = numbers(3, 143) / 10
    return make_pipeline(PolynomialFeatures(), Ridge(solver="cholesky")).fit(X, X @ [1, 2, 3]), X, {
        "tolerance": 1e-8}


for index, parameters in enumerate([
        {"degree": 3}, {"degree": 4, "include_bias": False}, {"degree": 3, "interaction_only": True},
        {"degree": 6, "interaction_only": True, "include_bias": False}, {"degree": (2, 3)}, {"degree": (0, 0)},
        {"degree": (3, 3), "include_bias": False}, {"degree": (2, 4), "interaction_only": True}, {"degree": 1},
        {"degree": (0, 2), "include_bias": False}]):
    alone(f"polynomial_{index}", lambda parameters=parameters: PolynomialFeatures(**parameters), 4, 0,
          is_full=index == 2)


def spline(name, is_full=False, missing=0, **parameters):
    def fitted(seed=150 + sum(map(ord, name)) % 50):
        X = numbers(2, seed, missing)
        X[:, 1] /= 10
        model = SplineTransformer(**parameters).fit(X)
        knots = np.array([getattr(model.bsplines_[k], "t") for k in range(2)]).T
        return model, np.vstack([extremes(X), knots, np.nextafter(knots, np.inf), np.nextafter(knots, -np.inf)]), {}

    fitted.__name__ = name
    (full_case if is_full else parity_case)(fitted)


spline("spline_constant")
spline("spline_linear", extrapolation="linear", knots="quantile", n_knots=4)
spline("spline_linear_degree_1", extrapolation="linear", degree=1)
spline("spline_linear_degree_0", extrapolation="linear", degree=0)
spline("spline_constant_degree_0", degree=0, n_knots=2)
spline("spline_continue", extrapolation="continue", degree=2)
spline("spline_periodic", True, extrapolation="periodic", n_knots=6)
spline("spline_periodic_short", extrapolation="periodic", n_knots=4)
spline("spline_error", extrapolation="error", include_bias=False)
spline("spline_no_bias", include_bias=False, degree=4, n_knots=3)
if VERSION >= (1, 8):
    spline("spline_missing", True, missing=0.2, handle_missing="zeros")

alone("power_yeo_johnson", PowerTransformer)
alone("power_plain", lambda: PowerTransformer(standardize=False))
alone("power_box_cox", lambda: PowerTransformer(method="box-cox"), positive=True, is_full=True)
alone("power_box_cox_plain", lambda: PowerTransformer(method="box-cox", standardize=False), positive=True)
alone("quantile_uniform", lambda: QuantileTransformer(n_quantiles=20))
alone("quantile_normal", lambda: QuantileTransformer(n_quantiles=20, output_distribution="normal"), is_full=True)
alone("quantile_all", lambda: QuantileTransformer(n_quantiles=80, output_distribution="normal"))


@parity_case
def quantile_of_repeated_numbers():
    X = np.round(numbers(3, 160) / [1, 10, 100])
    model = QuantileTransformer(n_quantiles=30, output_distribution="normal").fit(X)
    return model, np.vstack([extremes(X), model.quantiles_, np.nextafter(model.quantiles_, np.inf)]), {}


@case
def power_in_a_pipeline():
    X = numbers(3, 161)
    model = make_pipeline(PowerTransformer(), QuantileTransformer(n_quantiles=10, output_distribution="normal"),
                          Normalizer(), LogisticRegression())
    return model.fit(X, X[:, 0] > 3), X, {}


# ---------------------------------------------------------------------------------------------- functions
for index, function in enumerate([
        np.log1p, np.log, np.log2, np.log10, np.exp, np.expm1, np.sqrt, np.cbrt, np.abs, np.square, np.sin, np.cos,
        np.tanh, np.sign, np.reciprocal, np.negative, np.floor, np.ceil, np.rint, np.arctan, np.nan_to_num]):
    if VERSION < (1, 3):
        break
    alone(f"function_{function.__name__}", lambda function=function: FunctionTransformer(function),
          positive=index % 4 == 1, is_full=index == 0)


@full_case
def function_before_a_classifier():
    X = numbers(3, 162)
    model = make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression())
    return model.fit(np.abs(X), X[:, 0] > 3), X, {}


# ---------------------------------------------------------------------------------------------- imputers
@full_case
def imputer_of_a_text():
    X, _ = town(170, missing=0)
    X.loc[::5, "heating"] = "?"
    model = SimpleImputer(missing_values="?", strategy="most_frequent", add_indicator=True)
    return make_pipeline(model, OneHotEncoder(handle_unknown="ignore")).fit(X[["heating", "district"]]), \
        X[["heating", "district"]], {"unknown": {"district": "?"}}


@parity_case
def imputer_of_none():
    X, _ = town(171)
    X["heating"] = [None if value != value else value for value in X["heating"]]
    model = SimpleImputer(missing_values=None, strategy="constant", fill_value="none")
    return make_pipeline(model, OneHotEncoder()).fit(X[["heating", "district"]]), X[["heating", "district"]], {}


@parity_case
def imputer_median_alone():
    X = numbers(4, 172, missing=0.3)
    return SimpleImputer(strategy="median", add_indicator=True).fit(X), X, {}


@parity_case
def imputer_most_frequent_numbers():
    X = np.round(numbers(3, 173, missing=0.3))
    return SimpleImputer(strategy="most_frequent").fit(X), X, {}


@parity_case
def imputer_of_infinity_free_value():
    X = numbers(3, 174).round(0)
    X[::4, 0] = 0
    return SimpleImputer(missing_values=0, strategy="mean", add_indicator=True).fit(X), X, {}


@full_case
def indicator_refuses_new():
    X = numbers(4, 175)
    X[::3, 1] = np.nan
    rows = X[:8].copy()
    rows[3, 2] = np.nan
    return MissingIndicator().fit(X), rows, {}


@parity_case
def indicator_takes_new():
    X = numbers(4, 176)
    X[::3, [1, 3]] = np.nan
    rows = X[:8].copy()
    rows[3, 2] = np.nan
    return MissingIndicator(error_on_new=False).fit(X), rows, {}


def neighbors(seed, **parameters):
    X = numbers(4, seed, missing=0.25)
    X[:, 3] /= 100
    return KNNImputer(**parameters).fit(X[:40]), X[40:], {"tolerance": 1e-7}


@full_case
def knn_imputer():
    return neighbors(177, n_neighbors=3)


@parity_case
def knn_imputer_weighted():
    # Before 1.3 a row that is complete has no indicators.
    return neighbors(178, weights="distance", add_indicator=VERSION >= (1, 3))


@parity_case
def knn_imputer_few_rows():
    model, X, options = neighbors(179, n_neighbors=3)
    X = np.vstack([X[:20], np.full((1, 4), np.nan)])
    return KNNImputer(n_neighbors=30).fit(X[:9]), X, options


@parity_case
def knn_imputer_of_a_value():
    # Not rounded: which of equally far rows count is left to chance.
    X = numbers(3, 180)
    X[::4, 1] = -1
    X[::5, 0] = -1
    return KNNImputer(missing_values=-1).fit(X), X, {"tolerance": 1e-7}


@full_case
def iterative_imputer():
    X = numbers(2, 181, missing=0.2)
    model = IterativeImputer(LinearRegression(), max_iter=2, random_state=0, min_value=-1, add_indicator=True)
    return model.fit(X), X, {"tolerance": 1e-7}


@parity_case
def iterative_imputer_near_features():
    X = numbers(5, 182, missing=0.1)
    X[:, 2] = np.nan
    model = IterativeImputer(Ridge(), max_iter=4, random_state=0, n_nearest_features=2, initial_strategy="median",
                             imputation_order="random")
    return model.fit(X), X[:, :], {"tolerance": 1e-7}


# ---------------------------------------------------------------------------------------------- selection
def selection(name, model, is_full=False, target="numbers"):
    def fitted(seed=190 + sum(map(ord, name)) % 60):
        X = numbers(6, seed)
        y = X @ [1, 0, 0.2, 0, 0.001, 0]
        if target == "classes":
            y = np.digitize(y, np.quantile(y, [0.3, 0.6]))
        return model().fit(X, y), X, {}

    fitted.__name__ = name
    (full_case if is_full else parity_case)(fitted)


selection("select_k_best", lambda: SelectKBest(f_classif, k=2), True, "classes")
selection("select_all", lambda: SelectKBest(f_classif, k="all"), target="classes")
selection("select_percentile", lambda: SelectPercentile(f_regression, percentile=40), True)
selection("select_fpr", lambda: SelectFpr(f_regression, alpha=0.3))
selection("select_fdr", lambda: SelectFdr(f_regression, alpha=0.4))
selection("select_fwe", lambda: SelectFwe(f_regression, alpha=0.5))
for mode, parameter in [("k_best", 3), ("percentile", 50), ("fpr", 0.3), ("fdr", 0.4), ("fwe", 0.5)]:
    selection(f"select_generic_{mode}", lambda mode=mode, parameter=parameter: GenericUnivariateSelect(
        f_regression, mode=mode, param=parameter))
selection("variance_threshold", lambda: VarianceThreshold(threshold=50), True)
selection("select_from_model", lambda: SelectFromModel(Ridge()), True)
selection("select_from_lasso", lambda: SelectFromModel(Lasso(alpha=0.1)))
selection("select_from_classes", lambda: SelectFromModel(LogisticRegression(max_iter=20), threshold="0.7*median",
                                                         norm_order=2), target="classes")
selection("select_from_model_at_most", lambda: SelectFromModel(Ridge(), max_features=2, threshold=-np.inf))
selection("sequential_selector", lambda: SequentialFeatureSelector(Ridge(), n_features_to_select=2, cv=2))
selection("rfe_regressor", lambda: RFE(Ridge(), n_features_to_select=3), True)
selection("rfe_classifier", lambda: RFE(LogisticRegression(max_iter=20), n_features_to_select=3), target="classes")
selection("rfecv", lambda: RFECV(Ridge(), cv=2))
selection("select_in_pipeline", lambda: make_pipeline(StandardScaler(), SelectKBest(f_regression, k=3), Ridge()))
selection("rfe_in_pipeline", lambda: make_pipeline(RFE(Ridge(), n_features_to_select=3), Ridge()))


# ---------------------------------------------------------------------------------------------- names
if VERSION >= (1, 2):
    @full_case
    def columns_chosen_by_made_names():
        X, y = mixed(270, missing=0)
        X["heating"] = X["heating"].astype(object)
        first = ColumnTransformer([
            ("text", OneHotEncoder(sparse_output=False, min_frequency=5), ["heating", "floor", "lift"]),
            ("numbers", make_pipeline(StandardScaler(), PolynomialFeatures()), ["rooms", "floor"]),
        ]).set_output(transform="pandas")
        second = ColumnTransformer([
            ("some", MinMaxScaler(), ["numbers__rooms^2", "numbers__rooms floor", "numbers__1"]),
            ("gas", "passthrough", ["text__heating_gas", "text__floor_infrequent_sklearn", "text__lift_True"]),
        ], verbose_feature_names_out=False).set_output(transform="pandas")
        third = ColumnTransformer([("last", StandardScaler(), ["text__heating_gas", "numbers__rooms^2"])])
        X["floor"] = np.maximum(X["floor"] % 3, X["floor"] * (X.index == 3))
        X.loc[3, "floor"] = 9
        return make_pipeline(first, second, third, Ridge()).fit(X, y), X, {}
