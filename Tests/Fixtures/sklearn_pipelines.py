"""Pipelines, column transformers, scalers, imputers, one-hot encoders; linear and logistic regression."""
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from sklearn_cases import ROWS, VERSION, case, classes, full_case, generator, numbers, town


def town_pipeline(model, encoder=None):
    numeric = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    text = Pipeline([("impute", SimpleImputer(strategy="most_frequent")),
                     ("encode", encoder or OneHotEncoder(handle_unknown="ignore"))])
    return Pipeline([
        ("preprocess", ColumnTransformer([
            ("numeric", numeric, ["area", "rooms"]),
            ("text", text, ["heating", "district"]),
            ("owner", "drop", ["owner"]),
        ], remainder="passthrough")),
        ("model", model),
    ])


# ---------------------------------------------------------------------------------------------- linear regressors
@case
def linear_array():
    X = numbers(4, 1)
    return LinearRegression().fit(X, X @ [1, 0.2, -0.03, 0.004] + 7), X, {}


@full_case
def linear_no_intercept_protocol_3():
    X = numbers(3, 2)
    return LinearRegression(fit_intercept=False).fit(X, X @ [1, 2, 3]), X, {"protocol": 3}


@full_case
def linear_multi_output_protocol_4():
    X = numbers(3, 2)
    return LinearRegression().fit(X, X @ np.array([[1, 2], [3, 4], [5, 6.5]]) + [1, 2]), X, {"protocol": 4}


@full_case
def ridge_frame_protocol_2():
    X = pd.DataFrame(numbers(3, 3), columns=["one", "two words", "drei ß"])
    return Ridge(alpha=0.3).fit(X, X.to_numpy() @ [1, 2, 3]), X, {"protocol": 2}


@case
def ridge_multi_output():
    X = numbers(3, 4)
    y = X @ np.array([[1, 2], [0.3, -4], [0.05, 6]]) + [1, -1]
    return Ridge().fit(X, y), X, {"joblib": 0}


@case
def ridge_one_target_in_a_matrix():
    X = numbers(3, 4)
    return Ridge().fit(X, (X @ [1, 0.2, 0.3]).reshape(-1, 1)), X, {}


@full_case
def lasso_protocol_0():
    X = numbers(5, 6)
    return Lasso(alpha=0.1).fit(X, X @ [1, 0.1, 0, 0, 0.001]), X, {"protocol": 0}


@full_case
def elastic_net_protocol_1():
    X = numbers(5, 7)
    return ElasticNet(alpha=0.1).fit(X, X @ [1, 0.1, 0, 0, 0.001]), X, {"protocol": 1}


@full_case
def elastic_net_multi_output():
    X = numbers(3, 8)
    return ElasticNet(alpha=0.1).fit(X, X @ np.array([[1, 2, 1], [0.3, 4, 1], [0.05, 6, 1]])), X, {"joblib": 0}


@case
def sgd_regressor_scaled():
    X = numbers(4, 9)
    model = Pipeline([("scale", StandardScaler()), ("model", SGDRegressor(random_state=1))])
    return model.fit(X, X @ [1, 0.2, -0.03, 0.004] + 7), X, {"protocol": 4}


@full_case
def sparse_coefficients():
    X = numbers(6, 10)
    y = classes(X, ["a", "b", "c"])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, penalty="l1", solver="saga", max_iter=50, random_state=1))
    model.fit(X, y)
    model[-1].sparsify()
    return model, X, {"joblib": 0}


# ---------------------------------------------------------------------------------------------- logistic regression
@case
def logistic_binary_integers():
    X = numbers(3, 11)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, (X[:, 0] > 3).astype(int) * 5 - 2), X, {}


@full_case
def logistic_binary_booleans():
    X = numbers(3, 12)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, X[:, 0] > 3), X, {"joblib": 0}


@full_case
def logistic_binary_floats():
    X = numbers(3, 12)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, np.where(X[:, 0] > 3, 1.0, -2.0)), X, {}


