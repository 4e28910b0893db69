"""The programs in C of `peers/native`, and the peer in Go: compiled once, outside the checkout."""

from __future__ import annotations

import os
import pathlib
import shutil

from . import peers

_SOURCES = pathlib.Path(__file__).resolve().parent.parent / "peers"


def program(name: str) -> pathlib.Path:
    """`peers/native/<name>.c` as a program. - Raises: peers.Unavailable where there is no C compiler."""
    return _compiled(name, name, [])


def library(name: str) -> pathlib.Path:
    """`peers/native/<name>.c` as a shared library, for LD_PRELOAD. - Raises: peers.Unavailable without a C compiler."""
    return _compiled(name, f"{name}.so", ["-shared", "-fPIC"])


def go_program(name: str) -> pathlib.Path:
    """`peers/<name>.go` as a program. - Raises: peers.Unavailable where there is no Go."""
    source = _SOURCES / f"{name}.go"
    made = _target(source, name)
    if not made.exists():
        if shutil.which("go") is None:
            raise peers.Unavailable("there is no Go here")
        environment = {**os.environ, "GO111MODULE": "off", "GOCACHE": str(peers.cache() / "go"), "CGO_ENABLED": "0"}
        peers.run(["go", "build", "-o", f"{made}.part", str(source)], 300, environment)
        os.replace(f"{made}.part", made)
    return made


def _compiled(name: str, product: str, flags: list[str]) -> pathlib.Path:
    source = _SOURCES / "native" / f"{name}.c"
    made = _target(source, product)
    if not made.exists():
        compiler = next((found for found in map(shutil.which, ("cc", "gcc", "clang")) if found), None)
        if compiler is None:
            raise peers.Unavailable("there is no C compiler here")
        peers.run([compiler, "-O2", "-Wall", "-Wextra", *flags, "-o", f"{made}.part", str(source)], 60)
        os.replace(f"{made}.part", made)
    return made


def _target(source: pathlib.Path, product: str) -> pathlib.Path:
    """Where the product of a source belongs: beside nothing older of the same name."""
    folder = peers.cache() / f"native-{peers.digest(source)}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / product
