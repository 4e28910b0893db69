"""CPU time of a request at saturation: the wire alone, a prediction, a prediction behind nginx, HTTP/2, two loops."""

from __future__ import annotations

import shutil
import socket
import statistics

from framework import load, machine, native, peers
from framework.report import Bound, Section, number, spread
from framework.server import Scenario, Server

from . import parts
from .parts import BARE, FIXED, NGINX, PREDICT, Bench, Chain, Outcome

_COLUMNS = ["server", "us CPU / request (min-max)", "ratio", "requests/s", "p50 ms", "p99 ms", "resident MiB", "errors"]


def fixed(bench: Bench) -> Outcome:
    """The loop and the parser with a fixed answer, beside the same bytes from a bare loop, and what others take for it."""
    scenarios = [bench.own_fixed(), bench.bare(), bench.nginx()]
    missing: list[str] = []
    for name, make in _PEERS.items():
        try:
            scenarios.append(make(name))
        except peers.Unavailable as reason:
            missing.append(f"{name} is not measured: {reason}.")
    servers = [Server(scenario, bench.server_core) for scenario in scenarios]
    request = bench.write("request", bench.request())
    try:
        parts.start(servers)
        for server in servers:
            _check(server, bench.request(), is_fixed=server.scenario.name != NGINX)
        samples = parts.take_turns(bench, servers, load.write_raw_script(bench.folder), request)
    finally:
        parts.stop(servers)
    return Outcome(
        [
            Bound("own loop with a fixed answer beside a bare C epoll loop, CPU time", 1.15, parts.ratio(samples, FIXED, BARE)),
            _failures("fixed answer", samples[FIXED]),
        ],
        [_section(
            "The wire alone: POST of 263 bytes read whole, 120 bytes back, HTTP/1.1, 64 connections, one core", samples, BARE, missing,
        )],
        parts.plain(samples),
    )


def predict(bench: Bench) -> Outcome:
    """A prediction beside a constant from nginx."""
    servers = [Server(scenario, bench.server_core) for scenario in (bench.own_prediction(), bench.nginx())]
    try:
        parts.start(servers)
        samples = parts.take_turns(
            bench, servers, load.write_script(bench.folder), peers.models() / "requests.jsonl")
    finally:
        parts.stop(servers)
    return Outcome(
        [
            Bound("POST /predict, 28 numbers as JSON, XGBoost 100 x 6, beside nginx `return 200`, CPU time", 1.15,
                  parts.ratio(samples, PREDICT, NGINX)),
            _failures("prediction", samples[PREDICT]),
        ],
        [_section("A prediction: 28 numbers as JSON, XGBoost 100 trees x depth 6, 64 connections, one core", samples, NGINX)],
        parts.plain(samples),
    )


def proxied(bench: Bench) -> Outcome:
    """nginx and the server behind it, paid for together, beside nginx and the bare loop behind it."""
    ours, fixed_upstream = "nginx.conf + vencejo, prediction", "nginx.conf + bare C upstream, fixed answer"
    backs = [Server(scenario, bench.server_core) for scenario in (bench.own_prediction(), bench.bare(counts_bytes=False))]
    fronts = [Server(parts.proxy([back]), bench.server_core) for back in backs]
    try:
        parts.start(backs)
        parts.start(fronts)
        chains = [Chain(name, front, back) for name, front, back in zip((ours, fixed_upstream), fronts, backs, strict=True)]
        samples = parts.take_turns(
            bench, chains, load.write_script(bench.folder), peers.models() / "requests.jsonl")
        shares = [f"{chain.scenario.name}: {chain.shares()}" for chain in chains]
    finally:
        parts.stop(fronts + backs)
    return Outcome(
        [
            Bound("the same behind the repository's nginx.conf, beside nginx and a bare C upstream with a fixed answer, CPU time", 1.15,
                  parts.ratio(samples, ours, fixed_upstream)),
            _failures("prediction through nginx", samples[ours]),
        ],
        [_section(
            "Behind nginx: both processes together, 64 connections, one core", samples, fixed_upstream,
            ["The repository's nginx.conf in both, its access log written to /dev/null.",
             f"CPU time of nginx and of what is behind it: {'; '.join(shares)}."],
        )],
        parts.plain(samples),
    )


def http2(bench: Bench) -> Outcome:
    """HTTP/2 without TLS beside our own HTTP/1.1, the same requests in flight, the same generator."""
    promise = "h2c, 16 connections x 16 streams, beside our own HTTP/1.1 with as many requests in flight, CPU time"
    if shutil.which("h2load") is None:
        return Outcome([Bound(promise, 0.6, None, reason="there is no h2load here")])
    server = Server(bench.own_fixed(), bench.server_core)
    wires = {"HTTP/1.1, 256 connections": (256, 1, False), "h2c, 16 connections x 16 streams": (16, 16, True)}
    old, new = wires
    body = bench.body()
    samples: dict[str, list[load.Sample]] = {name: [] for name in wires}
    try:
        parts.start([server])
        if not speaks_http2(server.port):
            return Outcome([Bound(promise, 0.6, None, reason="this server has no HTTP/2")])
        counts = {}
        for name, (connections, streams, is_http2) in wires.items():
            tried = load.h2load(server, body, bench.client_core, 5000, connections, streams, is_http2)
            counts[name] = max(5000, round(tried.requests_per_second * bench.seconds))
        for turn in range(bench.rounds):
            for name, (connections, streams, is_http2) in wires.items():
                sample = load.h2load(server, body, bench.client_core, counts[name], connections, streams, is_http2)
                samples[name].append(sample)
                parts.told(bench, turn, name, sample)
    finally:
        server.stop()
    return Outcome(
        [Bound(promise, 0.6, parts.ratio(samples, new, old)), _failures("h2c", samples[new])],
        [_section("HTTP/2 without TLS: the fixed answer, 256 requests in flight, h2load for both", samples, old)],
        parts.plain(samples),
    )


