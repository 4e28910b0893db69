"""T5: coded bodies. A bomb is 413 before it is memory, what is not whole is 400, what is nested or unknown is 415."""

import contextlib
import gzip
import json
import random
import re
import select
import signal
import unittest
import zlib

from abuse import MEBIBYTE, RECORD, AttackTestCase, size
from harness import HOUSE, PATIENCE, Server, contents, head, is_close, post

BODY = json.dumps(RECORD).encode()


def bomb(megabytes, level=9):
    """That many MiB of white space behind a record, about 1:1000."""
    coder = zlib.compressobj(level, zlib.DEFLATED, 31)
    parts = [coder.compress(BODY)]
    parts += [coder.compress(b" " * MEBIBYTE) for _ in range(megabytes)]
    return b"".join(parts) + coder.flush()


class Unknown(AttackTestCase):
    """What is refused whether gzip is read or not."""

    def test_unknown_and_nested_codings_are_415(self):
        data = gzip.compress(BODY)
        for coding in (
            *(
                "br",
                "zstd",
                "compress",
                "x-nothing",
                "gzip, gzip",
                "gzip,gzip",
                "deflate, gzip",
                "gzip, br",
                "identity, br",
            ),
            *("gzip;q=1", '"gzip"', "gzip gzip", "*", "gzip, identity, gzip", "gzip" * 100),
        ):
            for body in (data, gzip.compress(data), BODY, b""):
                with self.subTest(coding=coding[:30]), self.server.connect() as connection:
                    connection.send(post("/predict", body, f"Content-Encoding: {coding}"))
                    answer = connection.answer()
                    self.assert_problem(answer, 415)
                    self.assertIsNotNone(answer.field("accept-encoding"))

    def test_a_coding_given_in_two_lines_is_nested_too(self):
        with self.server.connect() as connection:
            connection.send(
                post("/predict", gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip", "Content-Encoding: gzip")
            )
            self.assert_problem(connection.answer(), 415)

    def test_identity_is_no_coding(self):
        with self.server.connect() as connection:
            connection.send(post("/predict", RECORD, "Content-Encoding: identity"))
            self.assertEqual(connection.answer().status, 200)


class Coded(AttackTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wanted = cls.server.predict(RECORD).body

    def ask(self, body, coding="gzip", connection=None, target="/predict"):
        with self.server.connect() as connection:
            try:
                connection.send(post(target, body, f"Content-Encoding: {coding}"))
            except OSError:
                pass
            return connection.answer()

    def test_bodies_are_read_in_each_coding(self):
        raw = zlib.compressobj(9, zlib.DEFLATED, -15)
        for coding, body in (
            ("gzip", gzip.compress(BODY)),
            ("GZip", gzip.compress(BODY)),
            ("x-gzip", gzip.compress(BODY, 1)),
            ("deflate", zlib.compress(BODY)),
            ("gzip", gzip.compress(BODY, 0)),
        ):
            with self.subTest(coding=coding):
                answer = self.ask(body, coding)
                self.assertEqual((answer.status, answer.body), (200, self.wanted), answer)
        # Not what RFC 9110 8.4.1.2 means, but what some clients send: read or refused, and no crash.
        self.assertIn(self.ask(raw.compress(BODY) + raw.flush(), "deflate").status, (200, 400))

    def test_a_coded_body_may_come_byte_by_byte_and_in_chunks(self):
        data = gzip.compress(BODY)
        with self.server.connect() as connection:
            connection.send(head("POST", "/predict", "Content-Encoding: gzip", f"Content-Length: {len(data)}"))
            for byte in data:
                connection.send(bytes((byte,)))
            self.assertEqual(connection.answer().body, self.wanted)
            chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in data)
            connection.send(
                head("POST", "/predict", "Content-Encoding: gzip", "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"
            )
            self.assertEqual(connection.answer().body, self.wanted)

    def test_a_bomb_is_413_and_costs_no_memory(self):
        """1:1000, far beyond the limit of 32 MiB; and small ones in a row, over it by the ratio or the size."""
        data = bomb(size(2048, 512))
        self.assertLess(len(data), 3 * MEBIBYTE)
        with self.unharmed(peak=96 * MEBIBYTE, kept=48 * MEBIBYTE):
            for coding in ("gzip", "x-gzip"):
                self.assert_problem(self.ask(data, coding), 413)
            for _ in range(5):
                self.assert_problem(self.ask(bomb(40)), 413)

    def test_a_bomb_of_a_bomb_is_415_or_400(self):
        data = gzip.compress(bomb(64))
        with self.unharmed():
            self.assert_problem(self.ask(data, "gzip, gzip"), 415)
            self.assertIn(self.ask(data).status, (400, 413))

    def test_a_bomb_in_chunks_is_413(self):
        data = bomb(64)
        with self.unharmed(peak=96 * MEBIBYTE, kept=48 * MEBIBYTE), self.server.connect() as connection:
            parts = [data[start : start + 1000] for start in range(0, len(data), 1000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            try:
                connection.send(head("POST", "/predict", "Content-Encoding: gzip", "Transfer-Encoding: chunked") + body)
            except OSError:
                pass
            self.assertEqual(connection.answer().status, 413)

    def test_many_unfinished_coded_bodies_at_once(self):
        """A decoder's window is its own memory: 200 of them, each with a start that inflates."""
        start = bomb(2)[:1500]
        with self.unharmed(peak=160 * MEBIBYTE, kept=64 * MEBIBYTE):
            connections = [self.server.connect() for _ in range(200)]
            for connection in connections:
                connection.send(head("POST", "/predict", "Content-Encoding: gzip", "Content-Length: 100000") + start)
            for connection in connections:
                connection.close()

    def test_what_is_not_whole_is_400(self):
        data = gzip.compress(BODY)
        for cut in range(len(data)):
            with self.subTest(cut=cut):
                self.assert_problem(self.ask(data[:cut]), 400)
        data = zlib.compress(BODY)
        for cut in range(0, len(data), 7):
            with self.subTest(cut=cut):
                self.assert_problem(self.ask(data[:cut], "deflate"), 400)

    def test_what_is_damaged_is_never_predicted(self):
        data = gzip.compress(BODY)
        for place in range(len(data)):
            for bit in (1, 0x80):
                changed = bytearray(data)
                changed[place] ^= bit
                answer = self.ask(bytes(changed))
                with self.subTest(place=place, bit=bit):
                    # Some bits of gzip mean nothing here: time, system, "this is text", what pads the last byte.
                    self.assertTrue(answer.status == 400 or answer.body == self.wanted, answer)

    def test_a_few_coded_bytes_that_are_many_rows_hold_nobody_up(self):
        """Some 120 bytes hold 20,000 rows. What is left of a turn that has taken long waits, while others are answered.

        The server finds all requests at once. Somebody else's answer tells how many of them came before it: all, if they
        were worked off first; a few, if not, unless this process was not let run meanwhile, and then it is tried again.
        """
        rows = gzip.compress(b"[" + b",".join([b"{}"] * 20_000) + b"]", 9)
        one = post("/predict", rows, "Content-Encoding: gzip", "Accept-Encoding: gzip")
        with self.unharmed(peak=200 * MEBIBYTE), contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.server.connect()) for _ in range(2)]
            other = stack.enter_context(self.server.connect())
            earlier = []
            while not earlier or earlier[-1] >= 12 and len(earlier) < 5:
                before = self.answered(other)
                self.server.process.send_signal(signal.SIGSTOP)
                for connection in connections:
                    connection.send(one * 12)
                self.server.process.send_signal(signal.SIGCONT)
                # Twice: what is told is what was counted when the turn began.
                self.answered(other)
                earlier.append(self.answered(other) - before)
                for connection in connections:
                    for _ in range(12):
                        self.assertIn(connection.answer().status, (200, 422, 503))
            self.assertLess(earlier[-1], 12, f"of 24 so many came before somebody else: {earlier}")

    def answered(self, connection):
        """How many predictions were answered before this connection's request is."""
        connection.send(head("GET", "/metrics"))
        text = connection.answer().body.decode()
        counts = re.findall(r'\nvencejo_http_requests_total{[^}]*"/predict"[^}]*} (\S+)', text)
        return sum(map(float, counts))

    def test_what_follows_the_stream_is_judged(self):
        """A second member is gzip's own way to go on (RFC 1952 2.2); anything else is not."""
        data = gzip.compress(BODY)
        self.assertEqual(self.ask(data + b"junk").status, 400)
        answer = self.ask(gzip.compress(BODY[:10]) + gzip.compress(BODY[10:]))
        self.assertTrue(answer.status == 400 or answer.body == self.wanted, answer)
        members = gzip.compress(b"") * 100_000
        with self.unharmed():
            self.assertIn(self.ask(members).status, (400, 413))

    def test_the_limit_counts_what_comes_out(self):
        with Server({"house-price": HOUSE}, loops=1, env={"VENCEJO_BODY_BYTES_MAX": "65536"}) as server:
            for length, status in ((65_536, 200), (65_537, 413)):
                body = gzip.compress(
                    BODY + bytes(b" \n\t"[index * index % 7 % 3] for index in range(length - len(BODY))), 1
                )
                with self.subTest(length=length), server.connect() as connection:
                    connection.send(post("/predict", body, "Content-Encoding: gzip"))
                    self.assertEqual(connection.answer().status, status)

    def test_after_a_refused_coding_the_connection_is_in_step(self):
        with self.server.connect() as connection:
            for body in (gzip.compress(BODY)[:-3], b"junk", gzip.compress(b"{")):
                connection.send(post("/predict", body, "Content-Encoding: gzip") + head("GET", "/health/live"))
                answer = connection.answer()
                self.assertEqual(answer.status, 400)
                if (answer.field("connection") or "").lower() == "close":
                    self.assertTrue(connection.is_closed())
                    break
                self.assertEqual(connection.answer().json(), {"status": "live"})


class CodedUploads(unittest.TestCase):
    def test_those_on_their_way_have_one_bound_together_of_what_comes_out(self):
        """Each is within the bound of a model; 20 KB of each become 700 KB."""
        data = gzip.compress(b"x" * 700_000 + random.Random(1).randbytes(10_000))
        with Server({"house-price": HOUSE}, loops=1, env={"VENCEJO_MODEL_BYTES_MAX": "1000000"}) as server:
            with contextlib.ExitStack() as stack:
                connections = [stack.enter_context(server.connect()) for _ in range(4)]
                fields = (
                    "Content-Encoding: gzip",
                    f"Content-Length: {len(data)}",
                    f"Authorization: Bearer {server.token}",
                )
                for index, connection in enumerate(connections):
                    connection.send(head("PUT", f"/models/{index}", *fields) + data[:-100])
                refused = []
                while len(refused) < 3:
                    waiting = [one.socket for one in connections if one not in refused]
                    ready = select.select(waiting, [], [], PATIENCE)[0]
                    self.assertTrue(ready, f"{len(refused)} are refused, and no more")
                    for connection in [one for one in connections if one.socket in ready]:
                        answer = connection.answer()
                        self.assertEqual((answer.status, answer.field("retry-after")), (503, "5"), answer)
                        refused.append(connection)
                last = next(one for one in connections if one not in refused)
                last.send(data[-100:])
                self.assertEqual(last.answer().status, 422, "no model, but read to its end")
            self.assertEqual(server.put("good", HOUSE).status, 201)


class CodedAnswers(AttackTestCase):
    """RFC 9110 12.5.3: what the client may be sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = json.dumps([dict(RECORD, RM=index / 100) for index in range(500)]).encode()
        cls.plain = cls.server.predict(cls.rows)

    def ask(self, *lines, body=None):
        with self.server.connect() as connection:
            connection.send(post("/predict", body or self.rows, *lines))
            return connection.answer()

    def test_large_answers_are_coded_where_the_client_says_so(self):
        for accept, coding in (
            *(
                ("gzip", "gzip"),
                ("deflate", "deflate"),
                ("gzip, deflate, br", "gzip"),
                ("*", None),
                ("GZIP", "gzip"),
                ("x-gzip", "gzip"),
            ),
            *(
                ("br", None),
                ("identity", None),
                ("", None),
                ("gzip;q=0", None),
                ("gzip;q=0, deflate", "deflate"),
                ("*;q=0, gzip", "gzip"),
            ),
            *(("deflate;q=0.5, gzip;q=0.4", "deflate"), ("identity;q=1, gzip;q=0.5", None), ("gzip;q=0.001", "gzip")),
        ):
            with self.subTest(accept=accept):
                answer = self.ask(f"Accept-Encoding: {accept}")
                told = answer.field("content-encoding")
                if coding is not None:
                    self.assertIn(told, (coding, "x-gzip" if accept == "x-gzip" else coding))
                elif accept == "*":
                    self.assertIn(told, (None, "gzip", "deflate"))
                else:
                    self.assertIsNone(told)
                body = answer.body
                if told:
                    body = gzip.decompress(body) if "gzip" in told else zlib.decompress(body)
                    self.assertLess(len(answer.body), len(self.plain.body))
                self.assertEqual(body, self.plain.body)
                self.assertIn("accept-encoding", (answer.field("vary") or "").lower())

    def test_absent_is_identity_and_small_is_never_coded(self):
        self.assertIsNone(self.ask().field("content-encoding"))
        self.assertIsNone(self.ask("Accept-Encoding: gzip", body=BODY).field("content-encoding"))

    def test_malformed_wishes_are_passed_over(self):
        for accept in (
            "gzip;q=",
            "gzip;q=2",
            "gzip;q=x",
            ";",
            ",,,",
            "gzip;q=0.0001",
            "gzip" * 1000,
            ",".join(["gzip"] * 1000),
        ):
            with self.subTest(accept=accept[:20]):
                answer = self.ask(f"Accept-Encoding: {accept}")
                self.assertEqual(answer.status, 200)
                body = gzip.decompress(answer.body) if answer.field("content-encoding") == "gzip" else answer.body
                self.assertEqual(body, self.plain.body)

    def test_head_tells_what_get_would_have(self):
        lines = "Accept-Encoding: gzip"
        with self.server.connect() as connection:
            connection.send(
                head("GET", "/metrics", lines) + head("HEAD", "/metrics", lines) + head("GET", "/health/live")
            )
            wanted, answer = connection.answer(), connection.answer(is_head=True)
            self.assertEqual(answer.field("content-encoding"), wanted.field("content-encoding"))
            self.assertEqual(connection.answer().json(), {"status": "live"})

    def test_an_upload_may_be_coded(self):
        data = contents(HOUSE)
        token = f"Authorization: Bearer {self.server.token}"
        with self.server.connect() as connection:
            body = gzip.compress(data)
            connection.send(
                head("PUT", "/models/coded", token, "Content-Encoding: gzip", f"Content-Length: {len(body)}") + body
            )
            answer = connection.answer()
            if answer.status == 415:
                return
            self.assertEqual(answer.status, 201, answer)
        value = self.server.predict(RECORD, "coded").json()["prediction"]
        self.assertTrue(is_close(value, self.server.predict(RECORD).json()["prediction"]))
