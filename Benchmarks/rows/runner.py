"""Runs the rows of a bench: each measures its servers in turns, and is kept when it is done.

`--resume` goes on with the rows that are missing, and `--only NAME` measures some anew and takes the rest from what was kept.
"""

from __future__ import annotations

import argparse
import collections.abc
import dataclasses
import hashlib
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

from framework import machine, peers
from framework.report import RESULTS, Bound, Report, Section, number

from .parts import Bench, Outcome

Row = collections.abc.Callable[[Bench], Outcome]


def run(options: argparse.Namespace, bench_name: str, title: str, rows: dict[str, Row]) -> Report | None:
    chosen = [name for name in rows if not options.only or name in options.only]
    unknown = sorted(set(options.only or ()) - set(rows))
    if unknown:
        raise SystemExit(f"{bench_name} has no row {', '.join(unknown)}; it has {', '.join(rows)}")
    fixed_answer = options.binary.parent / "fixed-answer" if options.fixed_answer is None and options.binary else options.fixed_answer
    if fixed_answer is not None and not fixed_answer.exists():
        fixed_answer = None
    # Servers and generators inherit it; a connection is a descriptor.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Before everything else all threads of a server are alike, also those that are to yield to its loops.
    machine.goes_first = options.first and bench_name == "http"
    server_core, client_core = machine.cores()
    kept = RESULTS / (f"{bench_name}-rows-smoke" if options.smoke else f"{bench_name}-rows")
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="vencejo-bench-") as folder:
        bench = Bench(
            pathlib.Path(folder), options.rounds, options.seconds, options.smoke, options.binary, fixed_answer,
            server_core, client_core,
        )
        made_from = _identity(bench)
        for name, row in rows.items():
            old = _load(kept / f"{name}.json", made_from)
            if old is not None and (name not in chosen or options.resume):
                outcomes[name] = old
            elif name in chosen:
                print(f"--- {name}: {(row.__doc__ or '').splitlines()[0]}", file=sys.stderr, flush=True)
                outcomes[name] = _measure(row, name, bench)
                # Shown as soon as it is known: the run takes minutes.
                for bound in outcomes[name].bounds:
                    measured = "-" if bound.measured is None else number(bound.measured)
                    print(f"    {bound.promise}: {measured}, {bound.verdict}", file=sys.stderr, flush=True)
                _store(kept / f"{name}.json", made_from, outcomes[name])
    return Report(
        bench=bench_name,
        title=title,
        settings={"rounds": options.rounds, "seconds a round": options.seconds, **({"first": "yes"} if options.first else {})},
        columns=[], rows=[],
        bounds=[bound for outcome in outcomes.values() for bound in outcome.bounds],
        raw={name: outcome.raw for name, outcome in outcomes.items()},
        notes=["CPU time is user and system time of the servers' processes; ratios are medians over the turns."],
        sections=[section for outcome in outcomes.values() for section in outcome.sections],
    )


def _measure(row, name: str, bench: Bench) -> Outcome:
    """One row. What is missing here, such as a compiler, or goes wrong is told in its place and does not end the run."""
    try:
        return row(bench)
    except peers.Unavailable as reason:
        return Outcome([Bound(name, 0, None, reason=str(reason))])
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return Outcome([Bound(f"row {name} broke off, times", 0, 1)])


def _identity(bench: Bench) -> str:
    """What must be alike for results to stand in one table: the servers and the length of a turn."""
    made = hashlib.sha256(f"{bench.rounds} {bench.seconds} {machine.goes_first}".encode())
    for binary in (bench.binary, bench.fixed_answer):
        made.update(binary.read_bytes() if binary is not None else b"none")
    return made.hexdigest()


def _store(path: pathlib.Path, made_from: str, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"made_from": made_from, **dataclasses.asdict(outcome)}) + "\n", encoding="utf-8")


def _load(path: pathlib.Path, made_from: str) -> Outcome | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if document.get("made_from") != made_from:
        return None
    return Outcome(
        [Bound(**bound) for bound in document["bounds"]], [Section(**section) for section in document["sections"]], document["raw"])
