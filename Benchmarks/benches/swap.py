"""Swapping a model under full load: 200 uploads of two models in turn, while 64 connections never stop asking.

Kept are: no request fails, every answer is that of one of the two models, an answer asked for after an upload was confirmed is
that of the model just uploaded, and the memory of the server stays where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import http.client
import json
import os
import pathlib
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from framework import machine, peers
from framework.report import Bound, Report, number
from framework.server import Scenario, Server

CONNECTIONS = 64
# Uploads come no faster than this, so that the load in between is measured too.
PAUSE_SECONDS = 0.025
GROWTH_MIB_MAX = 1.0

# Every answer is looked at: `known` holds the prediction of each model as the server writes it.
_SCRIPT = """
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function init(arguments)
  known, answers, wrong, refused, example = {}, 0, 0, 0, ""
  local file = io.open(arguments[1])
  prepared = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, file:read("l"))
  for line in file:lines() do known[line] = true end
end
function request() return prepared end
function response(status, _, body)
  answers = answers + 1
  local value = string.match(body, '"prediction"%s*:%s*([^,}%s]+)')
  if status ~= 200 then
    refused, example = refused + 1, body
  elseif value == nil or not known[value] then
    wrong, example = wrong + 1, body
  end
end
function done(summary, latency, _)
  local answers, wrong, refused = 0, 0, 0
  for _, thread in ipairs(threads) do
    answers, wrong = answers + thread:get("answers"), wrong + thread:get("wrong")
    refused = refused + thread:get("refused")
    if thread:get("example") ~= "" then io.write("\\nexample " .. thread:get("example") .. "\\n") end
  end
  local e = summary.errors
  io.write(string.format(
    '\\nresult {"answers": %d, "wrong": %d, "refused": %d, "broken": %d, "microseconds": %d, "p50": %d, "p99": %d, ' ..
    '"p999": %d, "max": %d}\\n',
    answers, wrong, refused, e.connect + e.read + e.write + e.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""


class Client:
    """One kept connection for uploads and questions, apart from the load."""

    def __init__(self, port: int, token: str):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.token = token

    def upload(self, model: bytes) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/octet-stream"}
        self.connection.request("PUT", "/models/house-price", model, headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"the upload was answered {response.status}: {body[:500]!r}")

    def ask(self, record: bytes) -> str:
        """The prediction as the server writes it."""
        self.connection.request("POST", "/predict", record, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"the prediction was answered {response.status}: {body[:500]!r}")
        return json.loads(body, parse_float=str, parse_int=str)["prediction"]


@dataclasses.dataclass
class Model:
    bytes: bytes
    expected: float
    written: str = ""


def run(options: argparse.Namespace) -> Report | None:
    if options.binary is None:
        print("swap: not measured: no peer can be sent a model while it serves.", file=sys.stderr)
        return None
    expected = json.loads(peers.example("expected.json").read_text())
    record = json.dumps(expected["records"][0]).encode()
    models = [
        Model(peers.example(f"{name}.pkl").read_bytes(), expected[name]["predictions"][0])
        for name in ("house-price", "house-price-v2")
    ]
    token = secrets.token_urlsafe(24)
    server_core, client_core = machine.cores()
    scenario = Scenario(
        "vencejo",
        [str(options.binary), "serve", f"house-price={peers.example('house-price.pkl')}", "--host", "127.0.0.1", "--port",
         "{port}", "--loops", "1", "--store", "{scratch}/store"],
        "/health/ready", environment={"VENCEJO_ADMIN_TOKEN": token},
    )
    with tempfile.TemporaryDirectory(prefix="vencejo-bench-") as folder, Server(scenario, server_core) as server:
        server.start().wait_ready()
        client = Client(server.port, token)
        for model in reversed(models):
            client.upload(model.bytes)
            model.written = client.ask(record)
            if abs(float(model.written) - model.expected) > 1e-9 * abs(model.expected):
                raise RuntimeError(f"the server answers {model.written}; scikit-learn says {model.expected}")
        script = pathlib.Path(folder, "swap.lua")
        script.write_text(_SCRIPT, encoding="utf-8")
        known = pathlib.Path(folder, "known")
        known.write_bytes(record + b"\n" + "\n".join(model.written for model in models).encode() + b"\n")

        quiet = _load(server, script, known, client_core)
        time.sleep(1 if options.smoke else 3)
        before = _result(quiet)
        loaded = _load(server, script, known, client_core)
        try:
            time.sleep(0.3)
            seconds, stale, resident = _swap(server, client, models, record, options.swaps)
        finally:
            after = _result(loaded)
    return _report(options, before, after, seconds, stale, resident)


def _swap(
    server: Server, client: Client, models: list[Model], record: bytes, swaps: int
) -> tuple[list[float], int, list[float]]:
    """Uploads in turn; returns the seconds each took, answers of the model before, and resident MiB after each."""
    seconds, resident = [], []
    stale = 0
    for turn in range(swaps):
        model = models[(turn + 1) % 2]
        begin = time.perf_counter()
        client.upload(model.bytes)
        seconds.append(time.perf_counter() - begin)
        if client.ask(record) != model.written:
            stale += 1
        resident.append(server.resident_bytes() / 2**20)
        time.sleep(max(0.0, begin + PAUSE_SECONDS - time.perf_counter()))
        if (turn + 1) % 50 == 0:
            print(f"{turn + 1} uploads, {resident[-1]:.1f} MiB resident", file=sys.stderr, flush=True)
    return seconds, stale, resident


def _load(server: Server, script: pathlib.Path, known: pathlib.Path, core: int) -> subprocess.Popen[str]:
    """Starts wrk, which goes on until `_result` interrupts it (or, if that never comes, for ten minutes)."""
    return subprocess.Popen(
        [
            "taskset", "-c", str(core), "wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", "600s",
            "--timeout", "20s", "--latency", "--script", str(script), f"http://127.0.0.1:{server.port}/predict", "--", str(known),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
    )


def _result(load: subprocess.Popen[str]) -> dict[str, int]:
    load.send_signal(signal.SIGINT)
    try:
        output, _ = load.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        load.kill()
        raise
    line = next((line for line in output.splitlines() if line.startswith("result ")), None)
    if line is None:
        raise RuntimeError(f"wrk gave no result:\n{output}")
    for example in (line for line in output.splitlines() if line.startswith("example ")):
        print(f"an answer that should not have been: {example.removeprefix('example ')[:500]}", file=sys.stderr)
    return json.loads(line.removeprefix("result "))


def _report(
    options: argparse.Namespace, before: dict[str, int], after: dict[str, int], seconds: list[float], stale: int,
    resident: list[float],
) -> Report:
    quarter = max(1, len(resident) // 4)
    # The first quarter is warm-up: caches fill, the allocator finds its size.
    settled, last = resident[quarter:2 * quarter] or resident, resident[-quarter:]
    growth = statistics.median(last) - statistics.median(settled)
    ordered = sorted(seconds)

    def row(name: str, result: dict[str, int]) -> list[str]:
        return [
            name, f"{result['answers']:,}", str(result["refused"] + result["broken"]), str(result["wrong"]),
            number(result["answers"] / (result["microseconds"] / 1e6)), number(result["p50"] / 1000),
            number(result["p99"] / 1000), number(result["p999"] / 1000), number(result["max"] / 1000),
        ]

    return Report(
        bench="swap",
        title=f"{len(seconds)} uploads of two models in turn, under load from {CONNECTIONS} connections",
        settings={"uploads": len(seconds), "connections": CONNECTIONS, "server cores": 1},
        columns=["", "answers", "failed", "of no model", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
        rows=[row("before", before), row("while swapping", after)],
        bounds=[
            Bound("failed requests while swapping", 0, after["refused"] + after["broken"]),
            Bound("answers of neither model", 0, after["wrong"]),
            Bound("answers of the model before, after the upload was confirmed", 0, stale),
            Bound("growth of resident memory after warm-up, MiB", GROWTH_MIB_MAX, growth),
        ],
        raw={"before": before, "while_swapping": after, "upload_seconds": seconds, "resident_mib": resident},
        notes=[
            f"An upload takes {number(ordered[len(ordered) // 2] * 1000)} ms (median), {number(ordered[-1] * 1000)} ms at most: "
            "receive, import, compile, prove, store and publish.",
            "Resident MiB along the way: " + ", ".join(
                f"{resident[min(at, len(resident)) - 1]:.2f} after {min(at, len(resident))}"
                for at in sorted({1, *(max(1, len(resident) * part // 8) for part in range(1, 9))})
            ) + ".",
        ],
    )
