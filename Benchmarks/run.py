#!/usr/bin/env python3
"""Runs the benchmarks, each beside its peers, and says whether the numbers keep what was promised.

    python3 Benchmarks/run.py predict|startup|swap|http|kernels|lifecycle|all ... [--rounds N] [--seconds S] [--binary PATH] [--smoke] [--record]
    python3 Benchmarks/run.py http|kernels|lifecycle [--only ROW]... [--resume]
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from framework import peers, report  # noqa: E402 (the path comes first)

BENCHES = ("predict", "startup", "swap", "http", "kernels", "lifecycle")
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", choices=(*BENCHES, "all"), nargs="+")
    parser.add_argument("--rounds", type=int, help="turns each one gets (predict, http, kernels, lifecycle: 5; startup: 20)")
    parser.add_argument("--seconds", type=float, help="length of a turn in `predict` (5) and `http` (3)")
    parser.add_argument("--only", action="append", metavar="ROW", help="this row of `http` or `lifecycle`, or model of `kernels`; may be repeated")
    parser.add_argument("--resume", action="store_true", help="keep the rows of `http` that were measured with the same binaries")
    parser.add_argument("--swaps", type=int, default=200, help="uploads in `swap` (200)")
    parser.add_argument("--binary", type=pathlib.Path, help="the server to measure (.build/release/vencejo)")
    parser.add_argument("--fixed-answer", type=pathlib.Path, help="the server of a fixed answer (beside the binary)")
    parser.add_argument("--first", action="store_true", help="`http` goes before all else that runs here (SCHED_FIFO, as root)")
    parser.add_argument("--smoke", action="store_true", help="one short turn of everything, to see that it runs")
    parser.add_argument("--record", action="store_true", help="also write into results/reference, which is committed")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds, options.swaps = 1, 1, 10
    if options.binary is None:
        options.binary = REPOSITORY / ".build/release/vencejo"
    options.binary = options.binary.resolve()
    if not options.binary.exists():
        print(f"There is no server at {options.binary} (`make build` makes one): only the peers are measured.", file=sys.stderr)
        options.binary = None
    # An ordinary exit, so that the servers are ended on the way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    kept = True
    for name in BENCHES if "all" in options.bench else options.bench:
        chosen = argparse.Namespace(**vars(options))
        if chosen.rounds is None:
            chosen.rounds = {"predict": 5, "http": 5, "kernels": 5, "lifecycle": 5, "startup": 20}.get(name, 1)
        if chosen.seconds is None:
            chosen.seconds = 3 if name == "http" else 5
        try:
            outcome = importlib.import_module(f"benches.{name}").run(chosen)
        except peers.Unavailable as reason:
            print(f"{name}: not measured, since the peers could not be set up: {reason}", file=sys.stderr)
            kept = False
            continue
        if outcome is None:
            continue
        met = outcome.publish(report.RESULTS, "-smoke" if options.smoke else "")
        # A short turn says nothing about speed, but a failed request is one in any turn.
        kept = (outcome.correct if options.smoke else met) and kept
        if options.record and not options.smoke:
            outcome.publish(report.RESULTS / "reference")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
