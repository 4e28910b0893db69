"""The Python peers: their virtual environment and the models they serve, made once, outside the checkout."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

_PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
_REPOSITORY = _PEERS.parent.parent


class Unavailable(Exception):
    """A peer that cannot be measured here, and why."""


def cache() -> pathlib.Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(root) / "vencejo-benchmarks"


def python(requirements_name: str = "requirements.txt") -> pathlib.Path:
    """The interpreter of an environment of the peers, which is made at the first call (a minute, 700 MB; the one of
    `requirements_http.txt` is small).

    - Raises: Unavailable where packages cannot be installed.
    """
    requirements = _PEERS / requirements_name
    folder = cache() / f"venv-{digest(requirements, text=sys.version)}"
    interpreter = folder / "bin" / "python"
    if (folder / "complete").exists():
        return interpreter
    print("Setting up the Python peers (once, outside what is measured) ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "venv", str(folder)], 120)
    run([
        str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
        str(requirements),
    ], 900)
    (folder / "complete").touch()
    return interpreter


def models() -> pathlib.Path:
    """A folder with the benchmark's model in each peer's format, its requests and the right answers."""
    return _made("make_models.py", "models")


def heavy_models() -> pathlib.Path:
    """A folder with models that take long for a row, and their requests."""
    return _made("make_heavy_models.py", "heavy-models")


def sized_models() -> pathlib.Path:
    """A folder with models of several sizes, and their requests."""
    return _made("make_sized_models.py", "sized-models")


def _made(script: str, name: str) -> pathlib.Path:
    maker = _PEERS / script
    folder = cache() / f"{name}-{digest(maker, _PEERS / 'requirements.txt')}"
    if (folder / "complete").exists():
        return folder
    interpreter = python()
    print("Training the benchmark's models (once) ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run([str(interpreter), str(maker), str(folder)], 300)
    (folder / "complete").touch()
    return folder


def uvicorn(application: str, requirements_name: str = "requirements.txt") -> list[str]:
    """The command that serves `peers/<application>.py` the way a careful operator would: uvloop, httptools, no access log."""
    return [
        str(python(requirements_name)), "-m", "uvicorn", "--app-dir", str(_PEERS), f"{application}:app", "--host", "127.0.0.1",
        "--port", "{port}", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ]


def gunicorn(application: str, requirements_name: str) -> list[str]:
    """The command that serves `peers/<application>.py`: one process, threads, connections kept."""
    return [
        str(python(requirements_name)), "-m", "gunicorn", "--chdir", str(_PEERS), f"{application}:app",
        "--bind", "127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", "8",
        "--keep-alive", "75", "--log-level", "warning", "--no-control-socket",
    ]


def source(name: str) -> pathlib.Path:
    """A file of `peers`."""
    return _PEERS / name


def versions() -> dict[str, str]:
    """The pinned versions that a result depends on."""
    names = ("fastapi", "uvicorn", "uvloop", "flask", "gunicorn", "xgboost-cpu", "onnxruntime", "scikit-learn", "numpy")
    pins: dict[str, str] = {}
    for name in ("requirements_http.txt", "requirements.txt"):
        with open(_PEERS / name, encoding="utf-8") as lines:
            pins.update(line.strip().split("==") for line in lines if "==" in line)
    return {name: pins[name] for name in names}


def example(name: str) -> pathlib.Path:
    """A file of Examples/house-price."""
    return _REPOSITORY / "Examples" / "house-price" / name


def digest(*paths: pathlib.Path, text: str = "") -> str:
    """Names what is made from these files: it changes when one of them does."""
    made = hashlib.sha256(text.encode())
    for path in paths:
        made.update(path.read_bytes())
    return made.hexdigest()[:16]


def run(command: list[str], seconds: float, environment: dict[str, str] | None = None) -> None:
    """Runs a step of a peer's making. - Raises: Unavailable with the last line of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Unavailable(words[-1] if words else f"exit code {done.returncode}")
