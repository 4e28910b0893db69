"""What the rows share: the servers, the request, turns."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
import sys

from framework import load, machine, native, peers
from framework.report import Bound, Section
from framework.server import Scenario, Server
from peers.fixed_answer import ANSWER

CONNECTIONS = 64
REQUIREMENTS = "requirements_http.txt"
ANSWER_BYTES = len(ANSWER)
BODY_BYTES = 263

_REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent

# Names as they stand in the tables.
BARE = "bare C epoll loop"
FIXED = "vencejo, fixed answer"
PREDICT = "vencejo, prediction"
NGINX = "nginx return 200"


@dataclasses.dataclass
class Outcome:
    """What a row gives to the report."""

    bounds: list[Bound]
    sections: list[Section] = dataclasses.field(default_factory=list)
    raw: dict[str, object] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Bench:
    """One run: where it writes, what it measures, how long."""

    folder: pathlib.Path
    rounds: int
    seconds: float
    is_smoke: bool
    binary: pathlib.Path | None
    fixed_answer: pathlib.Path | None
    server_core: int
    client_core: int

    def say(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    def request(self) -> bytes:
        """The request of the fixed answer: a body of 263 bytes, 28 numbers and spaces."""
        numbers = ",".join(f"{(index * 37 % 400) / 100 - 2:.3f}" for index in range(28))
        body = f'{{"inputs":[{{"name":"x","shape":[1,28],"datatype":"FP32","data":[{numbers}]}}]}}'.ljust(BODY_BYTES)
        return post(body.encode())

    def write(self, name: str, content: bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def body(self) -> pathlib.Path:
        """The request's body alone, in a file."""
        return self.write("body.json", self.request().partition(b"\r\n\r\n")[2])

    def predictions(self) -> pathlib.Path:
        """Requests of the model as files for `load.open_loop`."""
        bodies = (peers.models() / "requests.jsonl").read_bytes().splitlines()
        return load.write_requests(self.folder / "predictions", [post(body) for body in bodies])

    # The servers.

    def own_fixed(self, loops: int = 1) -> Scenario:
        if self.fixed_answer is None:
            raise peers.Unavailable("fixed-answer is not built (swift build -c release --product fixed-answer)")
        return Scenario(FIXED, [str(self.fixed_answer), "{port}", str(loops)], "")

    def own_prediction(self) -> Scenario:
        if self.binary is None:
            raise peers.Unavailable("there is no server's binary (make build)")
        return Scenario(
            PREDICT,
            [str(self.binary), "serve", f"bench={peers.models() / 'model.ubj'}", "--host", "127.0.0.1", "--port", "{port}",
             "--loops", "1"],
            "/health/ready",
        )

    def bare(self, counts_bytes: bool = True) -> Scenario:
        """The C loop. With `counts_bytes` it takes every 263-byte request's length for granted and parses nothing."""
        head = (
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(ANSWER)}\r\n\r\n"
        )
        answer = self.write("answer", head.encode() + ANSWER)
        length = len(self.request()) if counts_bytes else 0
        return Scenario(BARE, [str(native.program("bare_loop")), "{port}", str(length), str(answer)], "")

    def nginx(self) -> Scenario:
        return Scenario(
            NGINX, [machine.nginx(), "-e", "stderr", "-p", "{scratch}", "-c", "{scratch}/nginx.conf"],
            files={"nginx.conf": peers.source("nginx_return_200.conf").read_text(encoding="utf-8")},
        )


def proxy(backs: list[Server]) -> Scenario:
    """The repository's nginx.conf before `backs`: the changes are those that its own head names, and no log."""
    text = (_REPOSITORY / "nginx.conf").read_text(encoding="utf-8")
    servers = "\n        ".join(f"server 127.0.0.1:{back.port} max_fails=0;" for back in backs)
    for old, new in (
        ("server             vencejo:8080 max_fails=0;", servers), ("listen 8000", "listen 127.0.0.1:{port}"),
        ("/tmp/nginx", "{scratch}/nginx"), ("access_log /dev/stdout", "access_log /dev/null"),
    ):
        if old not in text:
            raise RuntimeError(f"nginx.conf no longer holds {old!r}")
        text = text.replace(old, new)
    return Scenario(
        f"nginx before {backs[0].scenario.name}",
        [machine.nginx(), "-e", "stderr", "-p", "{scratch}", "-c", "{scratch}/nginx.conf", "-g", "daemon off;"],
        "/health/ready" if backs[0].scenario.ready else "", files={"nginx.conf": text},
    )


class Chain:
    """Servers one behind the other: asked at the first, paid for together."""

    def __init__(self, name: str, *servers: Server):
        self.scenario = dataclasses.replace(servers[0].scenario, name=name)
        self.port = servers[0].port
        self._servers = servers

    def cpu_seconds(self) -> float:
        return sum(server.cpu_seconds() for server in self._servers)

    def pids(self) -> list[int]:
        return [pid for server in self._servers for pid in server.pids()]

    def resident_bytes(self) -> int:
        return sum(server.resident_bytes() for server in self._servers)

    def tail(self) -> str:
        return "\n".join(server.tail() for server in self._servers)

    def shares(self) -> str:
        """How the CPU time so far falls on its servers, in per cent."""
        each = [server.cpu_seconds() for server in self._servers]
        return " + ".join(f"{100 * one / max(sum(each), 0.001):.0f}%" for one in each)


def post(body: bytes, path: str = "/predict") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def start(servers: list[Server]) -> None:
    for server in servers:
        server.start().wait_ready()


def stop(servers: list[Server]) -> None:
    for server in servers:
        server.stop()


def take_turns(
    bench: Bench, servers: list[Server], script: pathlib.Path, requests: pathlib.Path, connections: int = CONNECTIONS,
    core: int | None = None,
) -> dict[str, list[load.Sample]]:
    """A B C, A B C, ...: every server for `bench.seconds` a round, after a second that is not counted."""
    core = bench.client_core if core is None else core
    samples: dict[str, list[load.Sample]] = {server.scenario.name: [] for server in servers}
    for server in servers:
        load.run(server, script, requests, core, 1, connections)
    for turn in range(bench.rounds):
        for server in servers:
            sample = load.run(server, script, requests, core, bench.seconds, connections)
            samples[server.scenario.name].append(sample)
            told(bench, turn, server.scenario.name, sample)
    return samples


def told(bench: Bench, turn: int, name: str, sample: load.Sample) -> None:
    bench.say(
        f"round {turn + 1}  {name:36} {sample.cpu_microseconds:8.2f} us CPU  "
        f"{sample.requests_per_second:9.0f}/s  {sample.errors} errors"
    )


def cpu(samples: list[load.Sample]) -> float:
    """The median CPU time of a request."""
    return statistics.median(sample.cpu_microseconds for sample in samples)


def ratio(samples: dict[str, list[load.Sample]], own: str, peer: str) -> float:
    """What `own` costs beside `peer`, as medians of what each turn cost. Turns stand side by side, so that a slow spell of the
    machine falls on both sides of a ratio."""
    return statistics.median(
        mine.cpu_microseconds / other.cpu_microseconds for mine, other in zip(samples[own], samples[peer], strict=True)
    )


def plain(samples: dict[str, list[load.Sample]]) -> dict[str, object]:
    return {
        name: [{**vars(sample), "requests_per_second": round(sample.requests_per_second)} for sample in taken]
        for name, taken in samples.items()
    }