@full_case
def logistic_binary_strings_protocol_2():
    X = numbers(3, 13)
    model = make_pipeline(StandardScaler(), LogisticRegression(solver="liblinear"))
    return model.fit(X, np.where(X[:, 1] > 3, "sí", "no")), X, {"protocol": 2}


@case
def logistic_multinomial_strings():
    X = numbers(4, 14)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, classes(X, ["ash", "birch", "cedar"])), X, {
        "joblib": 3}


@full_case
def logistic_object_labels_protocol_0():
    X = numbers(4, 14)
    y = classes(X, ["ash", "birch", "cedar"]).astype(object)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X, {"protocol": 0}


if VERSION < (1, 8):
    @case
    def logistic_ovr():
        X = numbers(4, 15)
        model = make_pipeline(StandardScaler(), LogisticRegression(multi_class="ovr"))
        return model.fit(X, classes(X, [1, 2, 3, 4])), X, {}

    @case
    def logistic_liblinear():
        X = numbers(4, 15)
        model = make_pipeline(StandardScaler(), LogisticRegression(solver="liblinear"))
        return model.fit(X, classes(X, [1, 2, 3, 4])), X, {}

    @case
    def logistic_binary_multinomial():
        X = numbers(3, 16)
        model = make_pipeline(StandardScaler(), LogisticRegression(multi_class="multinomial"))
        return model.fit(X, (X[:, 0] > 3).astype(int)), X, {"joblib": 0}

if VERSION >= (1, 2):
    @case
    def logistic_newton_cholesky():
        X = numbers(4, 17)
        model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky"))
        return model.fit(X, classes(X, [1, 2, 3])), X, {}


# ---------------------------------------------------------------------------------------------- preprocessing
@case
def mixed_frame():
    X, y = town()
    return town_pipeline(ElasticNet(alpha=0.01)).fit(X, y), X, {"joblib": ("zlib", 3)}


for protocol in range(6):
    @full_case
    def mixed_frame_protocol(protocol=protocol):
        X, y = town()
        return town_pipeline(Ridge()).fit(X, y), X, {"protocol": protocol, "suffix": f"_{protocol}"}


@full_case
def mixed_frame_gzip_pickle():
    X, y = town()
    return town_pipeline(Ridge()).fit(X, y), X, {"protocol": 4, "gzip": True}


@full_case
def mixed_frame_joblib_gzip():
    X, y = town()
    return town_pipeline(Ridge()).fit(X, y), X, {"joblib": ("gzip", 3)}


@full_case
def mixed_frame_classifier():
    X, y = town()
    return town_pipeline(LogisticRegression(max_iter=500)).fit(X, np.where(y > np.median(y), "dear", "cheap")), X, {
        "joblib": 0}


@case
def infrequent_categories():
    X, y = town(missing=0)
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=12)
    model = Pipeline([("preprocess", ColumnTransformer([("text", encoder, ["heating", "district"])])),
                      ("model", Ridge())])
    return model.fit(X, y), X, {"unknown": {"heating": "coal", "district": "centre"}}


@full_case
def infrequent_dropped_first():
    X, y = town(missing=0)
    encoder = OneHotEncoder(handle_unknown="ignore", max_categories=3, drop="first")
    model = Pipeline([("preprocess", ColumnTransformer([("text", encoder, ["heating", "district"])])),
                      ("model", Ridge())])
    return model.fit(X, y), X, {"unknown": {"heating": "coal"}}


@case
def one_hot_refuses_unknown():
    X, y = town(missing=0)
    return town_pipeline(Ridge(), OneHotEncoder(drop="first")).fit(X, y), X, {"unknown": {"district": "centre"}}


@full_case
def one_hot_drop_if_binary():
    X, y = town(missing=0)
    encoder = OneHotEncoder(drop="if_binary", handle_unknown="ignore")
    model = Pipeline([("preprocess", ColumnTransformer([("text", encoder, ["owner", "district"])])),
                      ("model", LinearRegression())])
    return model.fit(X, y), X, {"unknown": {"owner": "Cem"}}


