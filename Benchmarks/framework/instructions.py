"""Instructions that processes execute in user space, where the processor's counters may be read (rarely in a virtual machine)."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import tempfile

_EVENT = "instructions:u"


@functools.cache
def are_counted() -> bool:
    """Whether `perf stat` counts here."""
    if shutil.which("perf") is None:
        return False
    done = subprocess.run(
        ["perf", "stat", "-x", ",", "-e", _EVENT, "true"], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode == 0 and _number(done.stderr) is not None


class Counter:
    """Counts from its making to `stop`, for processes with the threads they have then."""

    def __init__(self, pids: list[int]):
        self._process: subprocess.Popen[bytes] | None = None
        if not are_counted():
            return
        descriptor, self._path = tempfile.mkstemp(prefix="vencejo-perf-")
        os.close(descriptor)
        self._process = subprocess.Popen(
            ["perf", "stat", "-x", ",", "-e", _EVENT, "-o", self._path, "-p", ",".join(map(str, pids))],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def stop(self) -> int | None:
        """The count; None where there is none."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(10)
        with open(self._path, encoding="utf-8") as file:
            words = file.read()
        os.unlink(self._path)
        return _number(words)


def _number(words: str) -> int | None:
    """The first field of the line that names the event."""
    for line in words.splitlines():
        fields = line.split(",")
        if _EVENT in fields and fields[0].isdigit():
            return int(fields[0])
    return None
