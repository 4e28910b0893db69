"""Writes cases as folders that MLflow saves, packed in every way, and one as SageMaker's model.tar.gz.

    python make_mlflow.py OUTPUT_FOLDER

Needs mlflow and skops beside what make_sklearn.py needs. Run by make_all.sh.
"""
import io
import os
import pathlib
import re
import sys
import tarfile
import tempfile
import warnings
import zipfile

import joblib
import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_cases
from sklearn_cases import classes, numbers, town

TIME = (1980, 1, 1, 0, 0, 0)


def files_of(folder):
    return sorted((str(path.relative_to(folder)), path.read_bytes()) for path in pathlib.Path(folder).rglob("*") if path.is_file())


def as_zip(files, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, TIME), content, zipfile.ZIP_DEFLATED, 9)


def as_tar(mode, top=""):
    def write(files, target):
        with tarfile.open(target, mode, **({"format": tarfile.PAX_FORMAT})) as archive:
            for name, content in files:
                info = tarfile.TarInfo(top + name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return write


def saved(pack, suffix, **options):
    """A writer that saves with MLflow and packs the folder."""
    def write(model, folder):
        with tempfile.TemporaryDirectory() as parent:
            path = os.path.join(parent, "model")
            # The requirements are given, because MLflow finds them by importing everything.
            mlflow.sklearn.save_model(model, path, pip_requirements=["scikit-learn==1.7.2"], **options)
            description = pathlib.Path(path, "MLmodel")
            text = description.read_text()
            # What differs from run to run.
            text = re.sub(r"model_uuid: \w+", "model_uuid: 0123456789abcdef0123456789abcdef", text)
            text = re.sub(r"utc_time_created: '[^']*'", "utc_time_created: '2025-01-01 00:00:00.000000'", text)
            description.write_text(text)
            target = folder / ("model" + suffix)
            pack(files_of(path), target)
        return target
    return {"writer": write}


def house():
    frame, price = town()
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["rooms", "area"]),
        (OneHotEncoder(handle_unknown="ignore"), ["district"]),
    )
    return make_pipeline(columns, Ridge()).fit(frame, price), frame


def pickle_in_a_zip():
    model, frame = house()
    signature = infer_signature(frame, model.predict(frame))
    return model, frame, saved(
        as_zip, ".zip", serialization_format="pickle", signature=signature, input_example=frame.head(2),
        metadata={"note": "two\nlines: 'quoted' # and more", "empty": [], "nested": {"list": ["a", "b: c"], "number": 1}})


def skops_in_a_compressed_tar():
    model, frame = house()
    signature = infer_signature(frame, model.predict(frame))
    return model, frame, saved(
        as_tar("w:gz", "churn-model/"), ".tar.gz", serialization_format="skops", signature=signature,
        skops_trusted_types=["numpy.dtype"])


def cloudpickle_of_an_array():
    X = numbers(3, 501)
    model = LogisticRegression(max_iter=5).fit(X, classes(X, ["no", "yes"]))
    return model, X, saved(as_tar("w:bz2"), ".tar", serialization_format="cloudpickle", signature=infer_signature(X, model.predict(X)))


def without_signature():
    X = numbers(2, 502)
    return LinearRegression().fit(X, X[:, 0]), X, saved(as_zip, ".zip", serialization_format="pickle")


def integers_and_parameters():
    frame, price = town()
    frame = frame[["year"]].astype("int64").assign(old=frame["year"] < 1950)
    model = LinearRegression().fit(frame, price)
    signature = infer_signature(frame, model.predict(frame), params={"threshold": 0.5})
    return model, frame, saved(as_zip, ".zip", serialization_format="pickle", signature=signature)


def sagemaker():
    X = numbers(2, 503)

    def write(model, folder):
        stream = io.BytesIO()
        joblib.dump(model, stream)
        target = folder / "model.tar.gz"
        as_tar("w:gz")([("model.joblib", stream.getvalue()), ("code/inference.py", b"(1)\n"),
                        ("code/requirements.txt", b"click\nnumpy\n")], target)
        return target
    return LinearRegression().fit(X, X[:, 0]), X, {"writer": write}


def main():
    warnings.filterwarnings("ignore")
    for function in [pickle_in_a_zip, skops_in_a_compressed_tar, cloudpickle_of_an_array, without_signature,
                     integers_and_parameters, sagemaker]:
        sklearn_cases.write(pathlib.Path(sys.argv[1]), function.__name__, *function(), True)


main()
