"""One engine with one model on one thread, asked line by line: the counterpart of `kernel-timer`.

    python engine.py ENGINE FOLDER

`time BATCH SECONDS` is answered by nanoseconds of CPU time a row, `answers PATH` by the numbers of each row, which are written to
PATH as doubles.
"""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
import sys
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import joblib  # noqa: E402 (the environment comes first)
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402


class Engine:
    """An engine that answers a batch of rows; made once for a model."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.facts = json.loads((folder / "facts.json").read_text())
        self.load()

    def load(self) -> None:
        raise NotImplementedError

    def rows(self) -> np.ndarray:
        return np.load(self.folder / "rows.npy")

    def batches(self, size: int) -> list[object]:
        """All rows in batches of `size`, in the form that `predict` takes."""
        rows = self.rows()
        return [np.ascontiguousarray(rows[start:start + size]) for start in range(0, len(rows) - size + 1, size)]

    def predict(self, batch: object) -> np.ndarray:
        raise NotImplementedError


class ScikitLearn(Engine):
    def load(self) -> None:
        self.model = joblib.load(self.folder / "model.pkl")
        self.call = self.model.decision_function if "support_vectors" in self.facts else self.model.predict_proba

    def rows(self) -> np.ndarray:
        return super().rows().astype(np.float64)

    def predict(self, batch: object) -> np.ndarray:
        return self.call(batch)


class ScikitLearnFrame(ScikitLearn):
    def batches(self, size: int) -> list[object]:
        frame = pd.read_pickle(self.folder / "frame.pkl")
        return [frame[start:start + size] for start in range(0, len(frame) - size + 1, size)]


class ScikitLearnIntelex(ScikitLearn):
    """scikit-learn-intelex's own fit of the same rows: its trees and vectors may differ."""

    def load(self) -> None:
        from sklearnex import patch_sklearn
        patch_sklearn(verbose=False)
        import make_model
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.svm import SVC
        rows, classes, _ = make_model.binary()
        if self.facts.get("support_vectors"):
            self.model = SVC(gamma=0.05).fit(rows[:4_000].astype(np.float64), classes[:4_000])
            self.call = self.model.decision_function
        else:
            self.model = KNeighborsClassifier(5, algorithm="brute").fit(rows[:10_000].astype(np.float64), classes[:10_000])
            self.call = self.model.predict_proba


class XGBoostPython(Engine):
    def load(self) -> None:
        import xgboost
        self.booster = xgboost.Booster({"nthread": 1}, model_file=self.folder / "model.ubj")
        self.booster.set_param({"nthread": 1})

    def predict(self, batch: object) -> np.ndarray:
        return self.booster.inplace_predict(batch, validate_features=False)


class XGBoostC(XGBoostPython):
    """`XGBoosterPredictFromDense` by ctypes; the array interface of each batch is made beforehand."""

    def load(self) -> None:
        super().load()
        from xgboost import core
        self.function = core._LIB.XGBoosterPredictFromDense
        self.options = b'{"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false,' \
            b' "cache_id": 0, "missing": NaN}'
        self.shape = ctypes.POINTER(ctypes.c_uint64)()
        self.dimensions = ctypes.c_uint64()
        self.result = ctypes.POINTER(ctypes.c_float)()

    def batches(self, size: int) -> list[object]:
        return [
            (batch, json.dumps({
                "data": [batch.ctypes.data, True], "shape": batch.shape, "typestr": "<f4", "version": 3}).encode())
            for batch in super().batches(size)]

    def predict(self, batch: object) -> np.ndarray:
        rows, interface = batch
        status = self.function(
            self.booster.handle, interface, self.options, None, ctypes.byref(self.shape), ctypes.byref(self.dimensions),
            ctypes.byref(self.result))
        assert status == 0
        count = 1
        for index in range(self.dimensions.value):
            count *= self.shape[index]
        return np.ctypeslib.as_array(self.result, (count,))


class LightGBMPython(Engine):
    def load(self) -> None:
        import lightgbm
        self.booster = lightgbm.Booster(model_file=self.folder / "model.txt", params={"num_threads": 1})

    def rows(self) -> np.ndarray:
        return super().rows().astype(np.float64)

    def predict(self, batch: object) -> np.ndarray:
        return self.booster.predict(batch, num_threads=1)


