"""Load, and what it costs the server.

Closed loop, by wrk and h2load: as many requests as the connections allow, each sent when the last one is answered.
Open loop, by our own generator: requests on a fixed schedule, whatever becomes of those before them.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess

from . import instructions, machine, native
from .server import Server

WARMUP_SECONDS = 0.5

_DONE = """
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\\nresult {"requests": %d, "microseconds": %d, "connect": %d, "read": %d, "write": %d, "status": %d, ' ..
    '"timeout": %d, "p50": %d, "p90": %d, "p99": %d, "p999": %d, "max": %d}\\n',
    summary.requests, summary.duration, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""

# The bodies are prepared before the clock starts; each thread goes round them in the same order.
_SCRIPT = """
local requests, position = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, line)
  end
end
function request()
  position = position % #requests + 1
  return requests[position]
end
""" + _DONE

# One request, byte for byte as the file holds it.
_RAW_SCRIPT = """
local bytes
function init(arguments)
  local file = io.open(arguments[1], "rb")
  bytes = file:read("*a")
  file:close()
end
function request()
  return bytes
end
""" + _DONE


@dataclasses.dataclass
class Sample:
    """One round against one server. Latencies are those of a saturated server: queueing in 64 connections included."""

    requests: int
    seconds: float
    errors: int
    cpu_microseconds: float
    p50_microseconds: int
    p99_microseconds: int
    p999_microseconds: int
    resident_bytes: int
    # In user space, a request; None where they cannot be counted.
    instructions: float | None = None

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


@dataclasses.dataclass
class Schedule:
    """One open-loop run. Latencies count from the moment a request was due, not from when it left."""

    rate: float
    planned: int
    answered: int
    errors: int
    wrong: int
    late: int
    p50_microseconds: float
    p90_microseconds: float
    p99_microseconds: float
    p999_microseconds: float
    max_microseconds: float
    cpu_microseconds: float
    # Answers to those who asked beside the schedule, and how many of them failed.
    beside: int
    beside_failed: int


@dataclasses.dataclass(frozen=True)
class Beside:
    """Clients that ask in a closed loop beside a schedule, from the same generator."""

    connections: int
    requests: pathlib.Path


def write_script(folder: pathlib.Path) -> pathlib.Path:
    """A script for `run` whose file holds one body a line."""
    script = folder / "load.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    return script


def write_raw_script(folder: pathlib.Path) -> pathlib.Path:
    """A script for `run` whose file is one request, head and body."""
    script = folder / "raw.lua"
    script.write_text(_RAW_SCRIPT, encoding="utf-8")
    return script


def run(
    server: Server, script: pathlib.Path, bodies: pathlib.Path, core: int, seconds: float, connections: int
) -> Sample:
    """Loads `server` for `seconds` from `core` and reads its CPU time before and after."""
    counter = instructions.Counter(server.pids())
    before = server.cpu_seconds()
    done = subprocess.run(
        [
            "taskset", "-c", str(core), *machine.before_all(), "wrk", "--threads", "1", "--connections", str(connections),
            "--duration", f"{max(1, round(seconds))}s", "--timeout", "20s", "--script", str(script),
            f"http://127.0.0.1:{server.port}{server.scenario.path}", "--", str(bodies),
        ],
        capture_output=True, text=True, timeout=seconds + 60, check=False,
    )
    spent = server.cpu_seconds() - before
    executed = counter.stop()
    line = next((line for line in done.stdout.splitlines() if line.startswith("result ")), None)
    if line is None:
        raise RuntimeError(f"wrk gave no result for {server.scenario.name}:\n{done.stdout}{done.stderr}\n{server.tail()}")
    result = json.loads(line.removeprefix("result "))
    if result["requests"] == 0:
        raise RuntimeError(f"{server.scenario.name} answered no request:\n{server.tail()}")
    return Sample(
        requests=result["requests"],
        seconds=result["microseconds"] / 1e6,
        errors=sum(result[kind] for kind in ("connect", "read", "write", "status", "timeout")),
        cpu_microseconds=spent * 1e6 / result["requests"],
        p50_microseconds=result["p50"],
        p99_microseconds=result["p99"],
        p999_microseconds=result["p999"],
        resident_bytes=server.resident_bytes(),
        instructions=None if executed is None else executed / result["requests"],
    )


def h2load(
    server: Server, body: pathlib.Path, core: int, requests: int, connections: int, streams: int, is_http2: bool
) -> Sample:
    """Sends exactly `requests` over HTTP/2 without TLS, or over HTTP/1.1 (then `streams` is 1: it would be pipelining).

    One generator for both protocols, so that what differs is the server's.
    """
    before = server.cpu_seconds()
    done = subprocess.run(
        [
            "taskset", "-c", str(core), *machine.before_all(), "h2load", "--threads", "1",
            "--requests", str(requests), "--clients", str(connections),
            "--max-concurrent-streams", str(streams), "--connection-inactivity-timeout", "20",
            *([] if is_http2 else ["--h1"]), "--header", "content-type: application/json", "--data", str(body),
            f"http://127.0.0.1:{server.port}{server.scenario.path}",
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )
    spent = server.cpu_seconds() - before
    counts = re.search(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded", done.stdout)
    seconds = re.search(r"finished in ([\d.]+)(us|ms|s)", done.stdout)
    if counts is None or seconds is None or int(counts[2]) == 0:
        raise RuntimeError(f"h2load got no answer of {server.scenario.name}:\n{done.stdout}{done.stderr}\n{server.tail()}")
    return Sample(
        requests=int(counts[2]),
        seconds=float(seconds[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[seconds[2]],
        errors=int(counts[1]) - int(counts[2]),
        cpu_microseconds=spent * 1e6 / int(counts[2]),
        # h2load tells no percentiles.
        p50_microseconds=0, p99_microseconds=0, p999_microseconds=0,
        resident_bytes=server.resident_bytes(),
    )


def open_loop(
    server: Server, requests: pathlib.Path, core: int, rate: float, seconds: float, connections: int,
    answers: pathlib.Path | None = None, beside: Beside | None = None, goes_first: bool = False,
) -> Schedule:
    """Sends `rate` requests a second for `seconds`, after `WARMUP_SECONDS` that are not counted.

    `answers` tells the predictions that each request may have: every answer is looked at then. `goes_first`: the generator is
    scheduled before all else on its core.
    """
    before = server.cpu_seconds()
    done = subprocess.run(
        [
            "taskset", "-c", str(core), *machine.before_all(goes_first), str(native.program("open_loop")), str(server.port),
            str(connections), str(rate), str(WARMUP_SECONDS), str(seconds), str(requests), str(answers or "-"),
            *([str(beside.connections), str(beside.requests)] if beside else []),
        ],
        capture_output=True, text=True, timeout=seconds + 60, check=False,
    )
    spent = server.cpu_seconds() - before
    if done.returncode != 0:
        raise RuntimeError(f"no open-loop result for {server.scenario.name}:\n{done.stdout}{done.stderr}\n{server.tail()}")
    result = json.loads(done.stdout)
    return Schedule(
        rate=rate, planned=result["planned"], answered=result["answered"],
        # What was due and got no 200, for whatever reason.
        errors=result["planned"] - result["answered"] + result["status"],
        wrong=result["wrong"],
        late=result["late"],
        p50_microseconds=result["p50"], p90_microseconds=result["p90"], p99_microseconds=result["p99"],
        p999_microseconds=result["p999"], max_microseconds=result["max"],
        cpu_microseconds=spent * 1e6 / max(1, result["answered"]),
        beside=result["beside"], beside_failed=result["beside_failed"],
    )


def write_requests(path: pathlib.Path, requests: list[bytes]) -> pathlib.Path:
    """A file of requests for `open_loop`."""
    path.write_bytes(b"".join(f"{len(request)}\n".encode() + request for request in requests))
    return path
