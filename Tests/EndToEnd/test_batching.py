"""Predictions on the compute threads: the same answers, whoever asks, whatever is swapped; deadlines; rows by themselves; the cache."""

import json
import pathlib
import re
import socket
import threading
import unittest

from harness import HOUSE, HOUSE_2, PATIENCE, Server, ServerTestCase, expected, post, until

RECORDS = expected()["records"]


class OnComputeThreads(ServerTestCase):
    """Every prediction is too long for a loop."""

    settings = {"env": {"VENCEJO_INLINE_BUDGET_US": "0"}, "loops": 2}

    def test_every_client_gets_its_own_rows(self):
        wanted = expected()["house-price"]["predictions"]
        wrong = []

        def ask(place):
            for _ in range(20):
                answer = self.server.predict(RECORDS[place])
                if answer.status != 200 or abs(answer.json()["prediction"] - wanted[place]) > 1e-9 * abs(wanted[place]):
                    wrong.append(answer)

        clients = [threading.Thread(target=ask, args=(index % len(RECORDS),)) for index in range(16)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)
        self.assertEqual(wrong, [])
        self.assertIn('vencejo_model_queue_seconds_count{model="house-price"}', self.metrics())

    def test_a_long_body_is_answered_whole(self):
        wanted = expected()["house-price"]["predictions"][0]
        answer = self.server.predict([RECORDS[0]] * 2000)
        self.assertEqual(answer.status, 200)
        self.assertEqual({round(value, 6) for value in answer.json()["predictions"]}, {round(wanted, 6)})
        self.assertEqual(len(answer.json()["predictions"]), 2000)

    def test_a_long_body_that_does_not_fit_is_told_of_which_version(self):
        answer = self.server.predict([RECORDS[0]] * 2000 + [{"RM": "many"}])
        self.assert_problem(answer, 422, pointer="/2000/RM")
        self.assertEqual((answer.field("vencejo-model"), answer.field("vencejo-version")), ("house-price", "1"))

    def test_a_client_that_ends_its_direction_is_answered(self):
        """As `nc -N` does. Until its answer it is asked whether it is still there, which clients pass over."""
        wanted = expected()["house-price"]["predictions"]
        with self.server.connect() as connection:
            connection.send(b"".join(post("/predict", record) for record in RECORDS[:2]))
            connection.socket.shutdown(socket.SHUT_WR)
            for price in wanted[:2]:
                answer = connection.answer()
                self.assertEqual(answer.status, 200)
                self.assertAlmostEqual(answer.json()["prediction"], price)
            self.assertTrue(connection.is_closed())

    def test_a_client_that_closes_is_known_to_be_gone(self):
        def gone():
            return int(re.search(r"^vencejo_http_abandoned_total (\d+)", self.metrics(), re.M)[1])

        # Long enough on the compute threads that the close comes first: thousands of rows, decoded there.
        body = post("/predict", [RECORDS[0]] * 60_000)
        before = gone()
        with self.server.connect() as connection:
            connection.send(body)
        self.assertTrue(until(lambda: gone() > before))
        self.assertEqual(self.server.predict(RECORDS[0]).status, 200)

    def test_a_timeout_that_is_long_enough_changes_nothing(self):
        for fields in ({"X-Request-Timeout-Ms": "60000"}, {"X-Request-Priority": "high"}):
            answer = self.server.predict(RECORDS[0], headers=fields)
            self.assertEqual(answer.status, 200, fields)

    def test_a_timeout_that_cannot_be_read_is_a_bad_request(self):
        for value in ("soon", "0", "-5", "1.5", "99999999999"):
            answer = self.server.predict(RECORDS[0], headers={"X-Request-Timeout-Ms": value})
            self.assert_problem(answer, 400, expected=re.compile("milliseconds"))

    def test_each_row_has_its_own_outcome(self):
        wanted = expected()["house-price"]["predictions"]
        for value in ('"many"', "1e400"):
            broken = json.dumps(dict(RECORDS[0], RM="VALUE")).replace('"VALUE"', value)
            rows = f"[{json.dumps(RECORDS[0])}, {broken}, {json.dumps(RECORDS[1])}]"
            answer = self.server.request("POST", "/predict?errors=row", rows.encode())
            self.assertEqual(answer.status, 200)
            document = answer.json()
            self.assertEqual(document["errors"], 1)
            self.assertEqual([list(row) for row in document["results"]], [["prediction"], ["error"], ["prediction"]])
            self.assertAlmostEqual(document["results"][2]["prediction"], wanted[1])
            self.assertEqual(document["results"][1]["error"]["pointer"], "/1/RM")

    def test_rows_that_the_model_refuses_are_bounded_as_well(self):
        columns = self.server.request("GET", "/models/price-band").json()["signature"]["inputs"]
        row = [1e39] * len(columns)  # More than the float32 of XGBoost's columns holds.
        few = self.server.request("POST", "/models/price-band/predict?errors=row", [row] * 10)
        self.assertEqual((few.status, few.json()["errors"]), (200, 10))
        many = self.server.request("POST", "/models/price-band/predict?errors=row", [row] * 10_001)
        self.assertEqual(many.status, 413, many)

    def test_while_a_model_is_imported_no_thread_computes_that_yields_to_imports(self):
        def waits(name):
            """How often the threads of a name have had nothing to do."""
            count = 0
            for task in pathlib.Path(f"/proc/{self.server.process.pid}/task").iterdir():
                if (task / "comm").read_text(encoding="ascii").startswith(name):
                    status = (task / "status").read_text(encoding="ascii")
                    count += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])
            return count

        def is_firm():
            self.assertEqual(self.server.put("price-band?dry_run=true", HOUSE_2).status, 200)
            before = waits("firm"), waits("compute")
            for _ in range(50):
                self.assertEqual(self.server.predict(RECORDS[0]).status, 200)
            return waits("firm") - before[0] >= 50 > waits("compute") - before[1]

        # Not at the first try where the predictions take longer than a second.
        self.assertTrue(until(is_firm))

    def metrics(self):
        return self.server.request("GET", "/metrics").body.decode()


class Cached(unittest.TestCase):
    def test_a_swap_forgets_the_answers_of_the_version_before(self):
        with Server({"house-price": HOUSE}, arguments=("--cache-bytes", "1000000"), loops=1) as server:
            first = [server.price(RECORDS[0]) for _ in range(3)]
            self.assertEqual(len(set(first)), 1)
            metrics = server.request("GET", "/metrics").body.decode()
            self.assertIn('vencejo_model_cache_lookups_total{model="house-price",outcome="hit"} 2', metrics)
            self.assertIn(server.put("house-price", HOUSE_2).status, (200, 201))
            after = server.price(RECORDS[0])
            self.assertNotEqual(after, first[0])