class LightGBMC(LightGBMPython):
    """`LGBM_BoosterPredictForMatSingleRowFast` for one row, `LGBM_BoosterPredictForMat` for more, by ctypes."""

    def load(self) -> None:
        super().load()
        from lightgbm import basic
        self.library = basic._LIB
        self.handle = self.booster._handle
        self.fast = ctypes.c_void_p()
        features = int(self.facts["features"])
        status = self.library.LGBM_BoosterPredictForMatSingleRowFastInit(
            self.handle, 0, 0, -1, 1, ctypes.c_int32(features), b"num_threads=1", ctypes.byref(self.fast))
        assert status == 0
        self.features = features
        self.result = np.zeros(8192)
        self.length = ctypes.c_int64()

    def predict(self, batch: object) -> np.ndarray:
        target = ctypes.c_void_p(self.result.ctypes.data)
        data = ctypes.c_void_p(batch.ctypes.data)
        if len(batch) == 1:
            status = self.library.LGBM_BoosterPredictForMatSingleRowFast(self.fast, data, ctypes.byref(self.length), target)
        else:
            status = self.library.LGBM_BoosterPredictForMat(
                self.handle, data, 1, ctypes.c_int32(len(batch)), ctypes.c_int32(self.features), 1, 0, 0, -1,
                b"num_threads=1", ctypes.byref(self.length), target)
        assert status == 0
        return self.result[:self.length.value]


class Treelite(Engine):
    """treelite's own interpreter, GTIL."""

    def load(self) -> None:
        import treelite
        self.model = load_treelite(self.folder, self.facts)
        self.gtil = treelite.gtil

    def predict(self, batch: object) -> np.ndarray:
        return self.gtil.predict(self.model, batch, nthread=1)


class Daal(Engine):
    """The boosters of daal4py, converted from the library's."""

    def load(self) -> None:
        from daal4py import mb
        if self.facts["kind"] == "xgboost":
            import xgboost
            self.model = mb.convert_model(xgboost.Booster(model_file=self.folder / "model.ubj"))
        else:
            import lightgbm
            self.model = mb.convert_model(lightgbm.Booster(model_file=self.folder / "model.txt"))

    def predict(self, batch: object) -> np.ndarray:
        return self.model.predict_proba(batch)[:, 1]


class ONNXFrame(Engine):
    """ONNX Runtime from Python, a feed a column, the feeds made beforehand."""

    def load(self) -> None:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        self.output = [self.session.get_outputs()[-1].name]

    def batches(self, size: int) -> list[object]:
        frame = pd.read_pickle(self.folder / "frame.pkl")
        columns = {
            name: frame[name].to_numpy(object if name.startswith("text") else np.float32)[:, None] for name in frame}
        return [
            {name: column[start:start + size] for name, column in columns.items()}
            for start in range(0, len(frame) - size + 1, size)]

    def predict(self, batch: object) -> np.ndarray:
        return self.session.run(self.output, batch)[0]


def load_treelite(folder: pathlib.Path, facts: dict[str, object]) -> object:
    import treelite
    if facts["kind"] == "xgboost":
        import xgboost
        return treelite.frontend.from_xgboost(xgboost.Booster(model_file=folder / "model.ubj"))
    if facts["kind"] == "lightgbm":
        return treelite.frontend.load_lightgbm_model(folder / "model.txt")
    return treelite.sklearn.import_model(joblib.load(folder / "model.pkl"))


ENGINES = {
    "scikit-learn": ScikitLearn,
    "scikit-learn, frame": ScikitLearnFrame,
    "scikit-learn-intelex, own fit": ScikitLearnIntelex,
    "XGBoost, Python": XGBoostPython,
    "XGBoost, C": XGBoostC,
    "LightGBM, Python": LightGBMPython,
    "LightGBM, C": LightGBMC,
    "treelite GTIL": Treelite,
    "daal4py": Daal,
    "ONNX Runtime, Python": ONNXFrame,
}


def main() -> None:
    engine = ENGINES[sys.argv[1]](pathlib.Path(sys.argv[2]))
    batches: dict[int, list[object]] = {}
    predict = engine.predict
    for line in sys.stdin:
        words = line.split()
        if words[0] == "time":
            size, seconds = int(words[1]), float(words[2])
            if size not in batches:
                batches[size] = engine.batches(size)
            chosen = batches[size][:1024]
            predict(chosen[0])
            calls = 0
            looks = max(1, 64 // size)
            start = time.process_time()
            while (elapsed := time.process_time() - start) < seconds:
                for _ in range(looks):
                    predict(chosen[calls % len(chosen)])
                    calls += 1
            print(elapsed * 1e9 / (calls * size), flush=True)
        else:
            answers = [np.array(predict(batch), dtype=np.float64).ravel() for batch in engine.batches(64)]
            numbers = np.concatenate(answers)
            numbers.tofile(words[1])
            print(len(numbers) // (64 * len(answers)), flush=True)


if __name__ == "__main__":
    main()
