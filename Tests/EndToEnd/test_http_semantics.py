"""What HTTP asks of every answer, whoever gives it: Expect, methods and statuses, Date, HEAD, names in paths."""

import email.utils
import json
import os
import re
import socket
import tempfile
import time

import raw_requests
from abuse import RECORD, AttackTestCase, metrics, route_count
from harness import HOUSE, HOUSE_2, Server, ServerTestCase, contents, head, post, until

LIVE = head("GET", "/health/live")
BODY = json.dumps(RECORD).encode()


class Expectations(ServerTestCase):
    """RFC 9110 10.1.1."""

    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    def test_a_body_that_comes_along_needs_no_100(self):
        with self.server.connect() as connection:
            connection.send(post("/predict", RECORD, "Expect: 100-continue") + LIVE)
            answers = [connection.answer(with_interim=True).status for _ in range(2)]
        self.assertEqual(answers, [200, 200])

    def test_in_http_1_0_it_is_ignored(self):
        for value in ("100-continue", "foo"):
            with self.subTest(value=value), self.server.connect() as connection:
                data = post("/predict", RECORD, f"Expect: {value}").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
                connection.send(data[: -len(BODY)])
                time.sleep(0.05)
                connection.send(BODY)
                self.assertEqual(connection.answer(with_interim=True).status, 200)

    def test_what_will_be_refused_gets_no_100(self):
        token = f"Authorization: Bearer {self.server.token}"
        expect = "Expect: 100-continue"
        for status, data in (
            (401, head("PUT", "/models/x", expect, "Content-Length: 1000")),
            (401, head("PUT", "/models/x", expect, "Transfer-Encoding: chunked")),
            (404, head("POST", "/models/no/predict", expect, "Content-Length: 1000")),
            (404, head("POST", "/nope", expect, "Content-Length: 1000")),
            (401, head("POST", "/models", expect, "Content-Length: 1000")),
            (405, head("POST", "/models/x", expect, "Content-Length: 1000")),
            (413, head("POST", "/predict", expect, "Content-Length: 40000000")),
            (413, head("PUT", "/models/x", expect, token, "Content-Length: 99999999999")),
            (415, head("POST", "/predict", expect, "Content-Type: image/png", "Content-Length: 1000")),
            (417, head("POST", "/predict", "Expect: 200-ok", "Content-Length: 1000")),
        ):
            with self.subTest(status=status, data=data), self.server.connect() as connection:
                connection.send(data)
                answer = connection.answer(with_interim=True)
                self.assertEqual(answer.status, status, answer)

    def test_a_client_that_sends_its_refused_body_all_the_same_stays_in_step(self):
        with self.server.connect() as connection:
            connection.send(head("POST", "/nope", "Expect: 100-continue", f"Content-Length: {len(LIVE) * 10}"))
            answer = connection.answer(with_interim=True)
            self.assertEqual(answer.status, 404)
            connection.send(LIVE * 10 + head("GET", "/models"))
            if (answer.field("connection") or "").lower() == "close":
                self.assertTrue(connection.is_closed())
            else:
                self.assertIn("models", connection.answer().json(), "a body was read as a request")

    def test_a_client_that_goes_on_without_the_refused_body_gets_no_other_answer(self):
        """It may not: a refusal of an expectation does not end the body (RFC 9110 10.1.1). Its request is body."""
        with self.server.connect() as connection:
            connection.send(head("POST", "/nope", "Expect: 100-continue", "Content-Length: 5"))
            answer = connection.answer(with_interim=True)
            self.assertEqual(answer.status, 404)
            connection.send(b"12345" + LIVE)
            if (answer.field("connection") or "").lower() == "close":
                self.assertTrue(connection.is_closed())
            else:
                self.assertEqual(connection.answer().json(), {"status": "live"})