def loops(bench: Bench) -> Outcome:
    """Two loops beside one, the same load: what they share would show here."""
    one, two = "vencejo, fixed answer, 1 loop", "vencejo, fixed answer, 2 loops"
    names = {one: 1, two: 2}
    cores = [bench.server_core, *machine.cores_besides(bench.server_core, bench.client_core)][:2]
    notes = []
    if len(cores) < 2:
        # On the generator's core a loop would be measured against the generator, not against one loop.
        notes.append(
            "With two cores in all, one is the generator's: both loops run on the other. What two cores would share does not show.")
    servers = []
    for name, count in names.items():
        scenario = bench.own_fixed(count)
        scenario.name = name
        servers.append(Server(scenario, *cores))
    request = bench.write("request", bench.request())
    try:
        parts.start(servers)
        samples = parts.take_turns(bench, servers, load.write_raw_script(bench.folder), request)
    finally:
        parts.stop(servers)
    return Outcome(
        [Bound("CPU time of a request with 2 loops beside 1", 1.05, parts.ratio(samples, two, one)),
         _failures("2 loops", samples[two])],
        [_section(
            f"Two loops beside one: the fixed answer, 64 connections, cores for the server: {len(cores)}", samples, one, notes)],
        parts.plain(samples),
    )


def speaks_http2(port: int) -> bool:
    """Whether the server answers the client's preface with its SETTINGS (RFC 9113 3.4)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            head = b""
            while len(head) < 9:
                more = connection.recv(9 - len(head))
                if not more:
                    return False
                head += more
            return head[3] == 0x04 and head[5:9] == b"\x00\x00\x00\x00"
    except OSError:
        return False


def _fastapi(name: str) -> Scenario:
    return Scenario(name, peers.uvicorn("fixed_fastapi", parts.REQUIREMENTS), "/docs")


def _flask(name: str) -> Scenario:
    return Scenario(name, peers.gunicorn("fixed_flask", parts.REQUIREMENTS))


def _go(name: str) -> Scenario:
    return Scenario(name, [str(native.go_program("fixed_go")), "{port}"], environment={"GOMAXPROCS": "1"})


def _node(name: str) -> Scenario:
    if shutil.which("node") is None:
        raise peers.Unavailable("there is no Node here")
    return Scenario(name, ["node", str(peers.source("fixed_node.js")), "{port}"])


_PEERS = {"Go net/http": _go, "Node http": _node, "FastAPI + uvicorn": _fastapi, "Flask + gunicorn": _flask}


def _check(server: Server, request: bytes, is_fixed: bool) -> None:
    """One request, byte for byte the one that is measured. - Raises: RuntimeError if the answer is another than expected."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or (is_fixed and len(answer.partition(b"\r\n\r\n")[2]) < parts.ANSWER_BYTES):
            more = connection.recv(65536)
            if not more:
                break
            answer += more
    if not answer.startswith(b"HTTP/1.1 200") or (is_fixed and len(answer.partition(b"\r\n\r\n")[2]) != parts.ANSWER_BYTES):
        raise RuntimeError(f"{server.scenario.name} answers {answer!r}")


def _failures(what: str, samples: list[load.Sample]) -> Bound:
    return Bound(f"failed requests: {what}", 0, sum(sample.errors for sample in samples))


def _section(title: str, samples: dict[str, list[load.Sample]], base: str, notes: list[str] | None = None) -> Section:
    rows = []
    counted = any(s.instructions is not None for taken in samples.values() for s in taken)
    for name, taken in samples.items():
        latencies = [
            number(statistics.median(getattr(s, field) for s in taken) / 1000) for field in ("p50_microseconds", "p99_microseconds")]
        rows.append([
            name,
            spread([s.cpu_microseconds for s in taken]),
            number(parts.ratio(samples, name, base)),
            number(statistics.median(s.requests_per_second for s in taken)),
            *(latencies if any(s.p99_microseconds for s in taken) else ["-", "-"]),
            number(taken[-1].resident_bytes / 2**20),
            str(sum(s.errors for s in taken)),
        ])
        if counted:
            some = [s.instructions for s in taken if s.instructions is not None]
            rows[-1].append(number(statistics.median(some)) if some else "-")
    return Section(title, [*_COLUMNS, "user instructions / request"] if counted else _COLUMNS, rows, notes or [])
