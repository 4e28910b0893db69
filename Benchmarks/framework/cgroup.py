"""A control group with a share of a core and a bound of memory, as a container has them; version 2 or version 1."""

from __future__ import annotations

import os
import pathlib

from .peers import Unavailable

_ROOT = pathlib.Path("/sys/fs/cgroup")
_PERIOD_MICROSECONDS = 100_000


class Group:
    """Made at once, removed by `close`. - Raises: Unavailable where this user may not make one."""

    def __init__(self, cores: float, memory_bytes: int):
        name = f"vencejo-bench-{os.getpid()}"
        quota = round(cores * _PERIOD_MICROSECONDS)
        self._folders: list[pathlib.Path] = []
        try:
            if (_ROOT / "cgroup.controllers").exists():
                for controller in ("cpu", "memory"):
                    if controller not in (_ROOT / "cgroup.subtree_control").read_text().split():
                        (_ROOT / "cgroup.subtree_control").write_text(f"+{controller}")
                self._make(_ROOT / name, {"cpu.max": f"{quota} {_PERIOD_MICROSECONDS}", "memory.max": str(memory_bytes)})
                self._throttled = ("cpu.stat", "throttled_usec", 1e-6)
            else:
                self._make(_ROOT / "cpu" / name, {
                    "cpu.cfs_period_us": str(_PERIOD_MICROSECONDS), "cpu.cfs_quota_us": str(quota),
                })
                self._make(_ROOT / "memory" / name, {"memory.limit_in_bytes": str(memory_bytes)})
                self._throttled = ("cpu.stat", "throttled_time", 1e-9)
        except OSError as error:
            self.close()
            raise Unavailable(f"no control group may be made here ({error.strerror})") from error

    @property
    def entry(self) -> str:
        """Shell words that move the shell itself into the group."""
        return "".join(f'echo $$ > "{folder}/cgroup.procs" && ' for folder in self._folders)

    def throttled_seconds(self) -> float:
        """How long its threads were held back in all."""
        name, key, unit = self._throttled
        for line in (self._folders[0] / name).read_text().splitlines():
            if line.startswith(key + " "):
                return int(line.split()[1]) * unit
        return 0

    def close(self) -> None:
        """Removes it; its processes must have ended."""
        for folder in self._folders:
            try:
                folder.rmdir()
            except OSError:
                pass
        self._folders = []

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make(self, folder: pathlib.Path, settings: dict[str, str]) -> None:
        folder.mkdir()
        self._folders.append(folder)
        for name, value in settings.items():
            (folder / name).write_text(value)
