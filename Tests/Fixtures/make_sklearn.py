"""Writes the scikit-learn cases of the installed library version.

    python make_sklearn.py OUTPUT_FOLDER                # the committed cases
    python make_sklearn.py OUTPUT_FOLDER --seed 7       # all cases on other data, for `make parity`

Each case becomes OUTPUT_FOLDER/<library version>/<case>/ with the model file and case.json: the columns, rows to
predict, and what the library itself answers for each row. Floats are written by repr. Run by make_all.sh once a
version; the newest 1.7 writes all committed cases, the others those whose attributes changed.
"""
import argparse
import pathlib
import warnings

import sklearn

import sklearn_cases
from time_bound import within

FULL_VERSION = (1, 7)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seconds", type=float, help="begin no case after so many, with --seed")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    is_committed = options.seed is None
    if not is_committed:
        sklearn_cases.SEED = options.seed
        sklearn_cases.ROWS_PREDICTED = 60

    # Each family of cases registers itself.
    import sklearn_dense  # noqa: F401
    import sklearn_importances  # noqa: F401
    import sklearn_linear  # noqa: F401
    import sklearn_neighbors  # noqa: F401
    import sklearn_pipelines  # noqa: F401
    import sklearn_svm  # noqa: F401
    import sklearn_targets  # noqa: F401
    import sklearn_ties  # noqa: F401
    import sklearn_trees  # noqa: F401
    import sklearn_ensembles  # noqa: F401
    import sklearn_preprocessing  # noqa: F401
    import sklearn_text  # noqa: F401

    for function, committed in within(options.seconds, sklearn_cases.CASES, options.seed):
        if is_committed and (committed == "never" or committed == "one version"
                             and sklearn_cases.VERSION != FULL_VERSION):
            continue
        if any(part in function.__name__ for part in options.only.split(",")):
            sklearn_cases.write(options.folder, function.__name__, *function(), is_committed)
    print(sklearn.__version__, "done")


main()
