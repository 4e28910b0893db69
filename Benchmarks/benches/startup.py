"""What a cold start costs: from the start of the process to the first 200 on `POST /predict`, and the memory held then.

The files are in the page cache, as they are for an image that ran before; the program itself starts from nothing each time.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import sys

from framework import machine, peers
from framework.report import Bound, Report, number, spread
from framework.server import Scenario, Server

VENCEJO = "vencejo"
# A start of a Python peer takes seconds: this many tell enough.
PEER_ROUNDS_MAX = 5


def run(options: argparse.Namespace) -> Report:
    record = json.dumps(json.loads(peers.example("expected.json").read_text())["records"][0]).encode()
    boosted = peers.models()
    rows = (boosted / "requests.jsonl").read_bytes().splitlines()[0]
    pickle = peers.example("house-price.pkl")
    nginx = (pathlib.Path(peers.__file__).parent.parent / "peers/nginx_return_200.conf").read_text()
    entries: list[tuple[Scenario, bytes]] = [
        (Scenario("nginx return 200", [machine.nginx(), "-e", "stderr", "-p", "{scratch}", "-c", "{scratch}/nginx.conf"],
                  files={"nginx.conf": nginx}), record),
        (Scenario("FastAPI + scikit-learn", peers.uvicorn("fastapi_sklearn"), environment={"MODEL": str(pickle)}), record),
        (Scenario("FastAPI + xgboost *", peers.uvicorn("fastapi_xgboost"),
                  environment={"MODEL": str(boosted / "model.ubj")}), rows),
        (Scenario("FastAPI + ONNX Runtime *", peers.uvicorn("fastapi_onnx"),
                  environment={"MODEL": str(boosted / "model.onnx")}), rows),
    ]
    if options.binary is not None:
        entries.insert(0, (Scenario(
            VENCEJO, [str(options.binary), "serve", f"house-price={pickle}", "--host", "127.0.0.1", "--port", "{port}"],
        ), record))

    server_core, client_core = machine.cores()
    milliseconds: dict[str, list[float]] = {scenario.name: [] for scenario, _ in entries}
    resident: dict[str, list[float]] = {scenario.name: [] for scenario, _ in entries}
    for turn in range(options.rounds):
        for scenario, body in entries:
            if turn >= PEER_ROUNDS_MAX and scenario.name.startswith("FastAPI"):
                continue
            with Server(scenario, server_core) as server:
                milliseconds[scenario.name].append(_ask(server, body, client_core) * 1000)
                resident[scenario.name].append(server.resident_bytes() / 2**20)
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)

    own = milliseconds.get(VENCEJO)
    return Report(
        bench="startup",
        title="Process start to the first 200 on POST /predict, and resident memory then (house-price model)",
        settings={"rounds": options.rounds, "rounds of the Python peers": min(options.rounds, PEER_ROUNDS_MAX)},
        columns=["server", "ms to the first answer (min-max)", "x vencejo", "resident MiB (min-max)"],
        rows=[
            [
                name, spread(taken), number(statistics.median(taken) / statistics.median(own)) if own else "-",
                spread(resident[name]),
            ]
            for name, taken in milliseconds.items()
        ],
        bounds=[
            Bound("ms from process start to the first 200", 50, statistics.median(own) if own else None),
            Bound("resident MB then", 25, statistics.median(resident[VENCEJO]) * 2**20 / 1e6 if own else None),
        ],
        raw={name: {"milliseconds": taken, "resident_mib": resident[name]} for name, taken in milliseconds.items()},
        notes=["* serves the model of the `predict` benchmark (100 trees, 28 columns) instead."],
    )


def _ask(server: Server, body: bytes, client_core: int) -> float:
    """The seconds from start to answer, asked from another core than the server's."""
    allowed = os.sched_getaffinity(0)
    server.start()
    os.sched_setaffinity(0, {client_core})
    try:
        return server.wait_answer("/predict", body)
    finally:
        os.sched_setaffinity(0, allowed)
