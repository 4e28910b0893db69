"""HTTP/1.1 as it should be, and as attackers send it: over raw sockets, one byte at a time where that hurts."""

import json
import os
import threading
import time
import unittest

from harness import HOUSE, PATIENCE, Server, ServerTestCase, expected, head, post, until

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
TARGET = "/predict"
LIVE = head("GET", "/health/live")
MEBIBYTE = 1 << 20


class Framing(ServerTestCase):
    """The raw table: a faulty head gets one 4xx or 501, `Connection: close`, and no second answer."""

    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    def refused(self, data, statuses=range(400, 600)):
        with self.server.connect() as connection:
            connection.send(data + LIVE)
            answer = connection.answer()
            self.server.check(answer)
            self.assertIn(answer.status, statuses, answer)
            self.assertTrue(400 <= answer.status < 500 or answer.status in (501, 505), answer)
            self.assertEqual((answer.field("connection") or "").lower(), "close")
            self.assertTrue(connection.is_closed(), f"a second answer, or no close: {bytes(connection.buffer)!r}")

    def accepted(self, data, *statuses):
        """Each request in `data` gets its answer, in order, and the connection goes on."""
        with self.server.connect() as connection:
            connection.send(data + LIVE)
            for status in (*statuses, 200):
                answer = connection.answer()
                self.assertEqual(answer.status, status, answer)

    def raw(self, *lines, body=b"", version="HTTP/1.1", host=b"Host: x\r\n"):
        lines = [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
        return (
            b"POST /predict "
            + version.encode()
            + b"\r\n"
            + host
            + b"".join(line + b"\r\n" for line in lines)
            + b"\r\n"
            + body
        )

    def test_two_framings_at_once_are_refused(self):
        for lines in (
            ("Content-Length: 5", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 5"),
            ("Content-Length: 5", "Content-Length: 6"),
            ("Content-Length: 5, 5",),
            ("Content-Length: 5", "Content-Length: 5"),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ):
            with self.subTest(lines=lines):
                self.refused(self.raw(*lines, body=b"0\r\n\r\n"))

    def test_refusals_of_the_http_layer_carry_the_same_fields_as_others(self):
        for data in (
            self.raw("Content-Length: x"),
            head("POST", TARGET, "Content-Length: 10000000000"),
            head("GET", "/" + "a" * 20_000),
            head("GET", "/models", "X: " + "a" * 100_000),
        ):
            with self.server.connect() as connection:
                connection.send(data)
                answer = connection.answer()
            with self.subTest(status=answer.status):
                self.assert_problem(answer, answer.status)
                self.assertEqual(answer.field("x-content-type-options"), "nosniff", answer.fields)
                self.assertEqual(answer.field("cache-control"), "no-store", answer.fields)

    def test_lengths_that_are_no_numbers_are_refused(self):
        for value in (
            "+5",
            "-5",
            "0x5",
            "5_0",
            "5 5",
            "",
            "99999999999999999999",
            "5,",
            "5.0",
            "1e1",
            "٥".encode().decode("latin-1"),
            "18446744073709551616",
            "9223372036854775808",
            "5;",
        ):
            with self.subTest(value=value):
                self.refused(self.raw(f"Content-Length: {value}", body=b"{}   "))

    def test_codings_other_than_chunked_are_refused(self):
        for value in (
            "xchunked",
            "chunked, identity",
            "identity",
            "gzip, chunked",
            "chunked, chunked",
            "\x0bchunked",
            '"chunked"',
            "chunked;q=1",
            "chunke",
            "",
            ",chunked",
            "chunked\x0b",
        ):
            with self.subTest(value=value):
                self.refused(self.raw(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n"))

    def test_fields_that_are_malformed_are_refused(self):
        for line in (
            b"Transfer-Encoding : chunked",
            b" Transfer-Encoding: chunked",
            b"Transfer-Encoding:\r\n chunked",
            b"X: a\r\n b",
            b"X: a\nY: b",
            b"X: a\rb",
            b"X: a\0b",
            b"X\0: a",
            b"X y: a",
            b": a",
            b"X",
            b"X\x7f: a",
            b"(X): a",
            b"X: a\x01",
            b"X\t: a",
            b"\tX: a",
        ):
            with self.subTest(line=line):
                self.refused(self.raw(line, b"Content-Length: 2", body=b"{}"))

    def test_chunked_in_http_1_0_is_refused(self):
        self.refused(self.raw("Transfer-Encoding: chunked", version="HTTP/1.0", body=b"0\r\n\r\n"))

    def test_host_has_to_be_there_once_and_valid(self):
        for host in (
            b"",
            b"Host: x\r\nHost: x\r\n",
            b"Host: a b\r\n",
            b"Host: a,b\r\n",
            b"Host: a/b\r\n",
            b"Host: a@b\r\n",
        ):
            with self.subTest(host=host):
                self.refused(self.raw("Content-Length: 2", body=b"{}", host=host), (400,))

    def test_request_lines(self):
        for line, statuses in (
            (b"GET * HTTP/1.1", (400,)),
            (b"GET  /models HTTP/1.1", (400,)),
            (b"GET /models HTTP/1.1 ", (400,)),
            (b"GET /models HTTP/2.0", (505,)),
            (b"GET /models HTTP/1.10", (400, 505)),
            (b"get /models HTTP/1.1", (501, 405)),
            (b"BREW /models HTTP/1.1", (501, 405)),
            (b"GET models HTTP/1.1", (400,)),
            (b"GET /a#b HTTP/1.1", (400,)),
            (b"GET /models", (400,)),
            (b"GET", (400,)),
            (b"GET /a\x00b HTTP/1.1", (400,)),
            (b"GET /a\x7fb HTTP/1.1", (400,)),
            (b"GET\t/models\tHTTP/1.1", (400, 501)),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400, 501)),
            (b"CONNECT x:80 HTTP/1.1", (400, 405, 501)),
            (b"GET /models http/1.1", (400, 505)),
            (b"A" * 100 + b" / HTTP/1.1", (400, 501)),
        ):
            with self.subTest(line=line):
                with self.server.connect() as connection:
                    connection.send(line + b"\r\nHost: x\r\n\r\n")
                    answer = connection.answer()
                    self.assertIn(answer.status, statuses, answer)

    def test_absolute_targets_and_leading_empty_lines_are_accepted(self):
        self.accepted(b"GET http://other/models HTTP/1.1\r\nHost: x\r\n\r\n", 200)
        self.accepted(b"\r\n" + head("GET", "/models"), 200)
        self.accepted(head("GET", "/models?x=1&y=%20"), 200)

    def test_a_body_of_get_is_consumed(self):
        self.accepted(head("GET", "/models", "Content-Length: 4") + b"GET ", 200)
        self.accepted(head("GET", "/nope", "Content-Length: 4") + b"GET ", 404)

    def test_upgrade_and_unknown_fields_are_passed_over(self):
        self.accepted(head("GET", "/models", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"), 200)
        self.accepted(post(TARGET, RECORD, "Inference-Header-Content-Length: 3", "X-Junk: é"), 200)

    def test_the_http_2_preface_harms_nobody(self):
        with self.server.connect() as connection:
            connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)
            while connection.fill():
                pass
        self.assertEqual(self.server.predict(RECORD).status, 200)

    def test_too_many_or_too_long_fields_are_431_and_targets_414(self):
        self.refused(head("GET", "/models", *[f"X-{index}: a" for index in range(300)]), (431,))
        self.refused(head("GET", "/models", "X: " + "a" * 100_000), (431,))
        self.refused(head("GET", "/" + "a" * 20_000), (414,))
        self.accepted(head("GET", "/" + "a" * 7_900), 404)

    def test_expect(self):
        body = json.dumps(RECORD).encode()
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, f"Content-Length: {len(body)}", "Expect: 100-Continue"))
            self.assertEqual(connection.answer(with_interim=True).status, 100)
            connection.send(body)
            self.assertEqual(connection.answer().status, 200)
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, "Content-Length: 10000000000", "Expect: 100-continue"))
            self.assertEqual(connection.answer(with_interim=True).status, 413)
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, "Content-Length: 2", "Expect: foo") + b"{}")
            self.assertEqual(connection.answer(with_interim=True).status, 417)

    def test_http_1_0_closes_after_its_answer_unless_kept(self):
        with self.server.connect() as connection:
            connection.send(b"GET /models HTTP/1.0\r\n\r\n")
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.is_closed())

    def test_connection_close_is_obeyed(self):
        with self.server.connect() as connection:
            connection.send(head("GET", "/models", "Connection: close") + LIVE)
            answer = connection.answer()
            self.assertEqual((answer.status, answer.field("connection").lower()), (200, "close"))
            self.assertTrue(connection.is_closed(), "what follows a close is not answered")

    def test_chunk_framing(self):
        def chunked(text):
            return self.raw("Transfer-Encoding: chunked", body=text)

        for text in (
            b"2;ext=1\r\n{}\r\n0\r\n\r\n",
            b"02\r\n{}\r\n0\r\n\r\n",
            b"1\r\n{\r\n1\r\n}\r\n000\r\n\r\n",
            b"2\r\n{}\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\n\r\n",
        ):
            with self.subTest(text=text):
                self.accepted(chunked(text), 200)
        for text in (
            b"2\n{}\r\n0\r\n\r\n",
            b"g\r\n",
            b"-1\r\n{\r\n",
            b"ffffffffffffffffff\r\n",
            b"2\r\n{}0\r\n\r\n",
            b"2\r\n{}XX0\r\n\r\n",
            b"+2\r\n{}\r\n",
            b"0x2\r\n{}\r\n",
            b"2_0\r\n{}\r\n",
            b"\r\n",
            b"7fffffffffffffff\r\n{}",
            b"2\r\r\n{}\r\n",
            b"2;" + b"x" * 100_000 + b"\r\n",
            b"8000000000000000\r\n{}",
        ):
            with self.subTest(text=text[:40]):
                self.refused(chunked(text))

    def test_chunk_extensions_are_bounded_in_total(self):
        with self.server.connect() as connection:
            try:
                connection.send(self.raw("Transfer-Encoding: chunked", body=(b"1;" + b"e" * 200 + b"\r\n \r\n") * 5000))
            except OSError:
                pass
            self.assertEqual(connection.answer().status // 100, 4)

    def test_a_head_in_single_bytes_works_and_holds_up_nobody(self):
        body = json.dumps(RECORD).encode()
        data = post(TARGET, body)
        with self.server.connect() as slow, self.server.connect() as quick:
            for index in range(len(data)):
                slow.send(data[index : index + 1])
                if index % 16 == 0:
                    quick.send(post(TARGET, RECORD))
                    self.assertEqual(quick.answer().status, 200)
            self.assertEqual(slow.answer().status, 200)

    def test_every_split_of_a_request_gives_the_same_answer(self):
        data = post(TARGET, RECORD, "Connection: keep-alive")
        with self.server.connect() as connection:
            connection.send(data)
            wanted = connection.answer().body
            for index in range(1, len(data)):
                connection.send(data[:index])
                connection.send(data[index:])
                self.assertEqual(connection.answer().body, wanted)


class Bodies(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    def test_a_body_shorter_than_its_length_is_dropped(self):
        for length in (0, 1, 10):
            with self.server.connect() as connection:
                connection.send(head("POST", TARGET, "Content-Length: 1000") + b"{" * length)
        with self.server.connect() as connection:
            import socket

            connection.send(head("POST", TARGET, "Content-Length: 1000") + b"{}")
            connection.socket.shutdown(socket.SHUT_WR)
            try:
                self.assertIn(connection.answer().status, (400, 408))
            except EOFError:
                pass  # Closing without an answer is right as well: nobody asked a whole question.
        self.assertEqual(self.server.predict(RECORD).status, 200)

    def test_a_client_that_sends_and_leaves_at_once_is_noticed(self):
        """The end of the stream may come in the same event as the bytes before it; an edge is not told twice."""

        def descriptors():
            return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

        self.server.predict(RECORD)
        for data in (
            head("POST", TARGET, "Content-Length: 1000") + b"{}",
            b"POST /pre",
            LIVE,
            head("POST", TARGET, "Transfer-Encoding: chunked") + b"10000\r\n" + b" " * 10_000,
            head("PUT", "/models/x", "Content-Length: 1000000", f"Authorization: Bearer {self.server.token}")
            + b"x" * 10_000,
        ):
            before = descriptors()
            for _ in range(20):
                with self.server.connect() as connection:
                    connection.send(data)
            # No time of a connection that is still there runs out meanwhile: `UNHURRIED`.
            with self.subTest(data=data[:20]):
                self.assertTrue(until(lambda: descriptors() <= before + 1), "connections whose clients have left")

    def test_a_body_longer_than_its_length_is_the_next_request(self):
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, "Content-Length: 2") + b"{}junk junk\r\n\r\n")
            self.assertEqual(connection.answer().status, 200)
            answer = connection.answer()
            self.assertIn(answer.status, (400, 501))
            self.assertTrue(connection.is_closed())

    def test_ten_gigabytes_are_refused_at_once(self):
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, "Content-Length: 10000000000"))
            self.assert_problem(connection.answer(), 413)
            self.assertTrue(connection.is_closed())

    def test_forty_megabytes_are_refused_with_and_without_a_length(self):
        with self.server.connect() as connection:
            try:
                connection.send(head("POST", TARGET, f"Content-Length: {40 * MEBIBYTE}"))
                for _ in range(40):
                    connection.send(b" " * MEBIBYTE)
            except OSError:
                pass  # The answer came first.
            self.assertEqual(connection.answer().status, 413)
        with self.server.connect() as connection:
            try:
                connection.send(head("POST", TARGET, "Transfer-Encoding: chunked"))
                for _ in range(40):
                    connection.send(b"100000\r\n" + b" " * MEBIBYTE + b"\r\n")
            except OSError:
                pass
            self.assertEqual(connection.answer().status, 413)
        self.assertLess(self.server.memory(), 200 * MEBIBYTE)

    def test_a_client_that_reads_late_still_sees_the_413(self):
        """Closing with unread input resets the connection, which can destroy the answer on its way: so drain a little first."""
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, f"Content-Length: {33 * MEBIBYTE}") + b" " * 32_768)
            time.sleep(0.2)
            self.assertEqual(connection.answer().status, 413)

    def test_chunks_of_one_byte(self):
        body = json.dumps(RECORD).encode() + b" " * 20_000
        before = self.server.memory()
        with self.server.connect() as connection:
            connection.send(
                head("POST", TARGET, "Transfer-Encoding: chunked")
                + b"".join(b"1\r\n%c\r\n" % byte for byte in body)
                + b"0\r\n\r\n"
            )
            answer = connection.answer()
        self.assertEqual((answer.status, answer.json()), (200, self.server.predict(RECORD).json()))
        self.assertLess(self.server.memory() - before, 16 * MEBIBYTE)

    def test_chunks_of_six_bytes_by_the_100_000(self):
        part = b"6\r\n      \r\n"
        before = self.server.memory()
        with self.server.connect() as connection:
            connection.send(head("POST", TARGET, "Transfer-Encoding: chunked") + b"2\r\n{}\r\n")
            for _ in range(100):
                connection.send(part * 1000)
            connection.send(b"0\r\n\r\n")
            self.assertEqual(connection.answer().status, 200)
        self.assertLess(self.server.memory() - before, 32 * MEBIBYTE)

    def test_a_large_body_within_the_limit_is_answered(self):
        records = [dict(RECORD, RM=index / 1000) for index in range(20_000)]
        answer = self.server.predict(records)
        self.assertEqual(answer.status, 200)
        predictions = answer.json()["predictions"]
        self.assertEqual(len(predictions), 20_000)
        for index in (0, 9_999, 19_999):
            self.assertEqual(predictions[index], self.server.price(records[index]))

    def test_rows_that_are_short_to_send_are_bounded_too(self):
        """Three bytes a record, and thirteen columns each."""
        before = self.server.memory()
        answer = self.server.predict(b"[" + b"{}," * 699_999 + b"{}]")
        self.assert_problem(answer, 413)
        self.assertLess(self.server.memory() - before, 150 * MEBIBYTE)


