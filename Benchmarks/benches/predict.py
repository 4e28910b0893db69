"""What one prediction costs: CPU time per `POST /predict` of 28 numbers as JSON, XGBoost with 100 trees of depth 6.

Every server gets the same bytes over 64 keep-alive connections, alone on its core, asked from another core. The servers take
turns, round after round, so that whatever the machine does meanwhile falls on all of them alike.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

from framework import load, machine, peers
from framework.report import Bound, Report, number, spread
from framework.server import Scenario, Server

CONNECTIONS = 64
VENCEJO = "vencejo"
NGINX = "nginx return 200"
XGBOOST = "FastAPI + xgboost"
XGBOOST_TUNED = "FastAPI + xgboost, tuned"
ONNX = "FastAPI + ONNX Runtime"


def run(options: argparse.Namespace) -> Report:
    models = peers.models()
    scenarios = [
        Scenario(
            NGINX, [machine.nginx(), "-e", "stderr", "-p", "{scratch}", "-c", "{scratch}/nginx.conf"],
            files={"nginx.conf": (pathlib.Path(peers.__file__).parent.parent / "peers/nginx_return_200.conf").read_text()},
        ),
        Scenario(XGBOOST, peers.uvicorn("fastapi_xgboost"), "/docs", environment={"MODEL": str(models / "model.ubj")}),
        Scenario(
            XGBOOST_TUNED, peers.uvicorn("fastapi_xgboost_tuned"), "/docs", environment={"MODEL": str(models / "model.ubj")}
        ),
        Scenario(ONNX, peers.uvicorn("fastapi_onnx"), "/docs", environment={"MODEL": str(models / "model.onnx")}),
    ]
    if options.binary is not None:
        scenarios.insert(0, Scenario(
            VENCEJO,
            [str(options.binary), "serve", f"bench={models / 'model.ubj'}", "--host", "127.0.0.1", "--port", "{port}",
             "--loops", "1"],
            "/health/ready",
        ))

    server_core, client_core = machine.cores()
    samples: dict[str, list[load.Sample]] = {scenario.name: [] for scenario in scenarios}
    with tempfile.TemporaryDirectory(prefix="vencejo-bench-") as folder:
        script = load.write_script(pathlib.Path(folder))
        bodies = models / "requests.jsonl"
        servers = []
        try:
            for scenario in scenarios:
                server = Server(scenario, server_core)
                servers.append(server)
                server.start().wait_ready()
                if scenario.name != NGINX:
                    check_answers(server, models)
                load.run(server, script, bodies, client_core, 1, CONNECTIONS)
            for turn in range(options.rounds):
                for server in servers:
                    sample = load.run(server, script, bodies, client_core, options.seconds, CONNECTIONS)
                    samples[server.scenario.name].append(sample)
                    print(
                        f"round {turn + 1}  {server.scenario.name:28} {sample.cpu_microseconds:8.2f} us CPU  "
                        f"{sample.requests_per_second:9.0f}/s  {sample.errors} errors", file=sys.stderr, flush=True,
                    )
        finally:
            for server in servers:
                server.stop()
    return _report(options, samples)


def check_answers(server: Server, models: pathlib.Path) -> None:
    """Each request once, compared with XGBoost's own prediction. - Raises: RuntimeError at the first that differs."""
    answers = json.loads((models / "answers.json").read_text())
    requests = (models / "requests.jsonl").read_text().splitlines()
    for request, answer in zip(requests, answers, strict=True):
        status, body = server.fetch("POST", server.scenario.path, request.encode(), {"Content-Type": "application/json"})
        got = json.loads(body)["predictions"][0] if status == 200 else None
        if got is None or abs(got - answer) > 2e-6:
            raise RuntimeError(f"{server.scenario.name} answers {status} {body[:300]!r}; XGBoost says {answer}")


def _report(options: argparse.Namespace, samples: dict[str, list[load.Sample]]) -> Report:
    median = {name: statistics.median(s.cpu_microseconds for s in taken) for name, taken in samples.items()}
    own = median.get(VENCEJO)
    rows = []
    for name, taken in samples.items():
        rows.append([
            name,
            spread([s.cpu_microseconds for s in taken]),
            "-" if own is None else number(median[name] / own),
            number(median[name] / median[NGINX]),
            number(statistics.median(s.requests_per_second for s in taken)),
            number(statistics.median(s.p50_microseconds for s in taken) / 1000),
            number(statistics.median(s.p99_microseconds for s in taken) / 1000),
            number(statistics.median(s.p999_microseconds for s in taken) / 1000),
            number(taken[-1].resident_bytes / 2**20),
            str(sum(s.errors for s in taken)),
        ])
    return Report(
        bench="predict",
        title="CPU time per POST /predict: 28 numbers as JSON, XGBoost 100 trees x depth 6",
        settings={"rounds": options.rounds, "seconds a round": options.seconds, "connections": CONNECTIONS, "server cores": 1},
        columns=[
            "server", "us CPU / request (min-max)", "x vencejo", "x nginx", "requests/s", "p50 ms", "p99 ms", "p99.9 ms",
            "resident MiB", "errors",
        ],
        rows=rows,
        bounds=[
            Bound("CPU time beside nginx `return 200`", 1.5, own and own / median[NGINX]),
            Bound("less CPU time than FastAPI + xgboost, times", 60, own and median[XGBOOST] / own, at_most=False),
            Bound("less CPU time than FastAPI + ONNX Runtime, times", 20, own and median[ONNX] / own, at_most=False),
            Bound("failed requests", 0, own and sum(s.errors for s in samples[VENCEJO])),
        ],
        raw={
            name: [{**vars(s), "requests_per_second": round(s.requests_per_second)} for s in taken]
            for name, taken in samples.items()
        },
        notes=["Latencies are those of 64 connections which never pause: they show the queue at saturation, not one request."],
    )
