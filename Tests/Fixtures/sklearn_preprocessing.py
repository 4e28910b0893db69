"""Encoders, scalers, transforms and imputers beyond those of the pipelines."""
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sklearn_cases import ROWS, VERSION, case, full_case, generator, numbers, parity_case, town


# ---------------------------------------------------------------------------------------------- ordinal
def mixed(seed, missing=0.15):
    """Columns of strings, floats, integers and booleans that are categories."""
    random = generator(seed)
    X, y = town(seed, missing)
    X = X.drop(columns=["year", "area"])
    X["floor"] = random.integers(-2, 6, ROWS)
    X["lift"] = random.random(ROWS) < 0.5
    return X, y


@case
def ordinal_mixed():
    X, y = mixed(101)
    return make_pipeline(OrdinalEncoder(), Ridge(solver="cholesky")).fit(X.dropna(), y[X.notna().all(axis=1)]), X, {
        "unknown": {"heating": "coal"}}


@case
def ordinal_unknown_value():
    X, _ = mixed(102)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return encoder.fit(X), X, {"unknown": {"heating": "coal", "floor": 99, "rooms": 2.5}}


@full_case
def ordinal_unknown_nan():
    X, _ = mixed(103, missing=0)
    X["heating"] = X["heating"].astype(object)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return encoder.fit(X), X, {"unknown": {"heating": np.nan, "floor": 99}}


@full_case
def ordinal_missing_value():
    X, _ = mixed(104)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=-1)
    return encoder.fit(X), X, {"unknown": {"heating": "coal", "owner": np.nan}}


@full_case
def ordinal_given_categories():
    X, _ = mixed(105, missing=0)
    encoder = OrdinalEncoder(categories=[["west", "south", "east", "north"], ["Bob", "Ann"]], dtype=np.float32)
    return encoder.fit(X[["district", "owner"]]), X[["district", "owner"]], {"unknown": {"owner": "bob"}}


@full_case
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

    @full_case
    def ordinal_max_categories():
        X, _ = mixed(109)
        return OrdinalEncoder(max_categories=3).fit(X), X, {"unknown": {"heating": "coal"}}
