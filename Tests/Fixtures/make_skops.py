"""Writes cases as skops files: a selection of those of make_sklearn.py, and some of its own.

    python make_skops.py OUTPUT_FOLDER                 # the committed cases
    python make_skops.py OUTPUT_FOLDER --seed 7        # all cases of all families on other data

Needs skops beside what make_sklearn.py needs. Run by make_all.sh.
"""
import argparse
import importlib
import pathlib
import shutil
import warnings
import zipfile

import numpy as np
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import sklearn_cases
from sklearn_cases import classes, numbers, town

COMMITTED = [
    "mixed_frame", "columns_by_position", "grid_search", "infrequent_categories", "one_hot_with_none",
    "logistic_binary_booleans", "logistic_object_labels_protocol_0", "ridge_multi_output",
]


def stored(model, folder):
    file = folder / "model.skops"
    skops.io.dump(model, file)
    return file


def deflated(model, folder):
    file = folder / "model.skops"
    skops.io.dump(model, file, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    return file


def stored_plainly():
    X = numbers(2, 401)
    # skops writes its schema with blanks; this one is kept as it is, so that a file without compression is among them.
    return LinearRegression().fit(X, X[:, 0] * 2), X, {"writer": stored}


def sparse_coefficients():
    X = numbers(3, 402) / [1, 10, 100]
    model = LogisticRegression().fit(X, classes(X, ["a", "bé \"quoted\" \\ 🐦", "c"]))
    model.coef_[0, 2] = model.coef_[2, 1] = 0
    return model.sparsify(), X, {}


def transposed_array():
    X = numbers(3, 403)
    model = LinearRegression().fit(X, X[:, :2] * 2)
    model.coef_ = np.asfortranarray(model.coef_)
    return model, X, {}


def text_of_many_kinds():
    frame, price = town()
    frame = frame[["heating", "district"]].astype(object).fillna('a "quote", a \\, a\ttab and 🐦')
    return make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression()).fit(frame, price), frame, {}


OWN = [stored_plainly, sparse_coefficients, transposed_array, text_of_many_kinds]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    is_committed = options.seed is None
    if not is_committed:
        sklearn_cases.SEED = options.seed
        sklearn_cases.ROWS_PREDICTED = 60
    here = pathlib.Path(__file__).parent
    for file in sorted(here.glob("sklearn_*.py")):
        importlib.import_module(file.stem)
    families = [function for function, _ in sklearn_cases.CASES]
    if is_committed:
        families = [function for function in families if function.__name__ in COMMITTED]  # small ones of every kind of node
    for function in families + OWN:
        if options.only not in function.__name__:
            continue
        model, rows, case = function()
        try:
            sklearn_cases.write(options.folder, function.__name__, model, rows, {"writer": deflated, **case}, is_committed)
        except skops.io.exceptions.UnsupportedTypeException as error:
            print(function.__name__, "cannot be saved:", error)
            for folder in options.folder.glob(f"*/{function.__name__}*"):
                if not (folder / "case.json").exists():
                    shutil.rmtree(folder)


main()
