"""Writes the cases that are about the file and not the model: every compression, pickles in pickles, odd arrays.

    python make_containers.py OUTPUT_FOLDER

Needs lz4 beside what make_sklearn.py needs; the cases have the same form. Run by make_all.sh.
"""
import bz2
import lzma
import pathlib
import pickle
import sys
import warnings
import zlib

import lz4.frame
import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_cases
from sklearn_cases import classes, full_case, numbers, town


def packed(pack, protocol=pickle.DEFAULT_PROTOCOL):
    """A pickle that its author has compressed himself."""
    def write(model, folder):
        file = folder / "model.pkl"
        file.write_bytes(pack(pickle.dumps(model, protocol=protocol)))
        return file
    return {"writer": write}


def in_two(pack):
    """Two streams, one after the other, which readers join."""
    return lambda data: pack(data[:100]) + pack(data[100:])


def zf(data):
    """What joblib wrote before 0.10: the length in 19 characters, and zlib."""
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data, 3)


def small():
    X = numbers(3, 301)
    return make_pipeline(StandardScaler(), Ridge(alpha=0.3)).fit(X, X[:, 0] * 2 - X[:, 1]), X


@full_case
def joblib_bz2():
    return *small(), {"joblib": ("bz2", 9)}


@full_case
def joblib_xz():
    return *small(), {"joblib": ("xz", 6)}


@full_case
def joblib_lzma():
    return *small(), {"joblib": ("lzma", 3)}


@full_case
def joblib_zlib_fast():
    return *small(), {"joblib": ("zlib", 1)}


@full_case
def joblib_lz4():
    return *small(), {"joblib": ("lz4", 3)}


@full_case
def joblib_old_zf():
    return *small(), packed(zf, protocol=2)


@full_case
def pickle_xz():
    return *small(), packed(lzma.compress)


@full_case
def pickle_bz2_two_streams():
    return *small(), packed(in_two(bz2.compress))


@full_case
def pickle_lz4_two_frames():
    return *small(), packed(in_two(lz4.frame.compress))


@full_case
def big_endian_arrays():
    model, X = small()
    model[0].mean_ = model[0].mean_.astype(">f8")
    model[0].scale_ = model[0].scale_.astype(">f4")
    model[1].coef_ = model[1].coef_.astype(">f8")
    return model, X, {}


@full_case
def transposed_arrays_protocol_5():
    X = numbers(3, 302)
    model = LinearRegression().fit(X, X[:, :2] * 2)
    model.coef_ = np.asfortranarray(model.coef_)
    return model, X, {"protocol": 5}


@full_case
def scalars_without_dimensions():
    X = numbers(2, 303)
    model = LinearRegression().fit(X, X[:, 0] * 2 + 1)
    model.intercept_ = np.array(model.intercept_)
    return model, X, {}


@full_case
def matrix_subclass():
    X = numbers(2, 304)
    model = LinearRegression().fit(X, X[:, :2] * 2 + 1)
    # joblib records the subclass; the numbers are the same.
    model.coef_ = np.array(model.coef_).view(np.memmap)
    return model, X, {"joblib": 0}


@full_case
def categories_as_objects_in_joblib():
    frame, price = town(305)
    frame = frame[["heating", "district"]].astype(object).fillna("none")
    return make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge()).fit(frame, price), frame, {"joblib": 0}


def sparsified(form):
    X = numbers(3, 306) / [1, 10, 100]
    model = LogisticRegression().fit(X, classes(X, ["a", "b", "c"]))
    model.coef_[0, 2] = model.coef_[2, 1] = 0
    model.sparsify()
    model.coef_ = getattr(model.coef_, form)()
    return model, X, {}


@full_case
def coefficients_by_column():
    return sparsified("tocsc")


@full_case
def coefficients_by_coordinate():
    return sparsified("tocoo")


@full_case
def coefficients_by_diagonal():
    return sparsified("todia")


def main():
    warnings.filterwarnings("ignore")
    for function, _ in sklearn_cases.CASES:
        sklearn_cases.write(pathlib.Path(sys.argv[1]), function.__name__, *function(), True)


main()
