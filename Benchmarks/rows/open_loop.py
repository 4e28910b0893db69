"""Latency at a given rate: at half of what saturates a loop, in a quarter of a core, and beside 10,000 idle connections."""

from __future__ import annotations

import resource
import statistics
import subprocess

from framework import cgroup, load, native, peers
from framework.report import Bound, Section, number, spread
from framework.server import Server

from . import parts
from .parts import BARE, CONNECTIONS, PREDICT, Bench, Outcome

_IDLE = 10_000
_COLUMNS = ["server", "requests/s", "p50 ms", "p99 ms (min-max)", "p99.9 ms", "greatest ms", "us CPU / request", "errors"]
_GENERATOR = "Latencies count from the moment a request was due, whenever it left."


def half(bench: Bench) -> Outcome:
    """At half the rate that saturates it. The bare loop gets the same rate: its latency is the machine's share."""
    requests = bench.predictions()
    scenarios = bench.own_prediction(), bench.bare(counts_bytes=False)
    servers = [Server(scenario, bench.server_core) for scenario in scenarios]
    taken: dict[str, list[load.Schedule]] = {server.scenario.name: [] for server in servers}
    try:
        parts.start(servers)
        script = load.write_script(bench.folder)
        full = statistics.median(
            load.run(servers[0], script, peers.models() / "requests.jsonl", bench.client_core, min(2, bench.seconds), CONNECTIONS)
            .requests_per_second for _ in range(1 if bench.is_smoke else 3)
        )
        rate = round(full / 2, -2)
        for _ in range(bench.rounds):
            for server in servers:
                taken[server.scenario.name].append(_run(bench, server, requests, rate))
    finally:
        parts.stop(servers)
    return Outcome(
        [Bound("p99 at half of the saturation rate, open loop, one loop on a core of its own, ms", 1, _p99(taken[PREDICT]) / 1000,
               floor=_p99(taken[BARE]) / 1000),
         # Where the machine is quiet both are far below a millisecond, and their quotient says nothing.
         Bound("the same, beside the bare C loop's at the same rate (at least 1 ms)", 1.25,
               _p99(taken[PREDICT]) / max(1000, _p99(taken[BARE]))),
         _failures("half of the saturation rate", taken[PREDICT])],
        [Section(f"At half of {number(full)} requests/s, open loop, 64 connections", _COLUMNS, _rows(taken), [_GENERATOR])],
        _raw(taken),
    )


def quarter(bench: Bench) -> Outcome:
    """In a container's clothes: 0.25 cores and 256 MB, 500 requests a second."""
    promise = "p99 in a quarter of a core and 256 MB, 500 requests/s, open loop, ms"
    requests = bench.predictions()
    try:
        group = cgroup.Group(cores=0.25, memory_bytes=256 << 20)
    except peers.Unavailable as reason:
        return Outcome([Bound(promise, 10, None, reason=f"not measurable here, {reason}")])
    taken: dict[str, list[load.Schedule]] = {PREDICT: []}
    with group:
        with Server(bench.own_prediction(), bench.server_core, entry=group.entry) as server:
            server.start().wait_ready()
            started = group.throttled_seconds()
            for _ in range(bench.rounds):
                taken[PREDICT].append(_run(bench, server, requests, 500))
            throttled = group.throttled_seconds() - started
            resident = server.resident_bytes()
    return Outcome(
        [Bound(promise, 10, _p99(taken[PREDICT]) / 1000), _failures("a quarter of a core", taken[PREDICT])],
        [Section(
            "A quarter of a core and 256 MB (control group), open loop, 64 connections", _COLUMNS, _rows(taken),
            [_GENERATOR, f"Held back by the quota for {number(throttled)} s in all; {number(resident / 1e6)} MB resident."],
        )],
        _raw(taken),
    )


