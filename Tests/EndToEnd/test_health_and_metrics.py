"""Probes, and metrics as Prometheus reads them."""

import math
import os
import re
import unittest

from harness import HOUSE, Server, ServerTestCase, head, post, until

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|Inf)|NaN")
KINDS = ("counter", "gauge", "histogram", "summary", "untyped")


def parse_labels(text):
    labels, position = {}, 0
    while position < len(text):
        match = LABEL.match(text, position)
        if not match or match[1] in labels:
            raise ValueError(f"labels {text!r}")
        labels[match[1]] = match[2]
        position = match.end()
    return labels


def parse_metrics(text):
    """Strict reader of the text format 0.0.4: {family: (kind, [(name, labels, value)])}."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no line feed")
    families, family, helps, seen = {}, None, set(), set()
    for line in text[:-1].split("\n"):
        if "\r" in line or line != line.strip():
            raise ValueError(f"white space around {line!r}")
        if line.startswith("# HELP "):
            match = re.fullmatch(rf"# HELP ({NAME}) (.+)", line)
            if not match or match[1] in helps:
                raise ValueError(f"HELP: {line!r}")
            helps.add(match[1])
        elif line.startswith("# TYPE "):
            match = re.fullmatch(rf"# TYPE ({NAME}) (\w+)", line)
            if not match or match[1] in families or match[2] not in KINDS or match[1] not in helps:
                raise ValueError(f"TYPE: {line!r}")
            family = match[1]
            families[family] = (match[2], [])
        elif line.startswith("#") or not line:
            raise ValueError(f"neither HELP, TYPE nor a sample: {line!r}")
        else:
            match = SAMPLE.fullmatch(line)
            if not match or not NUMBER.fullmatch(match[3]):
                raise ValueError(f"sample: {line!r}")
            labels = parse_labels(match[2] or "")
            key = (match[1], tuple(sorted(labels.items())))
            if key in seen:
                raise ValueError(f"twice: {line!r}")
            seen.add(key)
            kind = families[family][0] if family else None
            allowed = {family}
            if kind == "histogram":
                allowed = {f"{family}_bucket", f"{family}_sum", f"{family}_count"}
            elif kind == "summary":
                allowed = {family, f"{family}_sum", f"{family}_count"}
            if match[1] not in allowed:
                raise ValueError(f"a sample outside its family {family}: {line!r}")
            families[family][1].append((match[1], labels, float(match[3].replace("Inf", "inf"))))
    return families


def check_histogram(name, samples):
    """Buckets rise, end in +Inf, and +Inf equals the count; a sum stands beside."""
    series = {}
    for sample, labels, value in samples:
        rest = tuple(sorted((key, text) for key, text in labels.items() if key != "le"))
        entry = series.setdefault(rest, {"buckets": []})
        if sample == f"{name}_bucket":
            entry["buckets"].append((float(labels["le"].replace("Inf", "inf")), value))
        else:
            entry[sample[len(name) + 1 :]] = value
    for rest, entry in series.items():
        bounds = [bound for bound, _ in entry["buckets"]]
        counts = [count for _, count in entry["buckets"]]
        if bounds != sorted(set(bounds)) or bounds[-1] != math.inf:
            raise ValueError(f"{name}{rest}: bounds {bounds}")
        if counts != sorted(counts) or counts[-1] != entry["count"] or "sum" not in entry:
            raise ValueError(f"{name}{rest}: {entry}")


class Metrics(ServerTestCase):
    def metrics(self):
        answer = self.server.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.field("content-type"), r"^text/plain; ?version=0\.0\.4")
        return parse_metrics(answer.body.decode())

    def total(self, families, *words):
        """The sum of all counters and histogram counts whose name and labels hold every word."""
        total = 0
        for name, (kind, samples) in families.items():
            for sample, labels, value in samples:
                text = sample + str(labels)
                if (kind == "counter" or sample.endswith("_count")) and all(word in text for word in words):
                    total += value
        return total

    def test_the_text_is_strictly_well_formed(self):
        self.server.predict({"RM": 5})
        self.server.predict({"RM": 5}, "price-band")
        self.server.predict({"nope": 5})
        self.server.predict(b"{")
        families = self.metrics()
        self.assertTrue(families)
        for name, (kind, samples) in families.items():
            with self.subTest(family=name):
                self.assertRegex(name, r"^(vencejo|process)_")
                if kind == "counter":
                    self.assertTrue(name.endswith("_total"), name)
                    self.assertTrue(all(value >= 0 for _, _, value in samples))
                if kind == "histogram":
                    check_histogram(name, samples)
        self.assertIn("histogram", [kind for kind, _ in families.values()])

    def test_the_process_tells_of_itself(self):
        value = lambda name: next(sample[2] for sample in self.metrics()[name][1])
        place = f"/proc/{self.server.process.pid}"
        # Connections of the tests before may still be on their way out.
        agrees = lambda: abs(value("process_open_fds") - len(os.listdir(f"{place}/fd"))) <= 1
        with self.server.connect() as one, self.server.connect() as two, self.server.connect() as three:
            for connection in (one, two, three):
                connection.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(connection.answer().status, 200)
            self.assertTrue(until(agrees))
            during = value("process_open_fds")
        self.assertTrue(until(lambda: value("process_open_fds") <= during - 3))
        self.assertTrue(until(agrees))
        with open(f"{place}/limits", encoding="ascii") as file:
            limit = next(line.split()[3] for line in file if line.startswith("Max open files"))
        self.assertEqual(value("process_max_fds"), math.inf if limit == "unlimited" else float(limit))
        spent = value("process_cpu_seconds_total")
        self.assertGreater(spent, 0)

        def has_worked():
            self.server.predict([{"RM": 5}] * 1000)
            return value("process_cpu_seconds_total") > spent

        self.assertTrue(until(has_worked))

    def test_predictions_are_counted_by_model(self):
        before = self.metrics()
        for _ in range(10):
            self.assertEqual(self.server.predict({"RM": 5}).status, 200)
        self.assertEqual(self.server.predict([{"RM": 5}] * 7, "price-band").status, 200)
        after = self.metrics()
        self.assertGreaterEqual(self.total(after, "house-price") - self.total(before, "house-price"), 10)
        self.assertGreaterEqual(self.total(after, "price-band") - self.total(before, "price-band"), 1)

    def test_failures_are_counted_too(self):
        before = self.metrics()
        for _ in range(5):
            self.server.predict(b"{")
            self.server.predict({"nope": 1})
            self.server.request("GET", "/nope")
        after = self.metrics()
        for code in ("400", "422", "404"):
            with self.subTest(code=code):
                grown = self.total(after, code) - self.total(before, code)
                if grown == 0:
                    grown = self.total(after, "4xx") - self.total(before, "4xx")
                self.assertGreaterEqual(grown, 5)

    def test_a_removed_model_leaves_no_series_and_hostile_names_make_none(self):
        self.server.put("passing", HOUSE)
        self.server.predict({"RM": 5}, "passing")
        self.server.request("DELETE", "/models/passing")
        for index in range(50):
            self.server.predict({"RM": 5}, f"unknown-{index}")
        text = self.server.request("GET", "/metrics").body.decode()
        self.assertNotIn("unknown-", text, "a label per unknown name would grow without bound")
        parse_metrics(text)

    def test_the_probes_answer(self):
        for path in ("/health/live", "/health/ready"):
            answer = self.server.request("GET", path)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.field("cache-control"), "no-store")


class Sums(unittest.TestCase):
    """Every answer is counted once, whoever gave it."""

    def read(self, server):
        answer = server.request("GET", "/metrics")
        values = {}
        for name, (_, samples) in parse_metrics(answer.body.decode()).items():
            for sample, labels, value in samples:
                if "le" not in labels:
                    values.setdefault(sample, []).append((labels, value))
        return values

    def total(self, values, name, **wanted):
        return sum(
            value
            for labels, value in values.get(name, [])
            if all(labels.get(key) == text for key, text in wanted.items())
        )

    def test_all_answers_are_counted_those_of_the_connection_too(self):
        environment = {"VENCEJO_HEAD_TIMEOUT_SECONDS": "1", "VENCEJO_BODY_BYTES_MAX": "1000"}
        with Server({"house-price": HOUSE}, env=environment, loops=2) as server:
            before = self.read(server)
            wanted, received, sent = {}, 0, 0

            def count(status, many=1):
                wanted[str(status)] = wanted.get(str(status), 0) + many

            bodies = [b'{"RM": 5}', b"{", b'{"nope": 1}', b"[]"]
            for body in bodies:
                answer = server.predict(body)
                count(answer.status)
                received += len(body)
                sent += len(answer.body)
            for method, path in (("GET", "/models"), ("GET", "/nope"), ("PATCH", "/predict"), ("OPTIONS", "/predict")):
                count(server.request(method, path, admin=False).status)
            count(server.put("new", HOUSE).status)
            count(server.request("DELETE", "/models/new").status)
            count(server.request("DELETE", "/models/new", admin=False).status)
            with server.connect() as connection:
                connection.send(post("/predict", b'{"RM": 5}') * 20)
                for _ in range(20):
                    answer = connection.answer()
                    count(answer.status)
                    received, sent = received + 9, sent + len(answer.body)
            for request in (
                b"nonsense\r\n\r\n",
                b"GET / HTTP/1.1\r\n\r\n",
                b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n",
                head("POST", "/predict", "Content-Length: 5000"),
                head("POST", "/predict", "Transfer-Encoding: chunked") + b"z\r\n",
                b"GET / HT",
            ):
                with server.connect() as connection:
                    connection.send(request)
                    count(connection.answer().status)
            # What a connection answers by itself is counted at the end of its loop's turn, perhaps behind the answer.
            looks = [before]

            def is_counted():
                count(200)  # The look before this one.
                looks.append(self.read(server))
                return self.total(looks[-1], "vencejo_http_refusals_total") >= 7

            self.assertTrue(until(is_counted))
            after = looks[-1]
            for status, many in wanted.items():
                name = "vencejo_http_requests_total"
                grown = self.total(after, name, status=status) - self.total(before, name, status=status)
                self.assertEqual(grown, many, f"{status} of {wanted}")
            grown = lambda name, **labels: self.total(after, name, **labels) - self.total(before, name, **labels)
            self.assertEqual(grown("vencejo_http_requests_total"), sum(wanted.values()))
            self.assertEqual(grown("vencejo_http_requests_total", route="none"), 7)
            self.assertEqual(grown("vencejo_http_refusals_total"), 7)
            self.assertEqual(self.total(after, "vencejo_http_refusals_total", reason="head_timeout"), 1)
            self.assertEqual(self.total(after, "vencejo_timeouts_total", kind="head"), 1)
            for route in {labels["route"] for labels, _ in after["vencejo_http_requests_total"]} - {"none"}:
                self.assertEqual(
                    self.total(after, "vencejo_http_request_duration_seconds_count", route=route),
                    self.total(after, "vencejo_http_requests_total", route=route),
                    route,
                )
            self.assertEqual(grown("vencejo_http_request_body_bytes_total", route="/predict"), received)
            self.assertEqual(grown("vencejo_http_response_body_bytes_total", route="/predict"), sent)
            self.assertEqual(grown("vencejo_http_request_body_bytes_total", method="PUT"), os.path.getsize(HOUSE))

    def test_labels_are_never_what_a_client_wrote(self):
        with Server({"house-price": HOUSE}) as server:
            for index in range(30):
                server.request("GET", f"/strange-{index}")
                server.predict({"RM": 5}, f"strange-{index}")
                with server.connect() as connection:
                    connection.send(head(f"STRANGE{index}", "/", f"Strange-{index}: x"))
                    connection.answer()
            self.assertNotIn("strange", server.request("GET", "/metrics").body.decode().lower())

    def test_connections_are_told_by_what_they_wait_for(self):
        with Server({"house-price": HOUSE}, loops=2) as server:
            states = lambda: {labels["state"]: value for labels, value in self.read(server)["vencejo_connections"]}
            idle = [server.connect() for _ in range(6)]
            for connection in idle:
                connection.send(post("/predict", b'{"RM": 5}'))
                self.assertEqual(connection.answer().status, 200)
            with server.connect() as in_head, server.connect() as in_body:
                in_head.send(b"GET / HT")
                in_body.send(head("POST", "/predict", "Content-Length: 100") + b"{")
                # The connection that asks is under way itself: its loop counts it when the turn has ended.
                wanted = {"reading_head": 1, "reading_body": 1, "writing": 0, "lingering": 0}

                def is_as_wanted():
                    found = states()
                    return found["idle"] >= 6 and all(found[key] == value for key, value in wanted.items())

                self.assertTrue(until(is_as_wanted), states())

            def is_even():
                """And the states add up. Connections that have just ended are counted until their loop has seen it."""
                values = self.read(server)
                per_loop = [value for _, value in values["vencejo_connections_open"]]
                return (
                    sum(value for _, value in values["vencejo_connections"]) == sum(per_loop)
                    and max(per_loop) - min(per_loop) <= 3
                )

            self.assertTrue(until(is_even), server.request("GET", "/metrics").body.decode())
            for connection in idle:
                connection.close()

    def test_loops_tell_their_lag(self):
        with Server({"house-price": HOUSE}, loops=2) as server:
            for _ in range(10):
                server.predict({"RM": 5})
            values = self.read(server)
            self.assertGreater(self.total(values, "vencejo_loop_tick_seconds_count"), 10)
            self.assertGreater(self.total(values, "vencejo_loop_tick_seconds_sum"), 0)
            self.assertEqual(len(values["vencejo_loop_ticks_total"]), 2)
            self.assertGreater(self.total(values, "vencejo_loop_busy_seconds_total"), 0)

    def test_a_client_that_goes_is_counted_as_gone(self):
        with Server({"house-price": HOUSE}) as server:
            for _ in range(3):
                with server.connect() as gone:
                    gone.send(head("POST", "/predict", "Content-Length: 100") + b"{")
            until(lambda: self.total(self.read(server), "vencejo_http_abandoned_total") == 3)
            values = self.read(server)
            self.assertEqual(self.total(values, "vencejo_http_abandoned_total"), 3)
            self.assertEqual(self.total(values, "vencejo_http_requests_total", method="POST"), 0)


class Parser(unittest.TestCase):
    """The strict reader itself has to refuse what Prometheus would."""

    def test_it_refuses_what_is_wrong(self):
        good = '# HELP a_total x\n# TYPE a_total counter\na_total{m="q\\""} 1\n'
        self.assertEqual(len(parse_metrics(good)), 1)
        for text in (
            good[:-1],
            good + good,
            good + "b 1\n",
            good.replace(" 1\n", " one\n"),
            good.replace("}", ",}}"),
            good + 'a_total{m="q\\""} 2\n',
            "a_total 1\n" + good,
        ):
            with self.assertRaises((ValueError, KeyError)):
                parse_metrics(text)


if __name__ == "__main__":
    unittest.main()
