"""Smuggling through the repository's own nginx.conf: nginx and the server have to agree where each request ends.

What is in doubt may be refused by either of them, or repaired by nginx before it passes it on. But the server must
never see a request that nginx did not send it, and no client may get what belongs to another.
"""

import json
import unittest

import raw_requests
from abuse import RECORD, metrics, route_count, tool
from harness import HOUSE, HOUSE_2, Connection, ServerTestCase, contents, head, post, until
from test_nginx import Nginx

LIVE = head("GET", "/health/live")
LAST = head("GET", "/health/live", "Connection: close")


class Smuggling(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    @classmethod
    def setUpClass(cls):
        tool("nginx")
        super().setUpClass()
        # nginx ends what it waits for in vain: the end of a connection is the end of its answers, however long it takes.
        cls.nginx = Nginx(
            cls.server.port,
            ("client_header_timeout 10s", "client_header_timeout 1s"),
            ("client_body_timeout   30s", "client_body_timeout 1s"),
            ("keepalive_timeout     75s", "keepalive_timeout 1s"),
        )
        cls.addClassCleanup(cls.nginx.close)
        cls.wanted = cls.server.predict(RECORD).body

    def setUp(self):
        # nginx writes its log after the answer, and after the client has left.
        self.assertTrue(until(lambda: self.passed() == self.seen()), "requests of an earlier test do not add up")
        self.passed_before, self.seen_before = self.passed(), self.seen()

    def passed(self):
        """How many requests nginx says it has passed on, tries counted singly, but for those of `seen`."""
        lines = [json.loads(line) for line in self.nginx.text().splitlines() if line.startswith('{"time"')]
        return sum(len(line["upstream"].split(",")) for line in lines if line["upstream"] not in ("", "-"))

    def seen(self):
        """How many heads the server has read from nginx, those refused for their framing included."""
        samples = metrics(self.server)
        own = route_count(samples, "/metrics") + route_count(samples, "/health/ready") + self.direct
        return samples["vencejo_http_heads_total"] + samples["vencejo_http_framing_errors_total"] - own

    direct = 1  # The prediction of setUpClass.

    def assert_agreement(self):
        """As many requests as nginx has sent, the server has seen; and the kept connections are in step."""
        for _ in range(8):
            with Connection(self.nginx.port) as connection:
                connection.send(post("/predict", RECORD))
                answer = connection.answer()
                self.assertEqual((answer.status, answer.body), (200, self.wanted), "an answer that is another's")
        # nginx writes its log after the answer.
        until(lambda: self.passed() - self.passed_before == self.seen() - self.seen_before)
        passed, seen = self.passed() - self.passed_before, self.seen() - self.seen_before
        self.assertEqual(seen, passed, "the server has seen another number of requests than nginx has sent")

    def exchange(self, data):
        """Sends, and reads all answers until nginx closes."""
        answers = []
        with Connection(self.nginx.port) as connection:
            try:
                connection.send(data)
                while True:
                    answers.append(connection.answer())
            except TimeoutError:
                raise
            except (EOFError, OSError):
                pass
        return answers

    def check_row(self, row):
        before = self.seen()
        answers = self.exchange(row.data + LAST)
        seen = self.seen() - before
        # One for the row, if nginx took it for sound, one for what follows, if it took that for a request of its own.
        self.assertLessEqual(seen, 2, answers)
        self.assertLessEqual(len(answers), 2, answers)
        if seen == 2:
            self.assertEqual(len(answers), 2, "a second request, and nobody was answered it")
        return answers

    def test_what_is_in_doubt_is_never_two_requests_for_the_server(self):
        repaired = []
        for row in raw_requests.refused():
            with self.subTest(row=row):
                answers = self.check_row(row)
                if answers and answers[0].status < 400:
                    repaired.append(row)
        self.assert_agreement()
        # nginx 1.22 makes one sound request of some of these; none of them has two framings.
        self.assertTrue({row.number for row in repaired}.isdisjoint({1, 2, 3, 7, 8}), repaired)

    def test_what_is_sound_passes(self):
        strict = []
        for row in raw_requests.accepted():
            with self.subTest(row=row):
                answers = self.check_row(row)
                if b"<hr><center>nginx</center>" in answers[0].body:
                    strict.append(row)  # nginx takes no white space around a framing's value, and no empty host.
                    continue
                self.assertEqual(len(answers), 2, answers)
                self.assertIn(answers[0].status, row.statuses)
                self.assertEqual(answers[1].json(), {"status": "live"})
        self.assertLessEqual(len(strict), 3, strict)
        self.assert_agreement()

    def test_a_request_hidden_in_a_body_stays_in_it(self):
        hidden = head("DELETE", "/models/house-price", f"Authorization: Bearer {self.server.token}")
        before = route_count(metrics(self.server), 'method="DELETE"')
        for data in (
            post("/predict", hidden),
            raw_requests.chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)),
            raw_requests.chunked(b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" + b"\r\n"),
            raw_requests.request(b"Content-Length: %d" % len(hidden), method=b"GET", target=b"/models", body=hidden),
            raw_requests.request(b"Content-Length: %d" % len(hidden), method=b"HEAD", target=b"/models", body=hidden),
        ):
            with self.subTest(data=data[:60]):
                self.exchange(data)
        self.assert_agreement()
        self.assertEqual(route_count(metrics(self.server), 'method="DELETE"'), before)
        self.assertEqual(self.server.predict(RECORD).status, 200)
        type(self).direct += 1

    def test_a_refused_upload_leaves_no_bytes_for_the_next_request(self):
        """Uploads are not buffered by nginx: the server answers 401 while the body is still on its way."""
        hidden = LIVE * 2000
        before = route_count(metrics(self.server), "/health/live")
        for lines in (
            (f"Content-Length: {len(hidden)}",),
            ("Transfer-Encoding: chunked",),
        ):
            for _ in range(10):
                body = hidden if "Content" in lines[0] else b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
                answers = self.exchange(head("PUT", "/models/x", *lines, "Connection: close") + body)
                self.assertEqual([answer.status for answer in answers], [401])
        self.assertEqual(route_count(metrics(self.server), "/health/live"), before, "a body was read as requests")
        self.assert_agreement()

    def test_an_upload_cut_short_is_not_finished_by_another_client(self):
        data = contents(HOUSE_2)
        token = f"Authorization: Bearer {self.server.token}"
        for lines, body in (
            ((f"Content-Length: {len(data)}",), data[:-10]),
            (("Transfer-Encoding: chunked",), b"%x\r\n%s" % (len(data), data[:-10])),
            (("Transfer-Encoding: chunked",), b"%x\r\n%s\r\n" % (len(data), data)),
        ):
            with Connection(self.nginx.port) as connection:
                connection.send(head("PUT", "/models/house-price", token, *lines) + body)
            for _ in range(4):
                with Connection(self.nginx.port) as connection:
                    connection.send(post("/predict", RECORD))
                    self.assertEqual(connection.answer().body, self.wanted, "half a model serves")

    def test_paths_are_judged_alike(self):
        """No spelling that nginx takes for a prediction is an administrative one for the server, or the other way."""
        data = contents(HOUSE_2)
        token = f"Authorization: Bearer {self.server.token}"
        for path in (
            *(
                "/predict/../models/house-price",
                "/predict/%2e%2e/models/house-price",
                "/predict/..%2fmodels%2fhouse-price",
            ),
            *("//models/house-price", "/models//house-price", "/models/house-price/", "/models/house-price/."),
            *("/./models/house-price", "/models%2fhouse-price", "/models/x/../house-price", "/models/house-price%00"),
            *("/models/house-price%2f", "/models\\house-price", "/models/house-price;x", "/%6dodels%2Fhouse-price"),
            *(
                "/models/house-price/predict/..",
                "/models/house-price%20",
                "/models/house-price%0d%0aX:y",
                "/Models/house-price",
            ),
        ):
            with self.subTest(path=path):
                answers = self.exchange(
                    head("PUT", path, token, f"Content-Length: {len(data)}", "Connection: close") + data
                )
                self.assertEqual(len(answers), 1)
                self.assertIn(answers[0].status // 100, (4,), answers)
        self.assert_agreement()
        self.assertEqual(
            [model["name"] for model in self.server.request("GET", "/models").json()["models"]], ["house-price"]
        )
        type(self).direct += 1

    def test_pipelined_clients_get_their_own_answers(self):
        requests = post("/predict", RECORD) + head("GET", "/nope") + LIVE + post("/predict", b"{")
        with Connection(self.nginx.port) as connection:
            connection.send(requests * 25)
            statuses = [connection.answer().status for _ in range(100)]
        self.assertEqual(statuses, [200, 404, 200, 400] * 25)
        self.assert_agreement()

    def test_fields_that_name_a_framing_do_not_reach_the_server_twice(self):
        """Connection may name fields to be dropped: nginx sends a Connection of its own and keeps the framing."""
        for lines in (
            ("Connection: Content-Length",),
            ("Connection: Transfer-Encoding, close",),
            ("Connection: keep-alive, Host",),
            ("Keep-Alive: timeout=5", "Proxy-Connection: keep-alive"),
            ("TE: trailers, chunked",),
            ("Trailer: Content-Length",),
        ):
            with self.subTest(lines=lines):
                answers = self.exchange(post("/predict", RECORD, *lines) + LAST)
                self.assertEqual(answers[0].status, 200, answers)
                self.assertEqual(answers[0].body, self.wanted)
        self.assert_agreement()


if __name__ == "__main__":
    unittest.main()