class SmallLimit(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"env": {"VENCEJO_BODY_BYTES_MAX": "65536"}}

    def body(self, length):
        text = json.dumps(RECORD).encode()
        return text + b" " * (length - len(text))

    def test_the_limit_is_exact(self):
        for length, status in ((65_535, 200), (65_536, 200), (65_537, 413)):
            with self.subTest(length=length):
                self.assertEqual(self.server.predict(self.body(length)).status, status)

    def test_the_limit_is_exact_in_chunks(self):
        for length, status in ((65_536, 200), (65_537, 413)):
            body = self.body(length)
            with self.subTest(length=length), self.server.connect() as connection:
                connection.send(head("POST", TARGET, "Transfer-Encoding: chunked"))
                try:
                    for start in range(0, length, 4096):
                        part = body[start : start + 4096]
                        connection.send(b"%x\r\n%s\r\n" % (len(part), part))
                    connection.send(b"0\r\n\r\n")
                except OSError:
                    pass
                self.assertEqual(connection.answer().status, status)

    def test_the_limit_of_predictions_is_not_that_of_models(self):
        answer = self.server.put("any", b"x" * 70_000)
        self.assertEqual(answer.status, 422, answer)


class Pipelining(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    def test_a_hundred_requests_at_once_are_answered_in_order(self):
        records = expected()["records"]
        single = [self.server.predict(record).json() for record in records]
        with self.server.connect() as connection:
            connection.send(b"".join(post(TARGET, records[index % len(records)]) for index in range(100)))
            for index in range(100):
                answer = connection.answer()
                self.assertEqual((answer.status, answer.json()), (200, single[index % len(records)]))

    def test_different_routes_and_failures_keep_their_order(self):
        requests = [
            (post(TARGET, RECORD), 200),
            (LIVE, 200),
            (post(TARGET, b"{"), 400),
            (head("GET", "/nope"), 404),
            (post(TARGET, {"x": 1}), 422),
            (head("GET", "/metrics"), 200),
            (post("/models/no/predict", RECORD), 404),
        ] * 20
        with self.server.connect() as connection:
            connection.send(b"".join(data for data, _ in requests))
            self.assertEqual([connection.answer().status for _ in requests], [status for _, status in requests])

    def test_a_reader_that_stops_does_not_fill_the_memory(self):
        count = 5_000
        before = self.server.memory()
        with self.server.connect() as connection:
            sender = threading.Thread(target=connection.send, args=(post(TARGET, RECORD) * count,), daemon=True)
            sender.start()
            sender.join(0.5)  # By now the buffers of both sides are full, and the server has to have stopped reading.
            self.assertEqual(self.server.predict(RECORD).status, 200, "others are served")
            self.assertLess(self.server.memory() - before, 16 * MEBIBYTE)
            for _ in range(count):
                self.assertEqual(connection.answer().status, 200)
            sender.join(PATIENCE)

    def test_concurrent_clients_get_their_own_rows(self):
        records = expected()["records"]
        single = [self.server.price(record) for record in records]
        faults = []

        def ask(seed):
            import random

            chooser = random.Random(seed)
            with self.server.connect() as connection:
                for _ in range(60):
                    batches = [
                        [chooser.randrange(len(records)) for _ in range(chooser.randint(1, 20))]
                        for _ in range(chooser.randint(1, 6))
                    ]
                    connection.send(b"".join(post(TARGET, [records[index] for index in batch]) for batch in batches))
                    for batch in batches:
                        answer = connection.answer()
                        if answer.status != 200 or answer.json()["predictions"] != [single[index] for index in batch]:
                            faults.append((seed, batch, answer))

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertEqual(faults, [])

    def test_a_bad_request_among_good_ones_fails_alone(self):
        wanted = self.server.price(RECORD)
        with self.server.connect() as connection:
            connection.send((post(TARGET, RECORD) + post(TARGET, [RECORD, {"RM": "x"}])) * 20)
            for _ in range(20):
                self.assertEqual(connection.answer().json(), {"prediction": wanted})
                self.assertEqual(connection.answer().json()["pointer"], "/1/RM")


class ManyConnections(unittest.TestCase):
    def test_idle_and_half_sent_connections_hold_up_nobody(self):
        with Server({"house-price": HOUSE}, loops=1) as server:
            connections = []
            try:
                for index in range(400):
                    connection = server.connect()
                    connections.append(connection)
                    connection.send(
                        (
                            b"",
                            b"P",
                            b"POST /predict HTTP/1.1\r\nHost: x\r\nX:",
                            head("POST", TARGET, "Content-Length: 100") + b"{",
                        )[index % 4]
                    )
                self.assertEqual(server.predict(RECORD).status, 200)
                self.assertLess(server.memory(), 120 * MEBIBYTE)
            finally:
                for connection in connections:
                    connection.close()
            self.assertEqual(server.predict(RECORD).status, 200)

    def test_connections_that_are_reset_harm_nobody(self):
        import socket
        import struct

        with Server({"house-price": HOUSE}, loops=1) as server:
            for index in range(200):
                connection = server.connect()
                connection.send(post(TARGET, RECORD) * (index % 5 + 1))
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            self.assertEqual(server.predict(RECORD).status, 200)


if __name__ == "__main__":
    unittest.main()
