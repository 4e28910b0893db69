"""Puts one model after the other until its input ends; prints the seconds of each upload.

    python uploader.py PORT TOKEN FIRST MODEL ...

A process of its own, so that it can be told where to run. A body leaves in pieces and at the speed of a network: all at once it would
keep whoever else runs on this core waiting, in the kernel.
"""

import http.client
import pathlib
import select
import sys
import time
from collections.abc import Iterator

PIECE_BYTES = 32 << 10
BYTES_PER_SECOND = 125e6  # 1 Gb/s
PAUSE_SECONDS = 0.05


def main() -> None:
    port, token, first, *paths = sys.argv[1:]
    models = [pathlib.Path(path).read_bytes() for path in paths]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    number = int(first)
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        body = models[number % len(models)]
        begin = time.perf_counter()
        connection.request(
            "PUT", "/models/bench", _pieces(body), {"Authorization": f"Bearer {token}", "Content-Length": str(len(body))})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            sys.exit(f"an upload was answered {answer.status}: {content[:500]!r}")
        print(time.perf_counter() - begin, flush=True)
        number += 1


def _pieces(body: bytes) -> Iterator[memoryview]:
    view = memoryview(body)
    begin = time.perf_counter()
    for start in range(0, len(body), PIECE_BYTES):
        time.sleep(max(0.0, begin + start / BYTES_PER_SECOND - time.perf_counter()))
        yield view[start:start + PIECE_BYTES]


if __name__ == "__main__":
    main()