def idle(bench: Bench) -> Outcome:
    """10,000 kept connections that say nothing, and 64 that do."""
    memory, unchanged = "resident with 10,000 idle connections, MB", "p99 of 64 active connections beside 10,000 idle ones, beside none"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _IDLE + 500:
        reason = f"a process may have {hard} descriptors here"
        return Outcome([Bound(memory, 60, None, reason=reason), Bound(unchanged, 1.25, None, reason=reason)])
    requests = bench.predictions()
    one = bench.write("idle-request", parts.post((peers.models() / "requests.jsonl").read_bytes().splitlines()[0]))
    without, beside = "64 active", "64 active, 10,000 idle"
    taken: dict[str, list[load.Schedule]] = {without: [], beside: []}
    residents: dict[str, list[int]] = {without: [], beside: []}
    closed = 0
    with Server(bench.own_prediction(), bench.server_core) as server:
        server.start().wait_ready()
        _run(bench, server, requests, 2000)
        for _ in range(bench.rounds):
            residents[without].append(server.resident_bytes())
            taken[without].append(_run(bench, server, requests, 5000))
            with _IdleConnections(bench, server, one) as connections:
                residents[beside].append(server.resident_bytes())
                taken[beside].append(_run(bench, server, requests, 5000))
                closed += connections.close()
    rows = _rows(taken)
    for row, name in zip(rows, taken, strict=True):
        row.append(spread([value / 1e6 for value in residents[name]]))
    return Outcome(
        [
            Bound(memory, 60, max(residents[beside]) / 1e6),
            # Of medians: in a single turn one pause of the machine makes either side as long as it likes.
            Bound(unchanged, 1.25, _p99(taken[beside]) / _p99(taken[without])),
            Bound("idle connections lost", 0, closed),
            _failures("beside idle connections", taken[beside]),
        ],
        [Section(
            "10,000 idle connections: 5,000 requests/s on 64 others, open loop", [*_COLUMNS, "resident MB (min-max)"], rows,
            [_GENERATOR, "Each idle connection has had one answer. The limit for p99 is what two turns alike differ by here."],
        )],
        {**_raw(taken), "resident_bytes": residents},
    )


class _IdleConnections:
    """`peers/native/idle_connections.c` while it holds its connections."""

    def __init__(self, bench: Bench, server: Server, request: object):
        self._process = subprocess.Popen(
            ["taskset", "-c", str(bench.client_core), str(native.program("idle_connections")), str(server.port), str(_IDLE), str(request)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if not self._process.stdout.readline().startswith("open "):
            words = self._process.communicate(timeout=30)[1].strip()
            raise RuntimeError(f"no {_IDLE} connections: {words}\n{server.tail()}")

    def close(self) -> int:
        """Ends them; how many the server had closed before."""
        words = self._process.communicate(timeout=30)[0]
        return int(words.rpartition(" ")[2])

    def __enter__(self) -> "_IdleConnections":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _run(bench: Bench, server: Server, requests: object, rate: float) -> load.Schedule:
    schedule = load.open_loop(server, requests, bench.client_core, rate, bench.seconds, CONNECTIONS)
    bench.say(
        f"{server.scenario.name:28} {rate:8.0f}/s  p50 {schedule.p50_microseconds:8.0f} us  p99 {schedule.p99_microseconds:8.0f} us  "
        f"{schedule.errors} errors"
    )
    return schedule


def _p99(taken: list[load.Schedule]) -> float:
    return statistics.median(schedule.p99_microseconds for schedule in taken)


def _failures(what: str, taken: list[load.Schedule]) -> Bound:
    return Bound(f"failed requests: {what}", 0, sum(schedule.errors for schedule in taken))


def _rows(taken: dict[str, list[load.Schedule]]) -> list[list[str]]:
    return [
        [
            name,
            number(schedules[0].rate),
            number(statistics.median(s.p50_microseconds for s in schedules) / 1000),
            spread([s.p99_microseconds / 1000 for s in schedules]),
            number(statistics.median(s.p999_microseconds for s in schedules) / 1000),
            number(max(s.max_microseconds for s in schedules) / 1000),
            number(statistics.median(s.cpu_microseconds for s in schedules)),
            str(sum(s.errors for s in schedules)),
        ]
        for name, schedules in taken.items()
    ]


def _raw(taken: dict[str, list[load.Schedule]]) -> dict[str, object]:
    return {name: [vars(schedule) for schedule in schedules] for name, schedules in taken.items()}
