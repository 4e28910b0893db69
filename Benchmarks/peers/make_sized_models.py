"""Makes the models that `lifecycle` swaps under load: XGBoost, about 1 to 50 MB, two of each size, and their requests.

    python make_sized_models.py FOLDER

All are the first trees of one booster: as many as the size takes, and one more.
"""

import json
import pathlib
import sys

import numpy as np
import xgboost

FEATURES = 28
REQUESTS = 256
SEED = 41
MEGABYTES = (1, 5, 20, 50)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(SEED)
    rows = rng.normal(0.0, 1.0, (30_000, FEATURES)).astype(np.float32)
    targets = np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] + rng.normal(0, 1, len(rows))
    data = xgboost.DMatrix(rows, targets)
    settings = {"max_depth": 11, "eta": 0.3, "tree_method": "hist", "seed": SEED, "nthread": 2, "lambda": 0.1}
    booster = xgboost.train(settings, data, 40)
    bytes_a_tree = len(booster.save_raw("ubj")) / 40
    wanted = int(MEGABYTES[-1] * 1e6 / bytes_a_tree) + 1
    booster = xgboost.train(settings, data, wanted - 40, xgb_model=booster)
    for size in MEGABYTES:
        trees = max(1, int(size * 1e6 / bytes_a_tree))
        for variant in (0, 1):
            (folder / f"{size}-{variant}.ubj").write_bytes(booster[: trees + variant].save_raw("ubj"))
    asked = rng.normal(0.0, 1.0, (REQUESTS, FEATURES)).round(4)
    (folder / "requests.jsonl").write_text("".join(json.dumps(list(map(float, row))) + "\n" for row in asked))


if __name__ == "__main__":
    main()
