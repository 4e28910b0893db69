"""Makes the heavy models that `lifecycle` serves beside the light one, and their requests.

    python make_heavy_models.py FOLDER

Nearest neighbours among 10,000 and 100,000 rows, and a forest of 1.5 million nodes; rows from a seeded generator.
"""

import json
import pathlib
import pickle
import sys

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

FEATURES = 28
REQUESTS = 256
SEED = 28


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(SEED)
    rows = rng.normal(0.0, 1.0, (10_000, FEATURES)).round(4)
    targets = np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] + rng.normal(0, 0.3, len(rows))
    neighbours = KNeighborsRegressor(n_neighbors=5, algorithm="brute").fit(rows, targets)
    (folder / "neighbours.pkl").write_bytes(pickle.dumps(neighbours))
    many = rng.normal(0.0, 1.0, (100_000, FEATURES)).round(4)
    of_many = KNeighborsRegressor(n_neighbors=5, algorithm="brute").fit(many, np.sin(2 * many[:, 0]) + many[:, 1])
    (folder / "many-neighbours.pkl").write_bytes(pickle.dumps(of_many))
    forest = RandomForestRegressor(n_estimators=120, random_state=SEED, n_jobs=2).fit(rows, targets)
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    asked = rng.normal(0.0, 1.0, (REQUESTS, FEATURES)).round(4)
    (folder / "requests.jsonl").write_text("".join(json.dumps(list(map(float, row))) + "\n" for row in asked))


if __name__ == "__main__":
    main()
