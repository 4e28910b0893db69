"""Looking at models, uploading, replacing and removing them."""

import hashlib
import re
import threading
import time
import unittest

from harness import BAND, HOUSE, HOUSE_2, PATIENCE, Server, ServerTestCase, contents, expected, head, is_close, until

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICE = {HOUSE: expected()["house-price"]["predictions"][1], HOUSE_2: expected()["house-price-v2"]["predictions"][1]}


class Pages(ServerTestCase):
    def test_the_list_names_every_model(self):
        answer = self.server.request("GET", "/models")
        self.assertEqual(answer.status, 200)
        document = answer.json()
        self.assertIsInstance(document["generation"], int)
        self.assertEqual([model["name"] for model in document["models"]], ["house-price", "price-band"])
        for model in document["models"]:
            self.assertTrue(
                {"name", "version", "default", "state", "format", "digest", "generation"} <= set(model), model
            )
            self.assertEqual(model["default"], model["name"] == "house-price", "the first one named is the default")

    def test_a_page_tells_signature_predictor_memory_and_timings(self):
        for name, path in self.models.items():
            with self.subTest(model=name):
                answer = self.server.request("GET", f"/models/{name}")
                self.assertEqual(answer.status, 200)
                self.assertRegex(answer.field("etag"), r'^"[^"]+"$')
                page = answer.json()
                self.assertEqual(page["name"], name)
                self.assertIn(hashlib.sha256(contents(path)).hexdigest(), page["digest"])
                self.assertEqual(
                    [column["name"] for column in page["signature"]["inputs"]], list(expected()["records"][0])
                )
                self.assertTrue(page["signature"]["outputs"])
                self.assertTrue(page["steps"])
                self.assertTrue({"name", "reason", "predicted_ns_per_row"} <= set(page["predictor"]))
                self.assertEqual(page["memory"]["artifact_bytes"], len(contents(path)))
                self.assertGreaterEqual(page["memory"]["table_bytes"], 0)
                self.assertTrue(page["certificate"]["timings"])
                for key, seconds in page["certificate"]["timings"].items():
                    self.assertTrue(key.endswith("_seconds"), key)
                    self.assertTrue(0 <= seconds < 60, page["certificate"]["timings"])
                self.assertEqual(self.server.predict(page["example"], name).status, 200, "the example has to work")

    def test_the_steps_are_those_of_the_pipeline(self):
        text = str(self.server.request("GET", "/models/house-price").json()["steps"])
        for name in ("SimpleImputer", "StandardScaler", "OneHotEncoder", "ElasticNet"):
            self.assertIn(name, text)

    def test_a_page_tells_nothing_of_the_host(self):
        for path in ("/models", "/models/house-price"):
            self.server.check_leaks(self.server.request("GET", path).body.decode())

    def test_the_root_says_that_it_is_alive(self):
        self.assertEqual(self.server.request("GET", "/").json(), {"status": "alive"})


