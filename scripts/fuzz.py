#!/usr/bin/env python3
"""Sends a running server damaged models, damaged requests and damaged bytes, and looks whether it minds.

    python3 scripts/fuzz.py [--seconds 60] [--seed N] [--binary PATH]

It must not end, answer 5xx, close a well-framed request unanswered, tell a path or an address, grow without bound, or change what
the healthy model beside it answers. A failure names the seed and the step, and keeps the input; the same seed sends the same inputs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import pathlib
import random
import re
import secrets
import socket
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "Benchmarks"))

from framework.server import Scenario, Server  # noqa: E402 (the path comes first)

EXAMPLE = REPOSITORY / "Examples" / "house-price"
RESIDENT_GROWTH_MIB_MAX = 64
# What no error text may hold: folders of the machine, pointers.
LEAK = re.compile(rb"/(?:tmp|home|root|usr|var|etc|proc)/|0x[0-9a-f]{8,}", re.IGNORECASE)
# Numbers at which lengths, counts and indices go wrong.
EDGES = [b"\x00", b"\x7f", b"\x80", b"\xff", b"\xff" * 2, b"\xff" * 4, b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\x7f" + b"\xff" * 7]
WORDS = [
    b"null", b"NaN", b"-0", b"1e400", b"1e-400", b"9223372036854775808", b"{", b"[" * 5000, b'"\\ud800"', b'"\\u0000"', b"\xc0\x80", b",", b":",
    b'"instances"', b'"columns"', b'"data"', b"true", b"\"RM\":", b" " * 3000,
]
HEADS = [
    b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Host: b\r\n", b"X: " + b"y" * 70_000 + b"\r\n",
    b" folded\r\n", b"Bad Name: x\r\n", b"X: a\x00b\r\n", b"Expect: 200-maybe\r\n", b"X: a\rb\r\n",
]


class Failure(Exception):
    pass


def damage(random_: random.Random, data: bytes, words: list[bytes]) -> bytes:
    """One to four changes: cut, flipped, overwritten, inserted, removed, repeated."""
    changed = bytearray(data)
    for _ in range(random_.choice([1, 1, 1, 2, 3, 4])):
        at = random_.randrange(len(changed) + 1)
        end = min(len(changed), at + random_.choice([1, 2, 4, 8, 40, 400]))
        match random_.randrange(6):
            case 0:
                del changed[at:]
            case 1 if at < len(changed):
                changed[at] ^= 1 << random_.randrange(8)
            case 2:
                word = random_.choice(words)
                changed[at:at + len(word)] = word
            case 3:
                changed[at:at] = random_.choice(words)
            case 4:
                del changed[at:end]
            case _:
                changed[at:at] = changed[at:end] * random_.choice([1, 2, 50])
    return bytes(changed)


class Fuzzer:
    def __init__(self, server: Server, token: str, seed: int):
        self.server, self.token, self.random = server, token, random.Random(seed)
        self.models = [path.read_bytes() for path in sorted(EXAMPLE.iterdir()) if path.suffix in (".pkl", ".ubj")]
        expected = json.loads((EXAMPLE / "expected.json").read_text())
        self.records = expected["records"]
        self.answers = expected["house-price"]["predictions"]
        names = list(self.records[0])
        self.bodies = [json.dumps(body).encode() for body in (
            self.records[0], self.records, {"instances": self.records[:2]},
            {"columns": names, "data": [[record.get(name) for name in names] for record in self.records[:3]]},
        )]
        self.counts: dict[str, int] = {}
        self.sent = b""

    def step(self) -> None:
        """One damaged input, and a look at the answer. `sent` keeps the input for whoever reports a failure."""
        kind = self.random.choice(["model", "model", "body", "body", "bytes"])
        if kind == "model":
            self.sent = damage(self.random, self.random.choice(self.models), EDGES)
            status = self.ask("PUT", "/models/fuzzed", self.sent, {"Authorization": f"Bearer {self.token}"})
            if status in (200, 201):
                # Damage that leaves a valid model behind: it has to answer like one.
                self.ask("POST", "/models/fuzzed/predict", self.random.choice(self.bodies))
        elif kind == "body":
            self.sent = damage(self.random, self.random.choice(self.bodies), WORDS)
            status = self.ask("POST", "/models/house-price/predict", self.sent)
        else:
            body = self.random.choice(self.bodies)
            head = b"POST /predict HTTP/1.1\r\nHost: a\r\n" + self.random.choice([b"", *HEADS])
            request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
            self.sent = damage(self.random, request, [*EDGES, b"\r\n", b"\n", b"\r", b" "])
            status = self.exchange(self.sent)
        key = f"{kind} {status}"
        self.counts[key] = self.counts.get(key, 0) + 1

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
        try:
            status, answer = self.server.fetch(method, path, body, headers, timeout=20)
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{method} {path} was not answered: {error!r}") from error
        if status >= 500:
            raise Failure(f"{method} {path} was answered {status}: {answer[:500]!r}")
        if status >= 400 and LEAK.search(answer):
            raise Failure(f"the error tells what it should not: {answer[:500]!r}")
        return status

    def exchange(self, data: bytes) -> int:
        """Raw bytes; whatever comes back may be an error or nothing, but no 5xx other than 501 and 505. 0 stands for nothing."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(65536)
            except ConnectionError:
                return 0
        status = int(answer[9:12]) if re.match(rb"HTTP/1\.1 \d{3}", answer) else 0
        if answer and status == 0:
            raise Failure(f"not an HTTP answer: {answer[:200]!r}")
        if status >= 500 and status not in (501, 505):
            raise Failure(f"raw bytes were answered {status}: {answer[:500]!r}")
        return status

    def healthy(self) -> None:
        """The model beside it still answers as scikit-learn does."""
        status, body = self.server.fetch("POST", "/models/house-price/predict", json.dumps(self.records).encode())
        got = json.loads(body).get("predictions") if status == 200 else None
        if got is None or len(got) != len(self.answers) or any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(got, self.answers)):
            raise Failure(f"the healthy model answers {status} {body[:500]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--steps", type=int, help="stop after so many steps instead")
    parser.add_argument("--binary", type=pathlib.Path, default=REPOSITORY / ".build/release/vencejo")
    options = parser.parse_args()
    token = secrets.token_urlsafe(24)
    scenario = Scenario(
        "vencejo",
        [str(options.binary.resolve()), "serve", f"house-price={EXAMPLE / 'house-price.pkl'}", "--host", "127.0.0.1", "--port", "{port}"],
        "/health/ready", environment={"VENCEJO_ADMIN_TOKEN": token},
    )
    print(f"seed {options.seed}", flush=True)
    with Server(scenario, 0) as server:
        server.start().wait_ready()
        fuzzer = Fuzzer(server, token, options.seed)
        steps, settled = 0, 0.0
        deadline = time.monotonic() + options.seconds
        try:
            while time.monotonic() < deadline if options.steps is None else steps < options.steps:
                fuzzer.step()
                steps += 1
                if steps % 100 == 0:
                    fuzzer.healthy()
                    resident = server.resident_bytes() / 2**20
                    settled = settled or resident
                    if resident > settled + RESIDENT_GROWTH_MIB_MAX:
                        raise Failure(f"resident memory grew from {settled:.0f} to {resident:.0f} MiB")
            fuzzer.healthy()
        except (Failure, OSError, http.client.HTTPException) as failure:
            with tempfile.NamedTemporaryFile(prefix="vencejo-fuzz-", delete=False) as kept:
                kept.write(fuzzer.sent)
            print(f"{failure}\nseed {options.seed}, step {steps}, input kept in {kept.name}\n{server.tail()}", file=sys.stderr)
            print(f"again: python3 scripts/fuzz.py --seed {options.seed} --steps {steps + 1}", file=sys.stderr)
            return 1
        if server.process is None or server.process.poll() is not None:
            print(f"the server has ended:\n{server.tail()}", file=sys.stderr)
            return 1
        print(f"{steps} inputs, {server.resident_bytes() / 2**20:.0f} MiB resident; " + ", ".join(
            f"{key}: {count}" for key, count in sorted(fuzzer.counts.items())
        ))
    return 0


if __name__ == "__main__":
    sys.exit(main())
