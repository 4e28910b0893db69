"""Probes, and metrics as Prometheus reads them."""

import math
import re
import unittest

from harness import HOUSE, ServerTestCase

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


class Parser(unittest.TestCase):
    """The strict reader itself has to refuse what Prometheus would."""

    def test_it_refuses_what_is_wrong(self):
        good = "# HELP a_total x\n# TYPE a_total counter\na_total{m=\"q\\\"\"} 1\n"
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