class Uploads(ServerTestCase):
    models = {"house-price": HOUSE}

    def test_put_creates_replaces_and_delete_removes(self):
        created = self.server.put("life", HOUSE)
        self.assertEqual(created.status, 201, created)
        self.assertRegex(created.field("etag"), r'^"[^"]+"$')
        self.assertEqual(created.json()["name"], "life")
        self.assertTrue(is_close(self.server.price(RECORD, "life"), PRICE[HOUSE]))
        page = self.server.request("GET", "/models/life")
        self.assertEqual(page.field("etag"), created.field("etag"))

        replaced = self.server.put("life", HOUSE_2)
        self.assertEqual(replaced.status, 200, replaced)
        self.assertNotEqual(replaced.field("etag"), created.field("etag"))
        self.assertGreater(replaced.json()["generation"], created.json()["generation"])
        self.assertTrue(is_close(self.server.price(RECORD, "life"), PRICE[HOUSE_2]))

        gone = self.server.request("DELETE", "/models/life")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assert_problem(self.server.predict(RECORD, "life"), 404)
        self.assert_problem(self.server.request("GET", "/models/life"), 404)
        self.assert_problem(self.server.request("DELETE", "/models/life"), 404)
        self.assertNotIn("life", [model["name"] for model in self.server.request("GET", "/models").json()["models"]])

    def test_the_content_decides_and_not_type_or_name(self):
        for kind in ("application/json", "text/csv", "application/x-www-form-urlencoded", "image/png"):
            answer = self.server.put("typed.json", BAND, {"Content-Type": kind})
            self.assertIn(answer.status, (200, 201), (kind, answer))
            self.assertEqual(self.server.predict({"RM": 7.2, "LSTAT": 4.1}, "typed.json").json()["prediction"], 1)

    def test_names_are_as_the_rule_says(self):
        for name in ("a", "0", "A.b_c-d", "x" * 128, "predict", "models", "1..2"):
            with self.subTest(name=name):
                self.assertEqual(self.server.put(name, HOUSE).status, 201)
                self.assertTrue(is_close(self.server.price(RECORD, name), PRICE[HOUSE]))
                self.assertEqual(self.server.request("DELETE", f"/models/{name}").status, 204)
        for name in (".a", "-a", "_a", "x" * 129, "a%20b", "a%2Fb", "a%00", "%c3%a9", "a+b", "a:b", "a*b"):
            with self.subTest(name=name):
                self.assert_problem(self.server.put(name, HOUSE), 400)

    def test_preconditions_hold(self):
        self.assertEqual(self.server.put("guarded", HOUSE, {"If-Match": "*"}).status, 412, "it does not exist")
        created = self.server.put("guarded", HOUSE, {"If-None-Match": "*"})
        self.assertEqual(created.status, 201)
        self.assert_problem(self.server.put("guarded", HOUSE_2, {"If-None-Match": "*"}), 412)
        tag = created.field("etag")
        for wrong in ('"nope"', "W/" + tag, tag.strip('"'), '"a", "b"'):
            answer = self.server.put("guarded", HOUSE_2, {"If-Match": wrong})
            self.assertIn(answer.status, (412,) if wrong != tag.strip('"') else (412, 400), (wrong, answer))
        self.assertTrue(is_close(self.server.price(RECORD, "guarded"), PRICE[HOUSE]), "a refusal changes nothing")
        replaced = self.server.put("guarded", HOUSE_2, {"If-Match": f'"x", {tag}'})
        self.assertEqual(replaced.status, 200, replaced)
        self.assert_problem(self.server.put("guarded", HOUSE, {"If-Match": tag}), 412)
        self.assertEqual(self.server.request("DELETE", "/models/guarded", headers={"If-Match": tag}).status, 412)
        newest = replaced.field("etag")
        self.assertEqual(self.server.request("DELETE", "/models/guarded", headers={"If-Match": newest}).status, 204)

    def test_of_many_writers_with_the_same_tag_one_wins(self):
        tag = self.server.put("contended", HOUSE).field("etag")
        statuses = []

        def write():
            statuses.append(self.server.put("contended", HOUSE_2, {"If-Match": tag}).status)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(sorted(statuses), [200] + [412] * 7)

    def test_what_is_no_model_is_refused_and_the_old_one_stays(self):
        self.server.put("steady", HOUSE)
        before = self.server.request("GET", "/models/steady")
        for artifact in (
            b"",
            b"\x00",
            b"hello",
            b"{}",
            b"[]",
            b'{"a": 1}',
            b"\x80",
            b"\x80\x04.",
            b"PK\x03\x04junk",
            b"\x1f\x8b\x08junk",
            b"\x89HDF\r\n\x1a\n",
            b"<PMML/>",
            b"\xff" * 1000,
        ):
            with self.subTest(artifact=artifact[:20]):
                document = self.assert_problem(self.server.put("steady", artifact), 422)
                for key in ("place", "expected", "got"):
                    self.assertIsInstance(document.get(key), str, document)
                self.assertTrue(is_close(self.server.price(RECORD, "steady"), PRICE[HOUSE]))
        self.assertEqual(self.server.request("GET", "/models/steady").field("etag"), before.field("etag"))

    def test_a_refusal_says_what_to_do_instead(self):
        import pickle

        document = self.assert_problem(self.server.put("new", pickle.dumps({"a": [1, 2, 3]})), 422)
        self.assertIn("remedy", document)
        self.assert_problem(self.server.request("GET", "/models/new"), 404)

    def test_an_upload_in_chunks_and_with_pauses_works(self):
        data = contents(HOUSE_2)
        with self.server.connect() as connection:
            connection.send(
                head(
                    "PUT", "/models/chunked", "Transfer-Encoding: chunked", f"Authorization: Bearer {self.server.token}"
                )
            )
            for start in range(0, len(data), 100):
                part = data[start : start + 100]
                connection.send(b"%x\r\n%s\r\n" % (len(part), part))
                if start == 1000:
                    self.assertEqual(
                        self.server.request("GET", "/health/live").status, 200, "others are served meanwhile"
                    )
            connection.send(b"0\r\n\r\n")
            self.assertEqual(connection.answer().status, 201)
        self.assertTrue(is_close(self.server.price(RECORD, "chunked"), PRICE[HOUSE_2]))

    def test_expect_continue_is_answered_before_the_body(self):
        data = contents(HOUSE)
        with self.server.connect() as connection:
            connection.send(
                head(
                    "PUT",
                    "/models/expected",
                    f"Content-Length: {len(data)}",
                    "Expect: 100-continue",
                    f"Authorization: Bearer {self.server.token}",
                )
            )
            self.assertEqual(connection.answer(with_interim=True).status, 100)
            connection.send(data)
            self.assertEqual(connection.answer().status, 201)

    def test_more_uploads_at_once_than_there_are_places_are_told_to_come_again(self):
        data, connections = contents(HOUSE), []
        try:
            for _ in range(40):
                connections.append(self.server.connect())
                connections[-1].send(
                    head(
                        "PUT",
                        "/models/many",
                        f"Content-Length: {len(data)}",
                        "Expect: 100-continue",
                        f"Authorization: Bearer {self.server.token}",
                    )
                )
            answers = [connection.answer(with_interim=True) for connection in connections]
            self.assertEqual({answer.status for answer in answers}, {100, 503})
            for connection, answer in zip(connections, answers):
                if answer.status == 503:
                    self.assertRegex(answer.field("retry-after"), r"^\d+$")
                else:
                    connection.send(data)
                    self.assertIn(connection.answer().status, (200, 201))
        finally:
            for connection in connections:
                connection.close()
        self.assertEqual(self.server.put("many", HOUSE_2).status, 200)

    def test_a_slow_upload_does_not_hold_up_another(self):
        data = contents(HOUSE)
        with self.server.connect() as slow:
            slow.send(
                head(
                    "PUT", "/models/slow", f"Content-Length: {len(data)}", f"Authorization: Bearer {self.server.token}"
                )
                + data[:10]
            )
            self.assertIn(self.server.put("quick", HOUSE).status, (200, 201))
            slow.send(data[10:])
            self.assertEqual(slow.answer().status, 201)

    def test_races_of_put_and_delete_end_in_one_state(self):
        data = [contents(HOUSE), contents(HOUSE_2)]
        deadline = time.monotonic() + 1.5
        faults = []

        def act(seed):
            count = seed
            while time.monotonic() < deadline:
                count += 1
                if count % 3 == 0:
                    answer = self.server.request("DELETE", "/models/raced")
                    wanted = (204, 404)
                else:
                    answer = self.server.put("raced", data[count % 2])
                    wanted = (200, 201)
                if answer.status not in wanted:
                    faults.append(answer)
                answer = self.server.predict(RECORD, "raced")
                if answer.status not in (200, 404):
                    faults.append(answer)

        threads = [threading.Thread(target=act, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertEqual(faults, [])
        self.assertIn(self.server.put("raced", HOUSE_2).status, (200, 201))
        self.assertTrue(is_close(self.server.price(RECORD, "raced"), PRICE[HOUSE_2]))


class BrokenOff(ServerTestCase):
    models = {"house-price": HOUSE}

    def test_a_client_that_leaves_in_the_middle_changes_nothing(self):
        self.server.put("left", HOUSE)
        data = contents(HOUSE_2)
        for length in (0, 1, len(data) // 2, len(data) - 1):
            with self.server.connect() as connection:
                connection.send(
                    head(
                        "PUT",
                        "/models/left",
                        f"Content-Length: {len(data)}",
                        f"Authorization: Bearer {self.server.token}",
                    )
                    + data[:length]
                )
            self.assertTrue(is_close(self.server.price(RECORD, "left"), PRICE[HOUSE]))
        self.assertEqual(self.server.put("left", HOUSE_2).status, 200, "the next upload works")

    def test_uploads_that_were_broken_off_do_not_keep_their_places(self):
        """The number of uploads at once is bounded; a client that has left must not count."""
        for _ in range(30):
            with self.server.connect() as connection:
                connection.send(
                    head(
                        "PUT", "/models/broken", "Content-Length: 1000000", f"Authorization: Bearer {self.server.token}"
                    )
                    + b"x" * 50_000
                )
        answers = []

        def is_taken():
            answers.append(self.server.put("broken", HOUSE))
            return answers[-1].status != 503

        self.assertTrue(until(is_taken))
        self.assertIn(answers[-1].status, (200, 201), answers[-1])


class Limits(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"env": {"VENCEJO_MODEL_BYTES_MAX": "4096"}}

    def test_a_model_over_the_limit_is_refused_before_it_is_read(self):
        with self.server.connect() as connection:
            connection.send(
                head(
                    "PUT",
                    "/models/big",
                    "Content-Length: 4097",
                    "Expect: 100-continue",
                    f"Authorization: Bearer {self.server.token}",
                )
            )
            answer = connection.answer(with_interim=True)
            self.assert_problem(answer, 413, detail=re.compile(r"4[,.]?096|4 ?KiB"))

    def test_a_model_over_the_limit_in_chunks_is_refused(self):
        with self.server.connect() as connection:
            connection.send(
                head("PUT", "/models/big", "Transfer-Encoding: chunked", f"Authorization: Bearer {self.server.token}")
            )
            try:
                for _ in range(100):
                    connection.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
            except OSError:
                pass  # The server may have closed already, after its answer.
            self.assertEqual(connection.answer().status, 413)

    def test_a_model_within_the_limit_is_taken(self):
        self.assertEqual(self.server.put("small", HOUSE).status, 201)


class Defaults(unittest.TestCase):
    def test_without_a_model_the_server_is_ready_and_says_what_is_missing(self):
        with Server() as server:
            answer = server.predict(RECORD)
            self.assertEqual(answer.status, 404, answer)
            self.assertEqual(server.request("GET", "/models").json()["models"], [])
            self.assertEqual(server.put("first", HOUSE).status, 201)
            self.assertEqual(server.predict(RECORD, "first").status, 200)

    def test_removing_the_default_leaves_a_clear_404(self):
        with Server({"house-price": HOUSE, "price-band": BAND}) as server:
            self.assertEqual(server.request("DELETE", "/models/house-price").status, 204)
            answer = server.predict(RECORD)
            self.assertEqual(answer.status, 404, answer)
            self.assertEqual(answer.json()["models"], ["price-band"])


if __name__ == "__main__":
    unittest.main()