class Answers(ServerTestCase):
    """Fields that every answer has, and those that go with its status (RFC 9110 6.6.1, 9.3.2, 15)."""

    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    # Every status that a request can ask for, with how.
    def asked(self):
        token = f"Authorization: Bearer {self.server.token}"
        yield 200, head("GET", "/models")
        yield 200, post("/predict", RECORD)
        yield 200, head("GET", "/metrics")
        yield 400, post("/predict", b"{")
        yield 400, head("GET", "/models/%00")
        yield 400, head("GET", "/models", "X y: z")
        yield 401, head("PUT", "/models/x", "Content-Length: 0")
        yield 404, head("GET", "/nope")
        yield 405, head("GET", "/predict")
        yield 412, head("DELETE", "/models/house-price", 'If-Match: "no"', token)
        yield 413, head("POST", "/predict", "Content-Length: 99999999")
        yield 414, head("GET", "/" + "a" * 20_000)
        yield 415, post("/predict", b"{}", "Content-Type: image/png")
        yield 417, post("/predict", b"{}", "Expect: 200-ok")
        yield 422, post("/predict", {"nope": 1})
        yield 431, head("GET", "/models", "X: " + "a" * 50_000)
        yield 501, head("BREW", "/models")
        yield 505, b"GET / HTTP/2.0\r\n\r\n"

    def test_each_has_a_date_a_length_and_tells_no_version(self):
        for status, data in self.asked():
            with self.subTest(status=status), self.server.connect() as connection:
                asked = time.time()
                connection.send(data)
                answer = connection.answer()
                self.assertEqual(answer.status, status, answer)
                self.server.check(answer)
                self.assertEqual(len(answer.fields["date"]), 1)
                self.assertRegex(
                    answer.field("date"), r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$"
                )
                told = email.utils.parsedate_to_datetime(answer.field("date")).timestamp()
                self.assertTrue(asked - 3 < told < time.time() + 1, (asked, told))
                self.assertEqual(len(answer.fields["content-length"]), 1)
                self.assertEqual(answer.field("x-content-type-options"), "nosniff")
                self.assertEqual(answer.field("cache-control"), "no-store")
                if status >= 400:
                    self.assert_problem(answer, status)
                if status == 401:
                    self.assertEqual(answer.field("www-authenticate"), "Bearer")
                if status == 405:
                    self.assertEqual(answer.field("allow"), "POST")
                if status == 415:
                    self.assertIn("application/json", answer.field("accept"))
                    self.assertIsNotNone(answer.field("accept-encoding"))

    def test_the_date_goes_on(self):
        with self.server.connect() as connection:
            dates = []

            def is_third():
                connection.send(LIVE)
                dates.append(email.utils.parsedate_to_datetime(connection.answer().field("date")))
                return len(set(dates)) == 3

            self.assertTrue(until(is_third))
        self.assertEqual(dates, sorted(dates))

    def test_head_is_get_without_the_body_whatever_the_status(self):
        """Followed by another request at once: a body would be in its way."""
        for target in (
            "/",
            "/models",
            "/models/house-price",
            "/health/live",
            "/health/ready",
            "/nope",
            "/models/no",
            "/models/%00",
        ):
            with self.subTest(target=target), self.server.connect() as connection:
                connection.send(head("GET", target) + head("HEAD", target) + LIVE)
                wanted, answer = connection.answer(), connection.answer(is_head=True)
                self.assertEqual(connection.answer().json(), {"status": "live"})
                self.assertEqual(answer.status, wanted.status)
                for fields in (wanted.fields, answer.fields):
                    fields.pop("date")
                self.assertEqual(answer.fields, wanted.fields)

    def test_head_where_there_is_no_get_is_405_without_a_body(self):
        with self.server.connect() as connection:
            connection.send(head("HEAD", "/predict") + LIVE)
            self.assertEqual(connection.answer(is_head=True).status, 405)
            self.assertEqual(connection.answer().json(), {"status": "live"})

    def test_a_head_request_in_doubt_is_answered_without_a_body_or_closed(self):
        with self.server.connect() as connection:
            connection.send(head("HEAD", "/models", "X y: z") + LIVE)
            self.assertEqual(connection.answer(is_head=True).status, 400)
            # Whether it knew by then that it was HEAD or not: no second answer.
            rest = bytes(connection.buffer)
            while connection.fill():
                rest = bytes(connection.buffer)
            self.assertNotIn(b"HTTP/1.1", rest)

    def test_a_method_is_allowed_on_its_routes_only(self):
        allowed = {
            "/": {"GET", "HEAD"},
            "/predict": {"POST"},
            "/models": {"GET", "HEAD", "POST"},
            "/models/house-price": {"GET", "HEAD", "PUT", "PATCH", "DELETE"},
            "/models/house-price/predict": {"POST"},
            "/metrics": {"GET", "HEAD"},
            "/health/live": {"GET", "HEAD"},
        }
        for target, methods in allowed.items():
            for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - methods:
                with self.subTest(method=method, target=target), self.server.connect() as connection:
                    connection.send(head(method, target, "Content-Length: 0"))
                    answer = connection.answer(is_head=method == "HEAD")
                    if method == "OPTIONS" and answer.status in (200, 204):
                        continue
                    self.assertEqual(answer.status, 405, answer)
                    told = {name.strip() for name in answer.field("allow").split(",")}
                    self.assertLessEqual(methods, told)
                    self.assertNotIn(method, told)

    def test_trace_never_echoes(self):
        with self.server.connect() as connection:
            connection.send(head("TRACE", "/", "Authorization: Bearer secret-that-is-mine", "Cookie: a=b"))
            answer = connection.answer()
            self.assertEqual(answer.status, 405)
            self.assertNotIn(b"secret-that-is-mine", answer.body)