@full_case
def one_hot_drop_given():
    X, y = town(missing=0)
    encoder = OneHotEncoder(drop=["oil", "west"])
    model = Pipeline([("preprocess", ColumnTransformer([("text", encoder, ["heating", "district"])])),
                      ("model", Ridge())])
    return model.fit(X, y), X, {}


@case
def one_hot_with_missing_category():
    X, y = town()
    model = Pipeline([("preprocess", ColumnTransformer([("text", OneHotEncoder(), ["heating", "district"])])),
                      ("model", Ridge())])
    return model.fit(X, y), X, {"unknown": {"heating": "coal"}}


@full_case
def one_hot_with_none():
    X, y = town()
    X["heating"] = [None if value is np.nan or value != value else value for value in X["heating"]]
    model = Pipeline([("preprocess", ColumnTransformer([("text", OneHotEncoder(), ["heating", "district"])])),
                      ("model", Ridge())])
    return model.fit(X, y), X, {}


@case
def one_hot_numbers():
    random = generator(18)
    X = random.integers(-2, 5, (ROWS, 3)).astype(float)
    X[random.random(X.shape) < 0.1] = np.nan
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    return model.fit(X, np.nan_to_num(X) @ [1, 2, 3.0]), np.vstack([X[:10], [[9, 1, 1]]]), {}


@full_case
def one_hot_integers_and_strings():
    X, y = town(missing=0)
    X["rooms"] = X["rooms"].astype(int)
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = Pipeline([("preprocess", ColumnTransformer([("both", encoder, ["heating", "rooms", "district", "area"])])),
                      ("model", Ridge())])
    X = X.drop(columns=["owner"])
    X["area"] = (X["area"] // 40)
    return model.fit(X, y), X, {"unknown": {"rooms": 77}}


@case
def min_max_clip():
    X = numbers(3, 19)
    model = make_pipeline(MinMaxScaler(feature_range=(-1, 2), clip=True), LinearRegression())
    return model.fit(X[:20], X[:20] @ [1, 2, 3]), X, {}


@full_case
def min_max_plain():
    X = numbers(3, 19)
    return make_pipeline(MinMaxScaler(), Ridge()).fit(X[:20], X[:20] @ [1, 2, 3]), X, {}


@full_case
def scalers_without_parts():
    X = numbers(3, 20)
    model = make_pipeline(StandardScaler(with_mean=False), StandardScaler(with_std=False),
                          StandardScaler(with_mean=False, with_std=False), Ridge())
    return model.fit(X, X @ [1, 2, 3]), X, {}


@full_case
def robust_and_max_abs():
    X = numbers(3, 20)
    model = make_pipeline(RobustScaler(), MaxAbsScaler(), Ridge())
    return model.fit(X, X @ [1, 2, 3]), X, {}


@case
def imputer_with_indicator():
    X = numbers(4, 21, missing=0.2)
    X[:, 2] = numbers(4, 22)[:, 2]
    model = make_pipeline(SimpleImputer(add_indicator=True), Ridge())
    return model.fit(X, np.nan_to_num(X) @ [1, 2, 3, 4]), X, {}


@full_case
def imputer_of_a_value():
    X = numbers(3, 23).round(0)
    X[::5, 1] = -1
    model = make_pipeline(SimpleImputer(missing_values=-1, strategy="median", add_indicator=True), Ridge())
    return model.fit(X, X @ [1, 2, 3]), X, {}


@case
def imputer_of_an_empty_column():
    X = numbers(4, 24, missing=0.2)
    X[:, 1] = np.nan
    model = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler(), Ridge())
    return model.fit(X, np.nan_to_num(X) @ [1, 2, 3, 4]), X, {}


