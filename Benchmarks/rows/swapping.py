"""Models that come and go: swaps under load, a life of uploads and removals, a thousand models at once."""

from __future__ import annotations

import dataclasses
import http.client
import json
import pathlib
import statistics
import subprocess
import sys

from framework import load, machine, peers
from framework.report import Bound, Section, number
from framework.server import Scenario, Server

from . import parts
from .parts import Bench, Outcome

TOKEN = "0123456789abcdef0123456789abcdef"
SWAPS = 200
# Looked at while models are swapped.
ANSWERS = 1_000_000
CYCLES = 500
# Uploads and removals after which the memory counts: until then caches fill and the allocator finds its size.
CYCLES_OF_WARM_UP = 100
MODELS = 1000


def swaps(bench: Bench) -> Outcome:
    """Swaps of models of 1 to 50 MB at 30% of the load; every answer is looked at."""
    folder = peers.sized_models()
    files = sorted(folder.glob("*.ubj"), key=lambda path: (int(path.stem.split("-")[0]), path.stem))
    bodies = (folder / "requests.jsonl").read_bytes().splitlines()
    server = Server(_scenario(bench, [f"bench={files[0]}"]), bench.server_core)
    turns: list[tuple[load.Schedule, load.Schedule]] = []
    uploads: list[float] = []
    try:
        parts.start([server])
        requests = load.write_requests(bench.folder / "swap-requests", [parts.post(body) for body in bodies])
        answers = _answers(bench, server, files, bodies)
        full = load.run(
            server, load.write_script(bench.folder), folder / "requests.jsonl", bench.client_core, bench.seconds,
            parts.CONNECTIONS)
        rate = full.requests_per_second * 0.3
        seconds = bench.seconds if bench.is_smoke else max(25.0, bench.seconds, 1.02 * ANSWERS / rate / bench.rounds)
        # The uploads come from the generator's core, and are not to be seen as the server's latency.
        goes_first = machine.may_go_first()
        for turn in range(bench.rounds):
            quiet = load.open_loop(
                server, requests, bench.client_core, rate, seconds, parts.CONNECTIONS, answers, goes_first=goes_first)
            uploader = Uploader(server.port, bench.client_core, files, first=len(uploads))
            try:
                busy = load.open_loop(
                    server, requests, bench.client_core, rate, seconds, parts.CONNECTIONS, answers, goes_first=goes_first)
            finally:
                uploads += uploader.end()
            turns.append((quiet, busy))
            bench.say(
                f"round {turn + 1}  p99 {quiet.p99_microseconds:.0f} us quiet, {busy.p99_microseconds:.0f} us while swapping, "
                f"{len(uploads)} swaps")
    finally:
        server.stop()
    busy = [turn[1] for turn in turns]
    ratio = statistics.median(after.p99_microseconds for _, after in turns) / statistics.median(
        before.p99_microseconds for before, _ in turns)
    return Outcome(
        [Bound("p99 while swapping beside p99 of the quiet server", 1.2, ratio),
         Bound("answers that failed while swapping", 0, sum(run.errors for run in busy)),
         Bound("answers that none of the models gives", 0, sum(run.wrong for run in busy)),
         Bound("answers looked at while swapping", 0 if bench.is_smoke else ANSWERS, sum(run.answered for run in busy), at_most=False),
         Bound("swaps", 10 if bench.is_smoke else SWAPS, len(uploads), at_most=False)],
        [Section(
            f"{len(uploads)} swaps of XGBoost models of 1 to 50 MB at {number(rate)} requests/s (30%), server and imports on one core",
            ["", "answers", "failed", "wrong", "p50 us", "p99 us", "p99.9 us", "greatest us"],
            [[name, f"{sum(run.answered for run in runs):,}", str(sum(run.errors for run in runs)),
              str(sum(run.wrong for run in runs)),
              *(number(statistics.median(getattr(run, field) for run in runs)) for field in (
                  "p50_microseconds", "p99_microseconds", "p999_microseconds", "max_microseconds"))]
             for name, runs in (("quiet", [turn[0] for turn in turns]), ("while swapping", busy))],
            notes=[f"An upload to its last loop: {number(statistics.median(uploads) * 1000)} ms (median), "
                   f"{number(max(uploads) * 1000)} ms at most.",
                   "The uploads come at 1 Gb/s from the generator's core, which goes before them (SCHED_FIFO)." if goes_first else
                   "The uploads share the generator's core, which may not go before them here: its latencies are also theirs."])],
        {"turns": [[vars(run) for run in turn] for turn in turns], "upload_seconds": uploads})


