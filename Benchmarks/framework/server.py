"""A server under test: a command, a port, a way to know it is ready, and what it costs while it runs."""

from __future__ import annotations

import atexit
import dataclasses
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from . import machine

_TICKS = os.sysconf("SC_CLK_TCK")
_running: list["Server"] = []


@dataclasses.dataclass
class Scenario:
    """One server of a comparison.

    `command` holds `{port}` wherever its port belongs. `environment` is added to a small clean one.
    `ready` is fetched until it answers below 500, or, if empty, a connection is opened; the server's own words, for a
    failure, are in its log.
    """

    name: str
    command: list[str]
    ready: str = "/"
    path: str = "/predict"
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    ready_seconds: float = 60


class Server:
    """A running scenario, pinned to one core (or the cores given) and in a process group of its own. Use it in a `with`."""

    def __init__(self, scenario: Scenario, *cores: int, entry: str = ""):
        """`entry` are shell words run before the server in its own process, such as those of a control group (in which
        nothing goes first)."""
        self.scenario = scenario
        self.cores = set(cores)
        self.entry = entry
        self.port = free_port()
        self.scratch = tempfile.TemporaryDirectory(prefix="vencejo-bench-")
        self.log = pathlib.Path(self.scratch.name) / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def start(self) -> "Server":
        """Starts the process; returns at once."""
        for name, text in self.scenario.files.items():
            pathlib.Path(self.scratch.name, name).write_text(self._fill(text), encoding="utf-8")
        command = [self._fill(word) for word in self.scenario.command]
        if self.entry:
            command = ["/bin/sh", "-c", self.entry + 'exec "$@"', "sh", *command]
        else:
            command = [*machine.before_all(), *command]
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.scratch.name,
            "LANG": "C.UTF-8",
            # One core each: a thread pool sized for the host would only spin.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **{name: self._fill(value) for name, value in self.scenario.environment.items()},
        }
        # A child inherits the core it may run on: no helper program stands between the start and the server.
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cores)
        try:
            with open(self.log, "wb") as log:
                self.started = time.perf_counter()
                self.process = subprocess.Popen(
                    command, env=environment, cwd=self.scratch.name, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=subprocess.STDOUT, start_new_session=True,
                )
        finally:
            os.sched_setaffinity(0, allowed)
        _running.append(self)
        return self

    def wait_ready(self) -> "Server":
        """Waits until the ready URL answers. - Raises: RuntimeError with the end of the log."""
        deadline = time.monotonic() + self.scenario.ready_seconds
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{self.scenario.name} ended before it was ready:\n{self.tail()}")
            try:
                if self.scenario.ready:
                    status, _ = self.fetch("GET", self.scenario.ready)
                else:
                    socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                    status = 0
                if status < 500:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{self.scenario.name} was not ready in {self.scenario.ready_seconds} s:\n{self.tail()}")

    def wait_answer(self, path: str, body: bytes) -> float:
        """Asks without pause until the first 200; returns the seconds since the start of the process.

        - Raises: RuntimeError with the end of the log.
        """
        request = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode() + body
        answer = b""
        while time.perf_counter() - self.started < self.scenario.ready_seconds:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(request)
                    answer = connection.recv(4096)
                    if answer.startswith(b"HTTP/1.1 200"):
                        return time.perf_counter() - self.started
            except OSError:
                pass
            time.sleep(0.0002)
        raise RuntimeError(f"{self.scenario.name} gave no 200, last {answer[:200]!r}:\n{self.tail()}")

    def fetch(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, timeout: float = 10
    ) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """User and system time of the process, its threads and its descendants, ended ones included."""
        return sum(_cpu_ticks(pid) for pid in self.pids()) / _TICKS

    def resident_bytes(self) -> int:
        """Resident memory of the process and its descendants, as the kernel counts it (shared pages in each)."""
        return sum(_status_kib(pid, "VmRSS") for pid in self.pids()) * 1024

    def pids(self) -> list[int]:
        if self.process is None:
            return []
        children: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                stat = _stat(int(entry))
                if stat is not None:
                    children.setdefault(int(stat[1]), []).append(int(entry))
        found = [self.process.pid]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def tail(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-15:])

    def stop(self) -> None:
        """SIGTERM to the group, SIGKILL five seconds later."""
        if self in _running:
            _running.remove(self)
        if self.process is not None and self.process.poll() is None:
            _signal_group(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                _signal_group(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        self.scratch.cleanup()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _fill(self, text: str) -> str:
        return text.replace("{port}", str(self.port)).replace("{scratch}", self.scratch.name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_all() -> None:
    """Ends whatever still runs; called at exit, so that an interrupted benchmark leaves no server behind."""
    for server in list(_running):
        try:
            server.stop()
        except (OSError, subprocess.SubprocessError):
            pass


atexit.register(stop_all)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name: state, parent, ... (proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def _cpu_ticks(pid: int) -> int:
    stat = _stat(pid)
    # utime, stime, cutime, cstime are fields 14 to 17, the state being field 3.
    return sum(int(value) for value in stat[11:15]) if stat else 0


def _status_kib(pid: int, key: str) -> int:
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
