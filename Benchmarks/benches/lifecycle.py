"""What happens while models come, go and compete: every promise about it as a row of its own.

Each row measures its servers in turns. A row that is done is kept in `results/lifecycle-rows`; `--resume` goes on with those that are
missing, and `--only NAME` measures some rows anew and takes the rest from there.
"""

from __future__ import annotations

import argparse

from framework.report import Report
from rows import batching, replicas, runner, swapping

ROWS = {
    "swaps": swapping.swaps,
    "cycles": swapping.cycles,
    "thousand": swapping.thousand,
    "replicas": replicas.replicas,
    "heavy": batching.heavy,
    "heavy-neighbours": batching.heavy_neighbours,
    "heavy-forest": batching.heavy_forest,
    "light": batching.light,
    "beside-heavy": batching.beside_heavy,
    "beside-neighbours": batching.beside_neighbours,
}


def run(options: argparse.Namespace) -> Report | None:
    return runner.run(options, "lifecycle", "Models that come, go and compete", ROWS)
