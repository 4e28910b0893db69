"""What the cases of boosted models share: data, rows on thresholds, and how a case is written.

A case is a folder with a model file and case.json: the rows to predict, and what the library answers for each.
"""
import json

import numpy as np

CASES = []
# Added to every case's own seed; 0 for the committed ones.
SEED = 0
IS_COMMITTED = True
COMMITTED_BYTES_MAX = 10_000


def case(function):
    """Marks a case that is committed."""
    CASES.append((function, True))
    return function


def parity_case(function):
    """Marks a case that is only run by `make parity`."""
    CASES.append((function, False))
    return function


def generator(seed):
    return np.random.default_rng(seed + SEED)


def numbers(columns, seed, rows=160, missing=0.1):
    random = generator(seed)
    X = random.normal(size=(rows, columns))
    X[random.random(X.shape) < missing] = np.nan
    return X


def target(X, seed):
    full = np.nan_to_num(X)
    return full[:, 0] * 2 - full[:, 1] + np.where(full[:, 2] > 0.3, 1.5, -0.5) + generator(seed).normal(
        scale=0.3, size=len(X))


def edges(thresholds, row, dtype=np.float64):
    """Rows that stand on thresholds, and one step of the type to either side."""
    rows = []
    for feature, threshold in thresholds:
        threshold = dtype(threshold)
        for value in (threshold, np.nextafter(threshold, dtype(-np.inf)), np.nextafter(threshold, dtype(np.inf))):
            copy = np.array(row, dtype=dtype)
            copy[feature] = value
            rows.append(copy)
    return rows


def plain(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.float32):
        value = float(str(value))
    if isinstance(value, (np.floating, float)):
        value = float(value)
        if value != value:
            return None
        return value if abs(value) < float("inf") else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.integer, int)):
        return int(value)
    if value is None:
        return None
    return str(value)


def write(folder, file, data, document):
    folder.mkdir(parents=True, exist_ok=True)
    data = data if isinstance(data, bytes) else data.encode()
    assert not IS_COMMITTED or len(data) < COMMITTED_BYTES_MAX, (folder.name, len(data))
    (folder / file).write_bytes(data)
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items()]
    (folder / "case.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
