"""Facts about the machine that a reader of a number needs, and none that name it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess


def facts() -> dict[str, object]:
    """Processor, cores, memory and system; no host name and no path."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": _system(),
        "kernel": platform.release(),
    }


def version_of(command: list[str], pattern: str) -> str | None:
    """The first group of `pattern` in what `command` prints, or None if there is no such program."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, done.stdout + done.stderr)
    return match.group(1) if match else None


def tools() -> dict[str, str | None]:
    return {
        "nginx": version_of([nginx(), "-v"], r"nginx/(\S+)"),
        "wrk": version_of(["wrk", "-v"], r"wrk \S*?(\d\S*)"),
        "h2load": version_of(["h2load", "--version"], r"nghttp2/(\S+)"),
        "go": version_of(["go", "version"], r"go(\d\S*)"),
        "node": version_of(["node", "--version"], r"v(\S+)"),
        "swift": version_of(["swift", "--version"], r"Swift version (\S+)"),
        "python": platform.python_version(),
    }


def nginx() -> str:
    """The program; Debian keeps it where only root's PATH looks."""
    return shutil.which("nginx") or "/usr/sbin/nginx"


def cores() -> tuple[int, int]:
    """The core for the server under test and the core for whoever asks it. They differ wherever there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


_FIRST = ["chrt", "--fifo", "10"]
# Set by `--first`.
goes_first = False


def before_all(asked: bool = False) -> list[str]:
    """Words before a command: with `--first`, or where it is asked for, those that have it scheduled before all else that runs here."""
    return _FIRST if goes_first or asked else []


def may_go_first() -> bool:
    """Whether this process may have others scheduled before all else: as root, and not in every container."""
    return subprocess.run(_FIRST + ["true"], capture_output=True, check=False).returncode == 0


def cores_besides(*taken: int) -> list[int]:
    """The cores this process may use, without those."""
    return [core for core in sorted(os.sched_getaffinity(0)) if core not in taken]


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith(("model name", "Model")):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (AttributeError, OSError, KeyError):
        return platform.system()
