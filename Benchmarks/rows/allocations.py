"""Blocks of memory asked for per request, once everything that grows has grown."""

from __future__ import annotations

import pathlib
import shutil
import struct

from framework import load, native, peers
from framework.report import Bound, Section, number
from framework.server import Scenario, Server

from . import parts
from .closed_loop import speaks_http2
from .parts import Bench, Outcome

_CONNECTIONS = 8
_TRIES = 3
# Fewer blocks than this of a request are not its own: on a slow machine the clock's dozen a second come to a hundredth.
_REST = 0.02
# By the number of streams on each connection.
_WIRES = {"HTTP/1.1": 1, "h2c": 16}


def allocations(bench: Bench) -> Outcome:
    """What 2N requests ask for more than N do, divided by N: starting, connecting and ending cancel out."""
    promises = {wire: f"allocations of a request in the steady state, {wire}" for wire in _WIRES}
    if shutil.which("h2load") is None:
        return Outcome([Bound(promise, 0, None, reason="there is no h2load here") for promise in promises.values()])
    count = 20_000
    bodies = {
        parts.FIXED: bench.body(),
        parts.PREDICT: bench.write("prediction.json", (peers.models() / "requests.jsonl").read_bytes().splitlines()[0]),
    }
    rows, bounds, raw = [], [], {}
    for wire, streams in _WIRES.items():
        worst: float | None = None
        for scenario in (bench.own_fixed(), bench.own_prediction()):
            counter = _Counter(bench.folder / "allocations", scenario)
            with Server(scenario, bench.server_core) as server:
                server.start().wait_ready()
                if streams > 1 and not speaks_http2(server.port):
                    continue

                def ask(times: int) -> tuple[int, int]:
                    before = counter.read()
                    sample = load.h2load(
                        server, bodies[scenario.name], bench.client_core, times * count, _CONNECTIONS, streams, streams > 1)
                    if sample.errors:
                        raise RuntimeError(f"{scenario.name}: {sample.errors} requests failed:\n{server.tail()}")
                    after = counter.read()
                    return after[0] - before[0], after[1] - before[1]

                ask(1)
                tries = [(ask(1), ask(2)) for _ in range(_TRIES)]
            # What time causes comes on top, in some tries more than in others: the least is the requests' own.
            blocks, size = min(
                tuple((many - few) / count for few, many in zip(once, twice, strict=True)) for once, twice in tries)
            worst = max(worst or 0, blocks if blocks >= _REST else 0)
            rows.append([f"{scenario.name}, {wire}", f"{max(0, blocks):.4f}", number(max(0, size))])
            raw[f"{scenario.name}, {wire}"] = {"requests": count, "tries": tries}
        bounds.append(Bound(promises[wire], 0, worst, reason="" if worst is not None else "this server has no HTTP/2"))
    return Outcome(
        bounds,
        [Section(
            f"Allocations of a request, the second {count:,} beside the first", ["server", "blocks / request", "bytes / request"], rows,
            [
                "Every call of malloc, calloc, realloc and their kin is counted, nghttp2's included.",
                f"The least of {_TRIES} tries; under {_REST} counts as none: the `Date` line is made anew each second, whatever is asked.",
            ],
        )],
        raw,
    )


class _Counter:
    """The shared numbers of `count_allocations.c`, put before a scenario."""

    def __init__(self, path: pathlib.Path, scenario: Scenario):
        path.write_bytes(bytes(16))
        self._path = path
        scenario.environment["LD_PRELOAD"] = str(native.library("count_allocations"))
        scenario.environment["ALLOCATIONS_FILE"] = str(path)

    def read(self) -> tuple[int, int]:
        """Blocks and bytes so far."""
        return struct.unpack("QQ", self._path.read_bytes())
