"""CSV and NDJSON in and out: the same predictions as from JSON, each row its own outcome, and what is refused."""

import csv
import gzip
import io
import json
import random
import re
import unittest

from harness import HOUSE, BAND, Server, ServerTestCase, expected

RECORDS = expected()["records"]
COLUMNS = list(RECORDS[0])
FULL = [record for record in RECORDS if len(record) == len(COLUMNS)]
CSV = "text/csv"
LINES = "application/x-ndjson"


def table(records, columns=COLUMNS, header=True, **style):
    """The records as Python's csv module writes them, which pandas uses too."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", **style)
    if header:
        writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


class Formats(ServerTestCase):
    settings = {"loops": 2}

    def ask(self, body, kind, accept=None, target="/models/price-band/predict", **fields):
        headers = {"Content-Type": kind, **({"Accept": accept} if accept else {}), **fields}
        return self.server.request("POST", target, body, headers)

    def read(self, answer, kind):
        """The answer's rows as one likes them best: a list of dictionaries of text."""
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.field("content-type").split(";")[0], kind)
        if kind == CSV:
            return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
        return [json.loads(line) for line in answer.body.decode().splitlines()]

    def test_every_form_of_the_rows_gets_the_same_answer(self):
        dice = random.Random(6)
        for model in ("house-price", "price-band"):
            target = f"/models/{model}/predict"
            wanted = self.server.request("POST", target, RECORDS).body
            for style in ({}, {"quoting": csv.QUOTE_ALL}, {"lineterminator": "\n"}, {"quoting": csv.QUOTE_NONNUMERIC}):
                columns = dice.sample(COLUMNS, len(COLUMNS))
                self.assertEqual(self.ask(table(RECORDS, columns, **style), CSV, target=target).body, wanted, style)
            bare = table(RECORDS, header=False)
            for kind in (CSV, "text/csv; header=absent", "TEXT/CSV;charset=UTF-8"):
                self.assertEqual(self.ask(bare, kind, target=target).body, wanted)
            for kind in (LINES, "application/jsonl", "application/jsonlines", "application/x-jsonlines; charset=utf-8"):
                self.assertEqual(self.ask(lines(RECORDS), kind, target=target).body, wanted)
            rows = [[record.get(name) for name in COLUMNS] for record in RECORDS]
            self.assertEqual(self.ask(lines(rows), LINES, target=target).body, wanted)
            packed = gzip.compress(table(RECORDS))
            self.assertEqual(self.ask(packed, CSV, target=target, **{"Content-Encoding": "gzip"}).body, wanted)

    def test_answers_are_written_as_they_are_wanted(self):
        wanted = self.server.request("POST", "/models/price-band/predict", RECORDS).json()
        for body, kind in ((table(RECORDS), CSV), (lines(RECORDS), LINES), (json.dumps(RECORDS), "application/json")):
            rows = self.read(self.ask(body, kind, CSV), CSV)
            self.assertEqual([int(row["prediction"]) for row in rows], wanted["predictions"])
            for row, probabilities in zip(rows, wanted["probabilities"]):
                found = {name.removeprefix("probabilities."): float(row[name]) for name in row if name != "prediction"}
                self.assertEqual(found, probabilities)
            rows = self.read(self.ask(body, kind, "application/jsonlines;q=0.9, application/json;q=0.5"), "application/jsonl")
            self.assertEqual([row["prediction"] for row in rows], wanted["predictions"])
            self.assertEqual([row["probabilities"] for row in rows], wanted["probabilities"])
            for accept in (None, "*/*", "image/png", "text/html, */*;q=0.8"):
                self.assertEqual(self.ask(body, kind, accept).json(), wanted)

    def test_the_answer_is_called_what_the_client_asked_for(self):
        json_, jsonl = "application/json", "application/jsonl"
        table_of = {
            json_: json_,
            LINES: LINES,
            "application/ndjson": LINES,
            jsonl: jsonl,
            "application/jsonlines": jsonl,
            "application/x-jsonlines": jsonl,
            CSV: CSV,
            "text/csv;q=0.8, application/jsonl;q=0.9": jsonl,
            "application/jsonl;q=0.5, application/x-ndjson;q=0.5": LINES,
            "application/x-ndjson;q=0.4, application/jsonl;q=0.5": jsonl,
            "application/json;q=0.9, application/x-ndjson": LINES,
            "application/x-ndjson;q=0.9, application/json": json_,
            "application/json;q=0, text/csv": CSV,
            "application/json;q=0, application/jsonl": jsonl,
            # What names nothing that is written here is passed over, as RFC 9110 12.5.1 allows.
            "text/html": json_,
            "image/png, application/json;q=0.1": json_,
        }
        bodies = ((table(RECORDS), CSV), (lines(RECORDS), LINES), (lines(RECORDS), jsonl), (json.dumps(RECORDS), json_))
        for body, kind in bodies:
            for accept, wanted in table_of.items():
                with self.subTest(kind=kind, accept=accept):
                    answer = self.ask(body, kind, accept)
                    self.assertEqual((answer.status, answer.field("content-type").split(";")[0]), (200, wanted))

    def test_an_accept_that_refuses_every_answer_is_a_406(self):
        for accept in ("*/*;q=0", "application/json;q=0", "application/*;q=0, text/html", "application/json;q=0, image/*"):
            with self.subTest(accept=accept):
                answer = self.ask(lines(RECORDS), LINES, accept)
                self.assert_problem(answer, 406, detail=re.compile("application/jsonl, text/csv"))
                self.assertIsNone(answer.field("accept"))

    def test_long_bodies_go_the_same_way(self):
        records = FULL * (300_000 // len(table(FULL)) + 1)
        wanted = self.server.request("POST", "/predict", records).json()["predictions"]
        rows = self.read(self.ask(table(records), CSV, CSV, "/predict"), CSV)
        self.assertEqual([float(row["prediction"]) for row in rows], wanted)
        rows = self.read(self.ask(lines(records), LINES, LINES, "/predict"), LINES)
        self.assertEqual([row["prediction"] for row in rows], wanted)
        broken = table(records) + b"1,2\r\n"
        answer = self.ask(broken, CSV, target="/predict")
        self.assert_problem(answer, 422, line=len(records) + 2, detail=re.compile("wrong number"))
        rows = self.read(self.ask(broken, CSV, CSV, "/predict?errors=row"), CSV)
        self.assertEqual([bool(row["error"]) for row in rows], [False] * len(records) + [True])

    def test_each_row_has_its_own_outcome(self):
        name = COLUMNS[0]
        body = table(FULL[:1]) + b"1,2\r\n" + table([dict(FULL[0], **{name: "many"})], header=False)
        body += table(FULL[:1], header=False)
        whole = self.read(self.ask(table(FULL[:1]), CSV, CSV), CSV)[0]
        rows = self.read(self.ask(body, CSV, CSV, "/models/price-band/predict?errors=row"), CSV)
        self.assertEqual([rows[0], rows[3]], [dict(whole, error="")] * 2)
        self.assertRegex(rows[1]["error"], "^line 3: the row has the wrong number of values")
        self.assertRegex(rows[2]["error"], f'^line 4, column "{name}": the value has the wrong type.*got "many"')
        self.assertEqual({value for row in rows[1:3] for key, value in row.items() if key != "error"}, {""})

        body = lines(FULL[:1]) + b"{]\n" + lines([dict(FULL[0], **{name: "many"})]) + lines(FULL[:1])
        rows = self.read(self.ask(body, LINES, LINES, "/models/price-band/predict?errors=row"), LINES)
        self.assertEqual([list(row) for row in rows], [["prediction", "probabilities"], ["error"], ["error"], ["prediction", "probabilities"]])
        self.assertEqual([rows[1]["error"]["line"], rows[2]["error"]["line"]], [2, 3])
        self.assertEqual(rows[2]["error"]["pointer"], f"/{name}")
        document = self.ask(body, LINES, None, "/models/price-band/predict?errors=row").json()
        self.assertEqual((document["errors"], document["results"]), (2, rows))

    def test_what_is_wrong_is_told_with_its_line(self):
        self.assert_problem(self.ask(b'{"RM": 1}\n{"RM"\n', LINES), 400, line=2, detail=re.compile("not valid JSON"))
        self.assert_problem(self.ask(b"RM,LSTAT\n1,2\n3,x\n", CSV), 422, line=3, column="LSTAT", got='"x"')
        self.assert_problem(self.ask(b'RM\n1\n"2\n', CSV), 400, line=3, detail=re.compile("quote that is not closed"))
        self.assert_problem(self.ask(b"RM,LSTET\n1,2\n", CSV), 422, line=1, nearest="LSTAT")
        self.assert_problem(self.ask(b"", CSV), 422, detail=re.compile("no rows"))
        self.assert_problem(self.ask(b"\xff\xfeR\x00M\x00\n", CSV), 400, detail=re.compile("not UTF-8"))

    def test_rows_that_do_not_say_their_type_are_told_how(self):
        """What curl -d and --data-binary send without a type is taken for JSON."""
        for body, kind in ((table(RECORDS), CSV), (lines(RECORDS), LINES)):
            for sent in ("application/x-www-form-urlencoded", "application/json"):
                answer = self.ask(body, sent)
                self.assert_problem(answer, 400, expected=re.compile(f"one JSON document; .*Content-Type: {kind}"))
        answer = self.ask(b'{"RM": }', "application/json")
        self.assertNotIn("expected", answer.json())

    def test_other_types_are_refused_with_a_list(self):
        for kind in ("application/vnd.apache.parquet", "multipart/form-data; boundary=x", "text/csv; charset=latin-1", "text/csv; header=maybe"):
            answer = self.ask(b"RM\n1\n", kind)
            self.assert_problem(answer, 415)
            self.assertEqual(answer.field("accept"), "application/json, application/x-ndjson, application/jsonl, text/csv")

    def test_hostile_bodies_are_refused_quickly(self):
        cells = b"," * 1_000_000
        for body in (cells, b"RM" + cells, b'"' * 1_000_001, b"\n" * 1_000_000, b"\0" * 1_000_000, b'"",' * 300_000):
            for query in ("", "?errors=row"):
                for kind in (CSV, "text/csv; header=present", LINES):
                    answer = self.ask(body, kind, CSV, "/models/price-band/predict" + query)
                    self.assertIn(answer.status, (200, 400, 413, 422), (body[:9], kind, answer))


class Elsewhere(unittest.TestCase):
    def test_the_cache_keeps_each_kind_of_answer_by_itself(self):
        with Server({"house-price": HOUSE}, arguments=("--cache-bytes", "1000000"), loops=1) as server:
            bodies = set()
            for _ in range(3):
                for accept in ("application/json", LINES, CSV):
                    answer = server.request("POST", "/predict", [RECORDS[0]], {"Accept": accept})
                    self.assertEqual(answer.field("content-type").split(";")[0], accept)
                    bodies.add(answer.body)
            self.assertEqual(len(bodies), 3)

    def test_compute_threads_answer_the_same(self):
        settings = {"env": {"VENCEJO_INLINE_BUDGET_US": "0"}, "loops": 1}
        with Server({"price-band": BAND}) as light, Server({"price-band": BAND}, **settings) as heavy:
            for accept in ("application/json", LINES, CSV):
                for query in ("", "?errors=row"):
                    fields = {"Content-Type": CSV, "Accept": accept}
                    one, other = (
                        server.request("POST", "/predict" + query, table(RECORDS), fields) for server in (light, heavy)
                    )
                    self.assertEqual((one.status, one.body), (other.status, other.body))


if __name__ == "__main__":
    unittest.main()
