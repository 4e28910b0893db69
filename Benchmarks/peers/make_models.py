"""Makes what the `predict` benchmark serves: one XGBoost model in each peer's format, requests, and the right answers.

    python make_models.py FOLDER

100 trees of depth 6 over 28 features, the shape of the HIGGS task; the rows come from a seeded generator.
"""

import json
import pathlib
import sys

import numpy as np
import xgboost
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

FEATURES = 28
TREES = 100
DEPTH = 6
REQUESTS = 256
SEED = 28


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(SEED)
    rows = rng.normal(0.0, 1.0, (50_000, FEATURES)).round(4)
    signal = (
        np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] - 0.5 * np.abs(rows[:, 3]) + 0.6 * rows[:, 4:16] @ rng.normal(0, 0.5, 12)
        + 0.3 * rows[:, 16:22].max(axis=1) * rows[:, 22] + rng.normal(0, 0.7, len(rows))
    )
    labels = (signal > np.median(signal)).astype(np.float32)
    matrix = xgboost.DMatrix(rows.astype(np.float32), labels)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "tree_method": "hist", "seed": SEED, "nthread": 2},
        matrix, num_boost_round=TREES,
    )
    booster.save_model(folder / "model.ubj")
    graph = convert_xgboost(booster, initial_types=[("input", FloatTensorType([None, FEATURES]))], target_opset=15)
    (folder / "model.onnx").write_bytes(graph.SerializeToString())

    # Four digits, as a service would send them.
    asked = rows[:REQUESTS]
    answers = booster.predict(xgboost.DMatrix(asked.astype(np.float32)))
    with open(folder / "requests.jsonl", "w", encoding="utf-8") as file:
        for row in asked:
            file.write(json.dumps({"instances": [row.tolist()]}) + "\n")
    with open(folder / "answers.json", "w", encoding="utf-8") as file:
        json.dump([float(str(answer)) for answer in answers], file)


if __name__ == "__main__":
    main()
