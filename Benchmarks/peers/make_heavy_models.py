"""Makes the heavy models that `lifecycle` serves beside the light one, and their requests.

    python make_heavy_models.py FOLDER

Nearest neighbours among 10,000 rows, of 28 columns and of as many as a text's embedding has, and a forest of 1.5 million
nodes; rows from a seeded generator.
"""

import json
import pathlib
import pickle
import sys

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

FEATURES = 28
# Of the small models that embed sentences.
EMBEDDING = 384
REQUESTS = 256
SEED = 28


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(SEED)
    rows = rng.normal(0.0, 1.0, (10_000, FEATURES)).round(4)
    targets = np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] + rng.normal(0, 0.3, len(rows))
    neighbours = KNeighborsRegressor(n_neighbors=5, algorithm="brute").fit(rows, targets)
    (folder / "neighbours.pkl").write_bytes(pickle.dumps(neighbours))
    forest = RandomForestRegressor(n_estimators=120, random_state=SEED, n_jobs=2).fit(rows, targets)
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    write_requests(folder / "requests.jsonl", rng.normal(0.0, 1.0, (REQUESTS, FEATURES)))
    embedded = rng.normal(0.0, 1.0, (10_000, EMBEDDING)).round(4)
    classes = rng.integers(0, 20, len(embedded))
    classifier = KNeighborsClassifier(n_neighbors=5, algorithm="brute").fit(embedded, classes)
    (folder / "embeddings.pkl").write_bytes(pickle.dumps(classifier))
    # Near a row that is known, as texts are.
    write_requests(
        folder / "embeddings.jsonl",
        embedded[rng.integers(0, len(embedded), REQUESTS)] + rng.normal(0.0, 0.5, (REQUESTS, EMBEDDING)))


def write_requests(path: pathlib.Path, rows: np.ndarray) -> None:
    path.write_text("".join(json.dumps(list(map(float, row))) + "\n" for row in rows.round(4)))


if __name__ == "__main__":
    main()