class EarlyAnswers(ServerTestCase):
    """An answer given before the whole request has come is still read by its client (RFC 9112 9.6)."""

    models = {"house-price": HOUSE}
    settings = {"loops": 1}

    def test_a_refusal_is_read_even_by_those_who_look_late(self):
        """Closing with unread input sends a reset, which can destroy the answer on its way."""
        for data, status in (
            (head("GET", "/models", "X y: z"), 400),
            (raw_requests.chunked(b"g\r\n"), 400),
            (head("POST", "/predict", "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
            (head("GET", "/" + "a" * 20_000), 414),
            (head("GET", "/models", "X: " + "a" * 50_000), 431),
            (head("POST", "/predict", "Content-Length: 99999999"), 413),
            (head("PUT", "/models/x", "Content-Length: 9999999"), 401),
            (head("POST", "/predict", "Expect: foo", "Content-Length: 50000"), 417),
        ):
            for junk in (0, 10_000, 60_000):
                with self.subTest(status=status, junk=junk), self.server.connect() as connection:
                    connection.send(data + b"z" * junk)
                    time.sleep(0.02)
                    self.assertEqual(connection.answer().status, status)
                    self.assertTrue(connection.is_closed())

    def test_a_client_that_sends_megabytes_still_reads_why_they_are_refused(self):
        for status, data in (
            (401, head("PUT", "/models/x", "Content-Length: 20000000")),
            (413, head("POST", "/predict", "Content-Length: 40000000")),
            (404, head("POST", "/nope", "Content-Length: 20000000")),
        ):
            for _ in range(3):
                with self.subTest(status=status), self.server.connect() as connection:
                    try:
                        connection.send(data + b"z" * 20_000_000)
                    except OSError:
                        pass
                    self.assertEqual(connection.answer().status, status)

    def test_the_end_of_the_output_comes_before_the_end_of_the_connection(self):
        """Half-closed first: a client that goes on sending for a while is read and not reset."""
        with self.server.connect() as connection:
            connection.send(head("GET", "/models", "X y: z"))
            self.assertEqual(connection.answer().status, 400)
            self.assertTrue(connection.is_closed())
            for _ in range(5):
                connection.send(b"z" * 1000)
                time.sleep(0.02)

    def test_an_answer_before_the_end_of_a_chunked_body_says_whether_the_connection_goes_on(self):
        """Either it says close, or the rest of the body is read however long it is, and the next request answered."""
        with self.server.connect() as connection:
            connection.send(head("PUT", "/models/x", "Transfer-Encoding: chunked") + b"%x\r\n" % 96_000 + b"x" * 1000)
            answer = connection.answer()
            self.assertEqual(answer.status, 401)
            if (answer.field("connection") or "").lower() != "close":
                connection.send(b"x" * 95_000 + b"\r\n0\r\n\r\n" + LIVE)
                self.assertEqual(connection.answer().json(), {"status": "live"})

    def test_a_close_that_was_announced_is_kept_and_one_that_was_not_does_not_happen(self):
        with self.server.connect() as connection:
            for target in ("/nope", "/models/%00", "/models/no"):
                connection.send(head("GET", target))
                self.assertNotEqual((connection.answer().field("connection") or "").lower(), "close")
            for body in (b"{", b'{"nope":1}', b""):
                connection.send(post("/predict", body))
                self.assertNotEqual((connection.answer().field("connection") or "").lower(), "close")
            connection.send(LIVE)
            self.assertEqual(connection.answer().status, 200)

    def test_a_client_that_has_ended_its_direction_after_a_whole_request_is_answered(self):
        """Not asked for by the protocol, but it is what `nc` and some health checks do."""
        with self.server.connect() as connection:
            connection.send(post("/predict", RECORD))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.is_closed())


class Names(AttackTestCase):
    """T8: names of models and paths as attackers write them. None may reach a file, a label or an answer unescaped."""

    hostile = (
        *(
            "..",
            ".",
            "...",
            "../x",
            "..%2fx",
            "%2e%2e",
            "%2e%2e%2fx",
            "%252e%252e%252fx",
            "%252e%252e",
            "..%5cx",
            "..\\x",
        ),
        *(
            "%5c..%5cx",
            "a%00b",
            "%00",
            "a\\b",
            "%c0%ae%c0%ae",
            "%c0%af",
            "%e0%80%ae",
            "%f0%80%80%ae",
            "%ff",
            "%ed%a0%80",
        ),
        *(
            "junk/../../x",
            "junk/%2e%2e/%2e%2e/x",
            "/x",
            "//x",
            "x//y",
            "%2f",
            "%2fetc%2fpasswd",
            "%",
            "%2",
            "%zz",
            "%u002e",
        ),
        *(
            "a%0d%0aX:%20y",
            "a%0ab",
            "a%09b",
            "a%7fb",
            "%20",
            "a%20b",
            "-x",
            "_x",
            ".x",
            "x%3f",
            "x;y",
            "x:y",
            "x|y",
            "x%26y",
        ),
        *(
            "'x'",
            "%22x%22",
            "%3Cscript%3E",
            "$(x)",
            "`x`",
            "%7Bx%7D",
            "x" * 129,
            "x" * 4000,
            "CON",
            "%E2%80%AE",
            "%EF%BB%BF",
        ),
    )
    # Only these of them are names: [A-Za-z0-9][A-Za-z0-9._-]{0,127}.
    sound = ("CON",)

    def test_no_name_climbs_out_of_the_store(self):
        data = contents(HOUSE_2)
        with tempfile.TemporaryDirectory(prefix="vencejo-names-") as directory:
            inner = os.path.join(directory, "a", "b", "store")
            os.makedirs(inner)
            with Server({}, store=inner, loops=1) as server:
                for name in self.hostile:
                    token = f"Authorization: Bearer {server.token}"
                    with self.subTest(name=name), server.connect() as connection:
                        connection.send(head("PUT", f"/models/{name}", token, f"Content-Length: {len(data)}") + data)
                        answer = connection.answer()
                        self.assertEqual(answer.status == 201, name in self.sound, answer)
                        self.assertEqual(answer.status // 100, 2 if name in self.sound else 4, answer)
                        server.check(answer)
                        answer.json()
            found = [os.path.relpath(path, directory) for path, _, _ in os.walk(directory)]
            outside = [
                path
                for path in found
                if not path.startswith(os.path.join("a", "b", "store")) and path not in (".", "a", "a/b")
            ]
            self.assertEqual(outside, [])
            self.assertEqual(os.listdir(os.path.join(directory, "a", "b")), ["store"])

    def test_no_spelling_is_served_and_each_answer_is_sound(self):
        with self.unharmed():
            for name in self.hostile:
                for method, template in (
                    ("GET", "/models/{}"),
                    ("POST", "/models/{}/predict"),
                    ("GET", "/{}"),
                    ("GET", "/health/{}"),
                    ("DELETE", "/models/{}"),
                ):
                    target = template.format(name)
                    with self.subTest(method=method, target=target[:80]), self.server.connect() as connection:
                        connection.send(head(method, target, "Content-Length: 0"))
                        answer = connection.answer()
                        self.assertEqual(answer.status // 100, 4, answer)
                        self.server.check(answer)
                        answer.json()
                        self.assertLess(len(answer.body), 2000, "a long name comes back whole")
                        self.assertNotRegex(answer.body.decode(), r"[\x00-\x09\x0b-\x1f\x7f]")
        routes = {route for name in metrics(self.server) for route in re.findall(r'route="([^"]*)"', name)}
        known = {"/predict", "/models/{model}/predict", "/models/{model}", "/metrics", "/health/live", "/health/ready"}
        known |= {"none", "other"}
        self.assertLessEqual(routes, known, "a name from a path has become a series")

    def test_fields_with_the_same_spellings_do_no_harm(self):
        with self.server.connect() as connection:
            for name in self.hostile:
                if len(name) > 1000:
                    continue
                for field in (
                    "Host: x",
                    "Accept: {}",
                    "Authorization: {}",
                    "If-Match: {}",
                    "Cookie: {}",
                    "X-Request-Id: {}",
                    "traceparent: {}",
                ):
                    connection.send(post("/predict", RECORD, field.format(name) if "{}" in field else "X: y"))
                    answer = connection.answer()
                    self.assertEqual(answer.status, 200, (field, name, answer))
                    self.assertNotIn(name, "".join(sum(answer.fields.values(), [])) if len(name) > 6 else "", field)
        self.assertEqual(route_count(metrics(self.server), "nope"), 0)

    def test_queries_are_passed_over(self):
        with self.server.connect() as connection:
            for query in ("?", "?a=../../x", "?%00", "?%zz", "?" + "a" * 4000, "?_method=DELETE", "?a?b?c", "?/../x"):
                connection.send(post("/predict" + query, RECORD, "X-HTTP-Method-Override: DELETE"))
                self.assertEqual(connection.answer().status, 200, query)
