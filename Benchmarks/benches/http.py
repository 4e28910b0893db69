"""What the HTTP engine costs: every promise about it as a row of its own, measured in one run beside what bounds it.

Each row measures its servers in turns. A row that is done is kept in `results/http-rows`; `--resume` goes on with those that are
missing, and `--only NAME` measures some rows anew and takes the rest from there.
"""

from __future__ import annotations

import argparse

from framework.report import Report
from rows import allocations, closed_loop, open_loop, runner

ROWS = {
    "fixed": closed_loop.fixed,
    "predict": closed_loop.predict,
    "proxied": closed_loop.proxied,
    "h2": closed_loop.http2,
    "allocations": allocations.allocations,
    "loops": closed_loop.loops,
    "idle": open_loop.idle,
    "half": open_loop.half,
    "quarter": open_loop.quarter,
}


def run(options: argparse.Namespace) -> Report | None:
    return runner.run(options, "http", "The HTTP engine", ROWS)