def cycles(bench: Bench) -> Outcome:
    """Models of ever new names are uploaded, asked and removed: memory, descriptors and metrics come back."""
    folder = peers.sized_models()
    model = (folder / "5-0.ubj").read_bytes()
    body = (folder / "requests.jsonl").read_bytes().splitlines()[0]
    count, warm_up = (30, 10) if bench.is_smoke else (CYCLES, CYCLES_OF_WARM_UP)
    server = Server(_scenario(bench, []), bench.server_core)
    resident: list[float] = []
    try:
        parts.start([server])
        client = Client(server.port)
        before = [0, 0]
        for cycle in range(count):
            name = f"model-{cycle}"
            client.ask("PUT", f"/models/{name}", model, 201)
            client.ask("POST", f"/models/{name}/predict", body, 200)
            client.ask("DELETE", f"/models/{name}", None, 204)
            resident.append(server.resident_bytes() / 2**20)
            if cycle + 1 in (warm_up, count):
                # Twice: the page tells of itself as well, from the second time on.
                client.ask("GET", "/metrics", None, 200)
                series = len(client.ask("GET", "/metrics", None, 200).splitlines())
                held = [_descriptors(server), series]
                if cycle + 1 == warm_up:
                    before = held
        growth = statistics.median(resident[-warm_up // 2:]) / statistics.median(resident[warm_up // 2:warm_up])
    finally:
        server.stop()
    return Outcome(
        [Bound(f"resident memory after {count} uploads and removals beside that after {warm_up}", 1.05, growth),
         Bound("open descriptors more than at the beginning", 0, max(0, held[0] - before[0])),
         Bound("lines of metrics more than at the beginning", 0, max(0, held[1] - before[1]))],
        [Section(
            f"{count} models of 5 MB, each of a new name, uploaded, asked and removed",
            ["after", "resident MiB"],
            [[str(at), f"{resident[at - 1]:.1f}"] for at in sorted({1, warm_up, count // 2, count})])],
        {"resident_mib": resident})


def thousand(bench: Bench) -> Outcome:
    """A thousand small models in one process: how soon it is ready, what it holds, what a request costs."""
    model = peers.example("house-price.pkl").read_bytes()
    record = json.dumps(json.loads(peers.example("expected.json").read_text())["records"][0]).encode()
    count = 100 if bench.is_smoke else MODELS
    counts = [count // 100, count // 10, count]
    stores = [bench.folder / f"store-{number_of_models}" for number_of_models in counts]
    ready: dict[int, float] = {}
    resident: dict[int, float] = {}
    costs: dict[int, list[float]] = {number_of_models: [] for number_of_models in counts}
    for number_of_models, store in zip(counts, stores, strict=True):
        _fill(bench, store, number_of_models, model)
        times = []
        for _ in range(bench.rounds):
            with Server(_scenario(bench, [], store), bench.server_core) as server:
                times.append(server.start().wait_answer("/models/m0/predict", record))
                resident[number_of_models] = server.resident_bytes() / 2**20
        ready[number_of_models] = statistics.median(times)
    body = bench.write("record.jsonl", record + b"\n")
    script = load.write_script(bench.folder)
    servers = [
        Server(
            dataclasses.replace(
                _scenario(bench, [], store), name=f"{number_of_models} models", path=f"/models/m{number_of_models // 2}/predict"),
            bench.server_core)
        for number_of_models, store in zip(counts, stores, strict=True)
    ]
    try:
        parts.start(servers)
        for _ in range(bench.rounds):
            for number_of_models, server in zip(counts, servers, strict=True):
                sample = load.run(server, script, body, bench.client_core, bench.seconds, parts.CONNECTIONS)
                costs[number_of_models].append(sample.cpu_microseconds)
    finally:
        parts.stop(servers)
    few, some, many = counts
    each = (resident[many] - resident[some]) / (many - some), (resident[some] - resident[few]) / (some - few)
    cost = statistics.median(
        after / before for before, after in zip(costs[few], costs[many], strict=True))
    return Outcome(
        [Bound(f"{many} models: start to the first answer, seconds", 2.0, ready[many]),
         Bound(f"CPU time of a request among {many} models beside {few}", 1.05, cost),
         Bound(f"memory of a model from {some} to {many} beside that from {few} to {some}", 1.5, each[0] / max(each[1], 1e-9))],
        [Section(
            "Small scikit-learn pipelines in one process",
            ["models", "first answer s", "resident MiB", "us CPU / request"],
            [[f"{at:,}", f"{ready[at]:.3f}", f"{resident[at]:.1f}", number(statistics.median(costs[at]))] for at in counts])],
        {"first_answer_seconds": ready, "resident_mib": resident, "cpu_microseconds": costs})


class Client:
    """One kept connection that may change models."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None, status: int) -> bytes:
        self.connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != status and not (status == 201 and answer.status == 200):
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {content[:500]!r}")
        return content


class Uploader:
    """Uploads one model after the other, from a process on `core`, until it is told to end."""

    def __init__(self, port: int, core: int, models: list[pathlib.Path], first: int):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, str(pathlib.Path(__file__).with_name("uploader.py")), str(port), TOKEN,
             str(first), *map(str, models)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self) -> list[float]:
        """The seconds that each upload took."""
        try:
            told, error = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if self.process.returncode != 0:
            raise RuntimeError(f"an upload failed: {error}")
        return [float(line) for line in told.splitlines()]


def _scenario(bench: Bench, models: list[str], store: pathlib.Path | None = None) -> Scenario:
    if bench.binary is None:
        raise peers.Unavailable("there is no server's binary (make build)")
    return Scenario(
        "vencejo",
        [str(bench.binary), "serve", *models, "--host", "127.0.0.1", "--port", "{port}", "--loops", "1", "--store",
         str(store) if store else "{scratch}/store", "--shadow", "off"],
        "/health/ready", environment={"VENCEJO_ADMIN_TOKEN": TOKEN})


def _answers(bench: Bench, server: Server, files: list[pathlib.Path], bodies: list[bytes]) -> pathlib.Path:
    """A file of what each request may be answered: what each of the models says to it, asked one by one."""
    client = Client(server.port)
    lines = [" " for _ in bodies]
    for path in files:
        client.ask("PUT", "/models/bench", path.read_bytes(), 200)
        for index, body in enumerate(bodies):
            document = json.loads(client.ask("POST", "/predict", body, 200), parse_float=str, parse_int=str)
            lines[index] += document["prediction"] + " "
    return bench.write("swap-answers", "".join(line + "\n" for line in lines).encode())


def _fill(bench: Bench, store: pathlib.Path, count: int, model: bytes) -> None:
    with Server(_scenario(bench, [], store), bench.server_core) as server:
        server.start().wait_ready()
        client = Client(server.port)
        for index in range(count):
            client.ask("PUT", f"/models/m{index}", model, 201)


def _descriptors(server: Server) -> int:
    return sum(len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())) for pid in server.pids())
