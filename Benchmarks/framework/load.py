"""Closed-loop load by wrk: as many requests as the connections allow, each sent when the last one is answered."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

from .server import Server

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
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\\nresult {"requests": %d, "microseconds": %d, "connect": %d, "read": %d, "write": %d, "status": %d, ' ..
    '"timeout": %d, "p50": %d, "p90": %d, "p99": %d, "p999": %d, "max": %d}\\n',
    summary.requests, summary.duration, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""


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

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def write_script(folder: pathlib.Path) -> pathlib.Path:
    script = folder / "load.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    return script


def run(
    server: Server, script: pathlib.Path, bodies: pathlib.Path, core: int, seconds: float, connections: int
) -> Sample:
    """Loads `server` for `seconds` from `core` and reads its CPU time before and after."""
    before = server.cpu_seconds()
    done = subprocess.run(
        [
            "taskset", "-c", str(core), "wrk", "--threads", "1", "--connections", str(connections),
            "--duration", f"{max(1, round(seconds))}s", "--timeout", "20s", "--script", str(script),
            f"http://127.0.0.1:{server.port}{server.scenario.path}", "--", str(bodies),
        ],
        capture_output=True, text=True, timeout=seconds + 60, check=False,
    )
    spent = server.cpu_seconds() - before
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
    )
