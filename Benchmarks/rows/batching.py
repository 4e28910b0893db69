"""What batching saves and what it costs: heavy models with it and without, a light one likewise, and one beside the other."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics

from framework import load, machine, peers
from framework.report import Bound, Section, number
from framework.server import Scenario, Server

from . import parts
from .parts import Bench, Outcome

OBJECTIVE_MS = 50
_ON, _OFF = "batching on", "batching off"
_SATURATING_CLIENTS = 16


@dataclasses.dataclass(frozen=True)
class _Heavy:
    title: str
    model: str
    requests: str = "requests.jsonl"


_EMBEDDINGS = _Heavy("k-nearest neighbours among 10,000 rows of 384 columns", "embeddings.pkl", "embeddings.jsonl")
_NEIGHBOURS = _Heavy("k-nearest neighbours among 10,000 rows of 28 columns", "neighbours.pkl")
_FOREST = _Heavy("random forest of 1.5 million nodes", "forest.pkl")


def heavy(bench: Bench) -> Outcome:
    """Nearest neighbours among 10,000 embeddings: 64 clients, batching on beside off."""
    return _heavy(bench, _EMBEDDINGS)


def heavy_neighbours(bench: Bench) -> Outcome:
    """Nearest neighbours among 10,000 short rows, a model no heavier than HTTP."""
    return _heavy(bench, _NEIGHBOURS)


def heavy_forest(bench: Bench) -> Outcome:
    """A forest of 1.5 million nodes, where a row of a batch costs as much as one alone."""
    return _heavy(bench, _FOREST)


def light(bench: Bench) -> Outcome:
    """The light model: batching on is never slower than off."""
    model = peers.models() / "model.ubj"
    samples = _turns(bench, {_ON: _scenario(bench, _ON, [f"light={model}"]),
                             _OFF: _scenario(bench, _OFF, [f"light={model}"], {"VENCEJO_BATCHING": "off"})},
                     peers.models() / "requests.jsonl")
    gain = _gain(samples)
    return Outcome(
        [Bound("light model, 64 clients: throughput with batching on beside off", 0.98, gain, at_most=False),
         _failures("light model", samples)],
        [_section("XGBoost, 100 trees of depth 6, 64 clients in a closed loop, one core", samples)], parts.plain(samples))


def beside_heavy(bench: Bench) -> Outcome:
    """A light model at 30% of its load, alone and beside a heavy one that is saturated."""
    return _beside(bench, _EMBEDDINGS)


def beside_neighbours(bench: Bench) -> Outcome:
    """The same beside a model that is no heavier than HTTP, whose clients saturate the loop as well."""
    return _beside(bench, _NEIGHBOURS)


def _beside(bench: Bench, heavy: _Heavy) -> Outcome:
    folder = peers.heavy_models()
    models = [f"light={peers.models() / 'model.ubj'}", f"heavy={folder / heavy.model}"]
    script = load.write_script(bench.folder)
    server = Server(_scenario(bench, "vencejo", models), bench.server_core)
    asked = (folder / heavy.requests).read_bytes().splitlines()
    saturating = load.Beside(_SATURATING_CLIENTS, load.write_requests(
        bench.folder / "saturating", [parts.post(row, "/models/heavy/predict") for row in asked]))
    alone: list[load.Schedule] = []
    beside: list[load.Schedule] = []
    try:
        parts.start([server])
        full = load.run(server, script, peers.models() / "requests.jsonl", bench.client_core, bench.seconds, parts.CONNECTIONS)
        rate = full.requests_per_second * 0.3
        requests = bench.predictions()
        # It sleeps then while nothing is due: where no core is ever idle, a virtual machine's host makes pauses of 10 ms.
        goes_first = machine.may_go_first()
        for _ in range(bench.rounds):
            for runs, others in ((alone, None), (beside, saturating)):
                runs.append(load.open_loop(
                    server, requests, bench.client_core, rate, bench.seconds, parts.CONNECTIONS, beside=others,
                    goes_first=goes_first))
            bench.say(f"p99 alone {alone[-1].p99_microseconds:.0f} us, beside {beside[-1].p99_microseconds:.0f} us")
    finally:
        server.stop()
    ratio = statistics.median(after.p99_microseconds / before.p99_microseconds for before, after in zip(alone, beside, strict=True))
    rows = statistics.median(run.beside for run in beside) / (bench.seconds + load.WARMUP_SECONDS)
    return Outcome(
        [Bound(f"a light model's p99 beside saturated {heavy.title}, beside its p99 alone", 1.5, ratio),
         Bound("rounds in which the heavy model answered nothing", 0, sum(run.beside == 0 for run in beside)),
         Bound("failed requests: light beside heavy", 0, sum(run.errors + run.beside_failed for run in alone + beside))],
        [Section(
            f"A light model at {number(rate)} requests/s (30%), one loop and the compute thread on one core",
            ["", "p50 us", "p99 us", "p99.9 us"],
            [[name, *(number(statistics.median(getattr(run, field) for run in runs))
                      for field in ("p50_microseconds", "p99_microseconds", "p999_microseconds"))]
             for name, runs in (("alone", alone),
                                (f"beside {heavy.title}, {number(rows)} rows/s for {_SATURATING_CLIENTS} clients", beside))],
            notes=["The generator sleeps while nothing is due, which adds some 50 us to both." if goes_first else
                   "The generator never sleeps: both cores are busy all the time, and latencies are also the host's pauses."])],
        {"alone": [vars(run) for run in alone], "beside": [vars(run) for run in beside]})


def _heavy(bench: Bench, heavy: _Heavy) -> Outcome:
    folder = peers.heavy_models()
    model = [f"heavy={folder / heavy.model}"]
    samples = _turns(
        bench, {_ON: _scenario(bench, _ON, model), _OFF: _scenario(bench, _OFF, model, {"VENCEJO_BATCHING": "off"})},
        folder / heavy.requests)
    p99 = statistics.median(sample.p99_microseconds for sample in samples[_ON]) / 1000
    what = f"{heavy.title}, 64 clients"
    return Outcome(
        [Bound(f"{what}: throughput with batching on beside off", 1.5, _gain(samples), at_most=False),
         Bound(f"{what}: p99 in ms, the objective being {OBJECTIVE_MS}", OBJECTIVE_MS, p99),
         _failures(heavy.title, samples)],
        [_section(f"{what} in a closed loop, one core", samples)], parts.plain(samples))


def _scenario(bench: Bench, name: str, models: list[str], environment: dict[str, str] | None = None) -> Scenario:
    if bench.binary is None:
        raise peers.Unavailable("there is no server's binary (make build)")
    return Scenario(
        name,
        [str(bench.binary), "serve", *models, "--host", "127.0.0.1", "--port", "{port}", "--loops", "1",
         "--latency-objective-ms", str(OBJECTIVE_MS)],
        "/health/ready", environment=environment or {})


def _turns(bench: Bench, scenarios: dict[str, Scenario], bodies: pathlib.Path) -> dict[str, list[load.Sample]]:
    servers = [Server(dataclasses.replace(scenario, name=name), bench.server_core) for name, scenario in scenarios.items()]
    try:
        parts.start(servers)
        return parts.take_turns(bench, servers, load.write_script(bench.folder), bodies)
    finally:
        parts.stop(servers)


def _gain(samples: dict[str, list[load.Sample]]) -> float:
    return statistics.median(
        on.requests_per_second / off.requests_per_second for on, off in zip(samples[_ON], samples[_OFF], strict=True))


def _failures(what: str, samples: dict[str, list[load.Sample]]) -> Bound:
    return Bound(f"failed requests: {what}", 0, sum(sample.errors for taken in samples.values() for sample in taken))


def _section(title: str, samples: dict[str, list[load.Sample]]) -> Section:
    rows = [
        [name, number(statistics.median(s.requests_per_second for s in taken)),
         *(number(statistics.median(getattr(s, field) for s in taken) / 1000) for field in ("p50_microseconds", "p99_microseconds")),
         number(parts.cpu(taken)), str(sum(s.errors for s in taken))]
        for name, taken in samples.items()
    ]
    return Section(title, ["", "requests/s", "p50 ms", "p99 ms", "us CPU / request", "errors"], rows)
