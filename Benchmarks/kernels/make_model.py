"""Trains one model of the kernels' benchmark, and saves it in each engine's format with its rows.

    python make_model.py NAME FOLDER

The rows come from a seeded generator; every number is one that float32 holds, so that an engine that takes float32 sees
the same row. Written are

    model.*        the library's own file, the one that Vencejo serves
    model.onnx     where a converter knows the model
    rows.tsv       the rows as fields, for Vencejo
    rows.npy       the rows as float32, where all are numbers; frame.pkl where some are texts
    answers.npy    what the library itself answers for them, as float64 [rows, numbers]
    facts.json     kind, features, file, training seconds
"""

from __future__ import annotations

import json
import pathlib
import sys
import time

import joblib
import numpy as np
import pandas as pd

SEED = 28
FEATURES = 28
TRAINED = 50_000
ASKED = 4_096


def normal(count: int, features: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.0, (count, features)).round(4).astype(np.float32)


def signal(rows: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    return (
        np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] - 0.5 * np.abs(rows[:, 3])
        + 0.6 * rows[:, 4:16] @ rng.normal(0, 0.5, 12) + 0.3 * rows[:, 16:22].max(axis=1) * rows[:, 22]
        + rng.normal(0, 0.7, len(rows))
    )


def binary() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to train on, their classes, and rows to ask."""
    rows = normal(TRAINED, FEATURES, SEED)
    value = signal(rows)
    return rows, (value > np.median(value)).astype(np.int32), normal(ASKED, FEATURES, SEED + 1)


class Maker:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.facts: dict[str, object] = {}

    # What every maker ends with.

    def finish(self, kind: str, file: str, rows: np.ndarray | pd.DataFrame, answers: np.ndarray) -> None:
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
        with open(self.folder / "rows.tsv", "w", encoding="utf-8") as out:
            for values in frame.itertuples(index=False):
                # The shortest text of the number that the row holds, float32 or float64.
                out.write("\t".join(value if isinstance(value, str) else str(value) for value in values) + "\n")
        if isinstance(rows, pd.DataFrame):
            frame.to_pickle(self.folder / "frame.pkl")
        else:
            np.save(self.folder / "rows.npy", rows)
        np.save(self.folder / "answers.npy", np.asarray(answers, dtype=np.float64).reshape(len(frame), -1))
        self.facts |= {"kind": kind, "file": file, "features": frame.shape[1]}
        (self.folder / "facts.json").write_text(json.dumps(self.facts, indent=1) + "\n")

    def onnx(self, model: object, types: list[tuple[str, object]], options: dict[str, object] | None = None) -> None:
        """Converts with skl2onnx; a model that it does not know has no ONNX peer."""
        from skl2onnx import to_onnx
        try:
            graph = to_onnx(model, initial_types=types, options=options or {"zipmap": False}, target_opset=18)
        except Exception as error:  # Converters raise what they like.
            print(f"no ONNX: {error}", file=sys.stderr)
            return
        (self.folder / "model.onnx").write_bytes(graph.SerializeToString())

    def floats(self) -> list[tuple[str, object]]:
        from skl2onnx.common.data_types import FloatTensorType
        return [("X", FloatTensorType([None, FEATURES]))]

    # Boosted trees.

    def xgb(self, trees: int, depth: int) -> None:
        import xgboost
        rows, classes, asked = binary()
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "tree_method": "hist", "seed": SEED, "nthread": 2},
            xgboost.DMatrix(rows, classes), num_boost_round=trees)
        booster.save_model(self.folder / "model.ubj")
        self._boosted_onnx("convert_xgboost", booster)
        self.finish("xgboost", "model.ubj", asked, booster.predict(xgboost.DMatrix(asked)))

    def lgb(self, trees: int, leaves: int) -> None:
        import lightgbm
        rows, classes, asked = binary()
        booster = lightgbm.train(
            {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.1, "seed": SEED, "num_threads": 2, "verbosity": -1},
            lightgbm.Dataset(rows.astype(np.float64), classes), num_boost_round=trees)
        booster.save_model(self.folder / "model.txt")
        self._boosted_onnx("convert_lightgbm", booster)
        self.finish("lightgbm", "model.txt", asked, booster.predict(asked.astype(np.float64)))

    def xgb_wide(self) -> None:
        """200 features, of which 20 are categories, 10 classes."""
        import xgboost
        rng = np.random.default_rng(SEED)
        count = 20_000
        numbers = normal(count + ASKED, 180, SEED)
        codes = rng.integers(0, 12, (count + ASKED, 20))
        score = numbers[:, :10] + rng.normal(0, 1, (12, 10))[codes[:, 0]] + rng.normal(0, 1, (12, 10))[codes[:, 1]]
        classes = score.argmax(axis=1)
        table = np.hstack([numbers, codes.astype(np.float32)]).astype(np.float32)
        types = ["q"] * 180 + ["c"] * 20
        booster = xgboost.train(
            {"objective": "multi:softprob", "num_class": 10, "max_depth": 6, "eta": 0.2, "tree_method": "hist", "seed": SEED,
             "nthread": 2, "max_cat_to_onehot": 4},
            xgboost.DMatrix(table[:count], classes[:count], feature_types=types, enable_categorical=True), num_boost_round=50)
        booster.save_model(self.folder / "model.ubj")
        asked = table[count:]
        self.facts["feature_types"] = types
        answers = booster.predict(xgboost.DMatrix(asked, feature_types=types, enable_categorical=True))
        self.finish("xgboost", "model.ubj", asked, answers)

    def _boosted_onnx(self, converter: str, booster: object) -> None:
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType
        try:
            graph = getattr(onnxmltools, converter)(
                booster, initial_types=[("X", FloatTensorType([None, FEATURES]))], target_opset=15,
                **({"zipmap": False} if converter == "convert_lightgbm" else {}))
        except Exception as error:  # As above.
            print(f"no ONNX: {error}", file=sys.stderr)
            return
        (self.folder / "model.onnx").write_bytes(graph.SerializeToString())

    # scikit-learn.

    def sklearn(self, model: object, rows: np.ndarray, classes: np.ndarray, asked: np.ndarray) -> None:
        start = time.monotonic()
        model.fit(rows, classes)
        self.facts["training_seconds"] = time.monotonic() - start
        joblib.dump(model, self.folder / "model.pkl")
        self.onnx(model, self.floats())
        # The rows as they were in training, and one thread: threads add up in any order.
        if hasattr(model, "n_jobs"):
            model.n_jobs = 1
            joblib.dump(model, self.folder / "model.pkl")
        doubles = asked.astype(np.float64)
        answers = model.predict_proba(doubles) if hasattr(model, "predict_proba") else model.decision_function(doubles)
        self.finish("sklearn", "model.pkl", asked, answers)

    def forest(self, depth: int | None) -> None:
        from sklearn.ensemble import RandomForestClassifier
        self.sklearn(RandomForestClassifier(100, max_depth=depth, random_state=SEED, n_jobs=2), *binary())

    def logistic(self) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        rows, classes, asked = binary()
        self.sklearn(make_pipeline(StandardScaler(), LogisticRegression()), rows.astype(np.float64), classes, asked)

    def mlp(self) -> None:
        from sklearn.neural_network import MLPClassifier
        rows, classes, asked = binary()
        model = MLPClassifier((100, 50), max_iter=6, random_state=SEED)
        self.sklearn(model, rows[:20_000].astype(np.float64), classes[:20_000], asked)

    def neighbors(self) -> None:
        from sklearn.neighbors import KNeighborsClassifier
        rows, classes, asked = binary()
        self.sklearn(
            KNeighborsClassifier(5, algorithm="brute"), rows[:10_000].astype(np.float64), classes[:10_000], asked[:2_048])

    def svc(self) -> None:
        from sklearn.svm import SVC
        rows, classes, asked = binary()
        model = SVC(gamma=0.05)
        self.sklearn(model, rows[:4_000].astype(np.float64), classes[:4_000], asked[:2_048])
        self.facts["support_vectors"] = int(model.n_support_.sum())
        (self.folder / "facts.json").write_text(json.dumps(self.facts, indent=1) + "\n")

    def mixed(self, model: object) -> None:
        """6 numbers and 8 columns of texts, from 4 to 40 categories, through a ColumnTransformer."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import Pipeline, make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler
        from skl2onnx.common.data_types import FloatTensorType, StringTensorType
        rng = np.random.default_rng(SEED)
        count = 20_000
        frame = pd.DataFrame({
            f"number_{index}": rng.normal(40, 12, count + ASKED).round(2).astype(np.float32) for index in range(6)})
        score = (frame.to_numpy() - 40) @ rng.normal(0, 0.05, 6)
        for index, size in enumerate([4, 6, 8, 12, 16, 20, 30, 40]):
            names = np.array([f"{['north', 'south', 'a-longer-name-', 'x'][code % 4]}{code}" for code in range(size)], dtype=object)
            codes = rng.integers(0, size, count + ASKED)
            frame[f"text_{index}"] = names[codes]
            score += rng.normal(0, 0.5, size)[codes]
        classes = (score + rng.normal(0, 0.5, len(score)) > 0).astype(np.int32)
        numbers = [name for name in frame if name.startswith("number")]
        texts = [name for name in frame if name.startswith("text")]
        pipeline = Pipeline([
            ("prepare", ColumnTransformer([
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
            ])),
            ("model", model),
        ])
        pipeline.fit(frame[:count].astype({name: np.float64 for name in numbers}), classes[:count])
        if hasattr(model, "n_jobs"):
            model.n_jobs = None
        joblib.dump(pipeline, self.folder / "model.pkl")
        asked = frame[count:].reset_index(drop=True)
        self.onnx(pipeline, [
            *((name, FloatTensorType([None, 1])) for name in numbers), *((name, StringTensorType([None, 1])) for name in texts)])
        self.finish("sklearn", "model.pkl", asked, pipeline.predict_proba(asked.astype({name: np.float64 for name in numbers})))

    def mixed_logistic(self) -> None:
        from sklearn.linear_model import LogisticRegression
        self.mixed(LogisticRegression(max_iter=500))

    def mixed_forest(self) -> None:
        from sklearn.ensemble import RandomForestClassifier
        self.mixed(RandomForestClassifier(100, max_depth=12, random_state=SEED))


MAKERS = {
    "xgboost 100 x 6": lambda maker: maker.xgb(100, 6),
    "xgboost 500 x 8": lambda maker: maker.xgb(500, 8),
    "lightgbm 200 x 31": lambda maker: maker.lgb(200, 31),
    "forest depth 12": lambda maker: maker.forest(12),
    "forest unlimited": lambda maker: maker.forest(None),
    "xgboost wide": Maker.xgb_wide,
    "logistic": Maker.logistic,
    "mixed logistic": Maker.mixed_logistic,
    "mixed forest": Maker.mixed_forest,
    "mlp": Maker.mlp,
    "neighbors": Maker.neighbors,
    "svc": Maker.svc,
}


if __name__ == "__main__":
    MAKERS[sys.argv[1]](Maker(pathlib.Path(sys.argv[2])))
