"""The raw table of HTTP/1.1, row by row: bytes in, one answer out, and never an answer to what was smuggled behind."""

import raw_requests
from abuse import AttackTestCase, Watch, metrics, route_count
from harness import HOUSE, Server, head, post

LIVE = head("GET", "/health/live")
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}


class Table(AttackTestCase):
    def refused(self, connection, row):
        """One readable answer, then the end."""
        answer = connection.answer(with_interim=True)
        self.server.check(answer)
        self.assertIn(answer.status, row.statuses, answer)
        self.assertEqual((answer.field("connection") or "").lower(), "close")
        self.assertIsNotNone(answer.field("date"))
        self.assertEqual(answer.json()["status"], answer.status)
        self.assertTrue(connection.is_closed(), f"a second answer, or no close: {bytes(connection.buffer)!r}")

    def test_what_is_in_doubt_gets_one_refusal_and_a_close(self):
        before = route_count(metrics(self.server), "/health/live")
        with Watch(self.server):
            for row in raw_requests.refused():
                with self.subTest(row=row), self.server.connect() as connection:
                    connection.send(row.data + LIVE)
                    self.refused(connection, row)
        self.assertEqual(route_count(metrics(self.server), "/health/live"), before, "a smuggled request was served")

    def test_it_does_not_matter_how_it_is_cut(self):
        """Byte by byte; the server may answer and close before all has been sent, and the answer is still readable."""
        before = route_count(metrics(self.server), "/health/live")
        for row in raw_requests.refused():
            if len(row.data) > 1000:
                continue
            with self.subTest(row=row), self.server.connect() as connection:
                for byte in row.data + LIVE:
                    try:
                        connection.send(bytes((byte,)))
                    except OSError:
                        break
                self.refused(connection, row)
        self.assertEqual(route_count(metrics(self.server), "/health/live"), before, "a smuggled request was served")

    def test_what_follows_a_good_request_is_judged_as_strictly(self):
        """The first request of a pipeline is answered; the one in doubt is the last."""
        good = post("/predict", RECORD)
        for row in raw_requests.refused():
            with self.subTest(row=row), self.server.connect() as connection:
                connection.send(good + row.data + LIVE)
                self.assertEqual(connection.answer().status, 200)
                self.refused(connection, row)

    def test_what_is_sound_is_answered_and_the_connection_goes_on(self):
        for row in raw_requests.accepted():
            with self.subTest(row=row), self.server.connect() as connection:
                connection.send(row.data + LIVE)
                self.assertIn(connection.answer().status, row.statuses)
                self.assertEqual(connection.answer().json(), {"status": "live"})
                connection.send(LIVE)
                self.assertEqual(connection.answer().status, 200)

    def test_what_is_sound_may_come_byte_by_byte(self):
        for row in raw_requests.accepted():
            with self.subTest(row=row), self.server.connect() as connection:
                for byte in row.data + LIVE:
                    connection.send(bytes((byte,)))
                self.assertIn(connection.answer().status, row.statuses)
                self.assertEqual(connection.answer().json(), {"status": "live"})

    def test_two_requests_in_one_write_are_answered_in_order(self):
        with self.server.connect() as connection:
            connection.send(post("/predict", RECORD) + head("GET", "/nope") + LIVE)
            self.assertEqual([connection.answer().status for _ in range(3)], [200, 404, 200])

    def test_a_good_length_and_expect_gets_100_and_then_200(self):
        for length in ("Content-Length: 2", "Transfer-Encoding: chunked"):
            with self.subTest(length=length), self.server.connect() as connection:
                connection.send(head("POST", "/predict", length, "Expect: 100-continue"))
                self.assertEqual(connection.answer(with_interim=True).status, 100)
                connection.send(b"{}" if "2" in length else b"2\r\n{}\r\n0\r\n\r\n")
                self.assertEqual(connection.answer(with_interim=True).status, 200)
                connection.send(LIVE)
                self.assertEqual(connection.answer().status, 200)

    def test_a_chunk_larger_than_any_body_is_refused_before_it_is_read(self):
        for size in (b"7fffffffffffffff", b"2000001", b"fffffffff"):
            with self.subTest(size=size), self.server.connect() as connection:
                connection.send(raw_requests.chunked(size + b"\r\n{}") + LIVE)
                self.assertIn(connection.answer().status, (400, 413))
                self.assertTrue(connection.is_closed())

    def test_framing_errors_are_counted_once_each(self):
        with Server({"house-price": HOUSE}, loops=1) as server:
            before = metrics(server)["vencejo_http_framing_errors_total"]
            rows = [row for row in raw_requests.refused() if row.number in (1, 2, 10)]
            for row in rows:
                with server.connect() as connection:
                    connection.send(row.data)
                    connection.answer()
            self.assertEqual(metrics(server)["vencejo_http_framing_errors_total"] - before, len(rows))