if VERSION >= (1, 2):
    @full_case
    def imputer_keeps_an_empty_column():
        X = numbers(4, 24, missing=0.2)
        X[:, 1] = np.nan
        model = make_pipeline(SimpleImputer(strategy="mean", keep_empty_features=True), StandardScaler(), Ridge())
        return model.fit(X, np.nan_to_num(X) @ [1, 2, 3, 4]), X, {}


@case
def imputer_constant():
    X, y = town()
    model = Pipeline([
        ("preprocess", ColumnTransformer([
            ("numeric", SimpleImputer(strategy="constant", fill_value=-7), ["rooms", "area"]),
            ("text", make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder()),
             ["heating"]),
        ])),
        ("model", Ridge()),
    ])
    return model.fit(X, y), X, {}


@full_case
def indicators_of_strings():
    X, y = town()
    text = make_pipeline(SimpleImputer(strategy="most_frequent", add_indicator=True),
                         OneHotEncoder(handle_unknown="ignore"))
    model = Pipeline([("preprocess", ColumnTransformer([("text", text, ["heating", "district"])])), ("model", Ridge())])
    return model.fit(X, y), X, {}


@full_case
def feature_union():
    X = numbers(4, 25, missing=0.2)
    union = FeatureUnion([("values", make_pipeline(SimpleImputer(), StandardScaler())),
                          ("missing", MissingIndicator(features="all"))])
    return make_pipeline(union, Ridge()).fit(X, np.nan_to_num(X) @ [1, 2, 3, 4]), X, {}


# ---------------------------------------------------------------------------------------------- columns
@full_case
def columns_by_position():
    X = numbers(7, 26)
    columns = ColumnTransformer([
        ("slice", StandardScaler(), slice(0, 2)),
        ("mask", MinMaxScaler(), np.array([False, False, True, True, False, False, False])),
        ("negative", StandardScaler(), [-1]),
        ("list mask", "passthrough", [False, False, False, False, True, False, False]),
        ("empty", StandardScaler(), []),
    ], remainder="drop")
    model = Pipeline([("columns", columns), ("model", Ridge())])
    return model.fit(X, X @ np.arange(7)), X, {}


@case
def columns_by_name_range():
    X = pd.DataFrame(numbers(5, 27), columns=list("abcde"))
    columns = ColumnTransformer([
        ("range", StandardScaler(), slice("b", "d")),
        ("one", MinMaxScaler(), ["a"]),
    ], remainder=StandardScaler())
    model = Pipeline([("columns", columns), ("model", Ridge())])
    return model.fit(X, X.to_numpy() @ np.arange(5)), X, {}


@full_case
def columns_with_weights():
    X = pd.DataFrame(numbers(4, 28), columns=list("abcd"))
    columns = ColumnTransformer([
        ("first", StandardScaler(), ["a", "b"]), ("second", MinMaxScaler(), ["d"]),
    ], transformer_weights={"first": 0.5, "second": 3.0}, remainder="passthrough")
    model = Pipeline([("columns", columns), ("nothing", "passthrough"), ("model", Ridge())])
    return model.fit(X, X.to_numpy() @ np.arange(4)), X, {}


@full_case
def pipelines_nested():
    X, y = town()
    inner = town_pipeline(Ridge())
    model = Pipeline([("inner", Pipeline([("preprocess", inner[0]), ("scale", StandardScaler(with_mean=False))])),
                      ("model", Pipeline([("last", inner[1])]))])
    return model.fit(X, y), X, {}


if VERSION >= (1, 2):
    @full_case
    def named_frame_through_scaler():
        X = pd.DataFrame(numbers(4, 29), columns=list("abcd"))
        columns = ColumnTransformer([("some", MinMaxScaler(), ["d", "a"])], remainder="passthrough")
        model = Pipeline([("scale", StandardScaler().set_output(transform="pandas")), ("columns", columns),
                          ("model", Ridge())])
        return model.fit(X, X.to_numpy() @ np.arange(4)), X, {}


@full_case
def grid_search():
    X = numbers(3, 30)
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 10]}, cv=2)
    return search.fit(X, X @ [1, 2, 3]), X, {}
