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
    # Small steps leave the last tree as much to do as the first: all are of about one size.
    settings = {"max_depth": 11, "eta": 0.01, "tree_method": "hist", "seed": SEED, "nthread": 2, "lambda": 0.1}
    booster = xgboost.train(settings, data, 40)
    bytes_a_tree = len(booster.save_raw("ubj")) / 40
    wanted = int(MEGABYTES[-1] * 1e6 / bytes_a_tree) + 1
    booster = xgboost.train(settings, data, wanted - 40, xgb_model=booster)
    for size in MEGABYTES:
        trees = max(1, int(size * 1e6 / bytes_a_tree))
        for variant in (0, 1):
            model = booster[: trees + variant].save_raw("ubj")
            if not 0.8 < len(model) / (size * 1e6) < 1.25:
                sys.exit(f"{trees + variant} trees are {len(model):,} bytes; about {size} MB were expected")
            (folder / f"{size}-{variant}.ubj").write_bytes(model)
    asked = rng.normal(0.0, 1.0, (REQUESTS, FEATURES)).round(4)
    (folder / "requests.jsonl").write_text("".join(json.dumps(list(map(float, row))) + "\n" for row in asked))


if __name__ == "__main__":
    main()
