"""Three servers behind nginx on one store: how soon all serve what one of them took, and whether anybody sees the past."""

from __future__ import annotations

import http.client
import json
import pathlib
import signal
import statistics
import threading
import time

from framework import peers
from framework.report import Bound, Section, number
from framework.server import Scenario, Server

from . import parts
from .parts import Bench, Outcome
from .swapping import TOKEN, Client

REPLICAS = 3
UPLOADS = 40
KILLS = 10


def replicas(bench: Bench) -> Outcome:
    """Uploads to one of three, and to nginx before them; kills in the middle of an upload."""
    models = [peers.example(f"{name}.pkl").read_bytes() for name in ("house-price", "house-price-v2")]
    record = json.dumps(json.loads(peers.example("expected.json").read_text())["records"][0]).encode()
    store = bench.folder / "replicas-store"
    servers = [Server(_scenario(bench, store), bench.server_core) for _ in range(REPLICAS)]
    front: Server | None = None
    watchers: list[Watcher] = []
    seconds: list[float] = []
    stale, lost = 0, 0
    try:
        for server in servers:
            server.start().wait_ready()
        Client(servers[0].port).ask("PUT", "/models/house", models[0], 201)
        for server in servers:
            _wait_for(server, 1)
        front = Server(parts.proxy(servers), bench.server_core)
        front.start().wait_ready()
        watchers = [Watcher(server.port, record) for server in servers]
        for watcher in watchers:
            watcher.start()
        for turn in range(4 if bench.is_smoke else UPLOADS):
            writer = Client(servers[turn % REPLICAS].port)
            page = json.loads(writer.ask("PUT", "/models/house", models[(turn + 1) % 2], 200))
            begin = time.perf_counter()
            generation = page["generation"]
            # Asked through nginx for no older state, nobody answers with one.
            for _ in range(REPLICAS * 2):
                stale += _generation(front.port, record, at_least=generation) < generation
            for server in servers:
                _wait_for(server, generation)
            seconds.append(time.perf_counter() - begin)
        for turn in range(2 if bench.is_smoke else KILLS):
            lost += _kill_in_an_upload(bench, servers, turn, models)
    finally:
        for watcher in watchers:
            watcher.end()
        for server in [*servers, *([front] if front else [])]:
            server.stop()
    back = sum(watcher.steps_back for watcher in watchers)
    return Outcome(
        [Bound("seconds until all replicas serve what one has taken, greatest", 2.0, max(seconds)),
         Bound("answers older than X-Min-Generation asks for", 0, stale),
         Bound("connections on which an answer was older than the one before", 0, back),
         Bound("replicas that lost something when one was killed in an upload", 0, lost)],
        [Section(
            f"{REPLICAS} replicas behind the repository's nginx.conf, all on one core, one store",
            ["uploads", "until all serve it, median s", "greatest s", "answers watched", "kills"],
            [[str(len(seconds)), f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}",
              f"{sum(watcher.answers for watcher in watchers):,}", number(2 if bench.is_smoke else KILLS)]])],
        {"seconds": seconds})


class Watcher(threading.Thread):
    """Predicts on one connection to one replica and notes whether an answer is of an older state than the one before."""

    def __init__(self, port: int, record: bytes):
        super().__init__()
        self.port = port
        self.record = record
        self.answers = 0
        self.steps_back = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        seen, connection = 0, http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.is_over.wait(0.005):
            try:
                connection.request("POST", "/models/house/predict", self.record, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                # Killed: another process answers on this port, on a connection of its own.
                connection.close()
                seen = 0
                continue
            if answer.status != 200:
                continue
            generation = int(answer.headers["Vencejo-Generation"])
            self.answers += 1
            self.steps_back += generation < seen
            seen = generation

    def end(self) -> None:
        self.is_over.set()
        self.join()


def _kill_in_an_upload(bench: Bench, servers: list[Server], turn: int, models: list[bytes]) -> int:
    """Kills the replica that takes an upload at some moment of it; returns how many serve neither the old nor the new."""
    victim = servers[turn % REPLICAS]
    before = _generation(victim.port)
    thread = threading.Thread(target=_upload_and_forget, args=(victim.port, models[turn % 2]))
    thread.start()
    time.sleep(0.002 * turn)
    assert victim.process is not None
    victim.process.send_signal(signal.SIGKILL)
    victim.process.wait()
    thread.join()
    victim.start().wait_ready()
    newest = _generation(victim.port)
    lost = 0 if newest in (before, before + 1) else 1
    for server in servers:
        try:
            _wait_for(server, newest)
        except RuntimeError:
            lost += 1
    return lost


def _upload_and_forget(port: int, model: bytes) -> None:
    try:
        Client(port).ask("PUT", "/models/house", model, 200)
    except (OSError, RuntimeError, http.client.HTTPException):
        pass


def _generation(port: int, record: bytes | None = None, at_least: int | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        if record is None:
            connection.request("GET", "/models")
            return int(json.loads(connection.getresponse().read())["generation"])
        headers = {"Content-Type": "application/json", "X-Min-Generation": str(at_least or 0)}
        connection.request("POST", "/models/house/predict", record, headers)
        answer = connection.getresponse()
        answer.read()
        # A 503 is no answer of an older state.
        return int(answer.headers["Vencejo-Generation"]) if answer.status == 200 else at_least or 0
    finally:
        connection.close()


def _wait_for(server: Server, generation: int) -> None:
    deadline = time.monotonic() + 30
    while _generation(server.port) < generation:
        if time.monotonic() > deadline:
            raise RuntimeError(f"a replica serves generation {_generation(server.port)} and not {generation}:\n{server.tail()}")
        time.sleep(0.005)


def _scenario(bench: Bench, store: pathlib.Path) -> Scenario:
    if bench.binary is None:
        raise peers.Unavailable("there is no server's binary (make build)")
    return Scenario(
        "vencejo",
        [str(bench.binary), "serve", "--host", "127.0.0.1", "--port", "{port}", "--loops", "1", "--store", str(store),
         "--shadow", "off"],
        "/health/ready", environment={"VENCEJO_ADMIN_TOKEN": TOKEN})
