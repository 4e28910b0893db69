"""Starts while the store is away, refuses, or hangs; and models that a replica cannot load."""

import hashlib
import json
import os
import unittest

from harness import BAND, HOUSE, HOUSE_2, PATIENCE, contents, run_command, until
from test_object_store import POLL, RECORD, STORE, ObjectStoreTestCase, generation, state


class Starting(ObjectStoreTestCase):
    def setUp(self):
        super().setUp()
        self.cache = os.path.join(self.directory, "cache")

    def serve_cached(self, **more):
        return self.serve(env={"VENCEJO_STORE_CACHE": self.cache, "VENCEJO_STORE_START_SECONDS": "2"}, **more)

    def ready(self, server):
        return server.request("GET", "/health/ready").status

    def assert_waits(self, server):
        said = ("not ready until it can", "listening")
        self.assertTrue(until(lambda: all(text in server.text() for text in said)))

    def test_with_a_warm_cache_it_serves_what_served_last(self):
        with self.serve_cached() as server:
            server.put("house", HOUSE)
            server.put("house", HOUSE_2)
            server.request("PATCH", "/models/house", b'{"aliases": {"champion": 1}}', admin=True)
            server.put("gone", BAND)
            server.request("DELETE", "/models/gone", admin=True)
        for fault in ("500", "hang", "denied"):
            self.storage.fault = lambda request, fault=fault: fault
            with self.serve_cached() as server:
                self.assert_price(server, 1)
                self.assertEqual(server.request("POST", "/models/house/aliases/champion/predict", RECORD).status, 200)
                told = state(server)
                self.assertEqual((told["generation_served"], self.ready(server)), (5, 200))
                self.assertGreater(told["from_cache_since"], 0)
                self.assertLessEqual(told["lagging_since"], told["from_cache_since"])
                self.assertNotIn(self.storage.endpoint.removeprefix("http://"), json.dumps(told))
                listed = server.request("GET", "/models").json()
                self.assertEqual((listed["generation"], len(listed["models"])), (5, 1))
                self.assertIn("from_cache_since", listed)
                self.assertIn("vencejo_store_from_cache 1", server.request("GET", "/metrics").body.decode())
                self.assertIn("what its cache has serves", server.text())
                if fault != "hang":
                    self.assertEqual(server.put("house", HOUSE).status, 503)
                self.storage.fault = lambda request: None
                self.storage.ending.set()
                self.assertTrue(until(lambda: "from_cache_since" not in state(server)))
                self.storage.ending.clear()
                self.assertNotIn("lagging_since", state(server))
                self.assert_price(server, 1)
                self.assertIn("vencejo_store_from_cache 0", server.request("GET", "/metrics").body.decode())
        # A change that others have made meanwhile is followed, and one of ours comes on top of it.
        self.storage.fault = lambda request: "500"
        with self.serve_cached() as server:
            self.storage.fault = lambda request: None
            with self.serve() as other:
                self.assertEqual(other.put("gone", BAND).json()["version"], 2)
                self.assertEqual(server.put("house", HOUSE).json()["version"], 3)
                # What others have published comes by itself: the upload has not waited for it.
                self.assertTrue(until(lambda: server.request("GET", "/models/gone").status == 200))
                self.assertEqual(server.request("GET", "/models/gone").json()["version"], 2)

    def test_a_cache_that_is_damaged_is_none(self):
        with self.serve_cached() as server:
            server.put("house", HOUSE)
        (name,) = (name for name in os.listdir(self.cache) if name.startswith("manifest-"))
        with open(os.path.join(self.cache, name), "r+b") as file:
            file.seek(200)
            file.write(b"#")
        self.storage.fault = lambda request: "500"
        with self.serve_cached(wait=False) as server:
            self.assert_waits(server)
            self.assertEqual(self.ready(server), 503)
            self.storage.fault = lambda request: None
            server.wait_ready()
            self.assert_price(server, 0)

    def test_without_a_cache_it_waits_and_comes_up_by_itself(self):
        with self.serve() as server:
            server.put("house", HOUSE)
        for arguments in (POLL, ("--store-poll", "0")):
            self.storage.fault = lambda request: "503"
            with self.serve(arguments=arguments, wait=False) as server:
                self.assert_waits(server)
                self.assertEqual(server.request("GET", "/health/live").status, 200)
                port = ("--port", str(server.port))
                self.assertEqual([run_command("probe", *port)[0], run_command("probe", "--live", *port)[0]], [1, 0])
                answer = server.request("GET", "/health/ready")
                self.assertEqual((answer.status, answer.json()["status"]), (503, "starting"))
                self.assertIn("503", answer.json()["store"]["reason"])
                self.assertEqual(server.predict(RECORD).status, 404)
                self.storage.fault = lambda request: None
                server.wait_ready()
                self.assert_price(server, 0)
                self.assertNotIn("lagging_since", state(server))

    def test_an_empty_store_that_comes_later_makes_it_ready(self):
        self.storage.fault = lambda request: "503"
        with self.serve(wait=False) as server:
            self.assert_waits(server)
            self.storage.fault = lambda request: None
            server.wait_ready()
            self.assertEqual(server.put("house", HOUSE).status, 201)

    def test_what_is_wrong_is_said_at_once(self):
        env = self.storage.environment()
        code, _, errors = run_command("serve", "--store", "s3://no-such-bucket/x", "--port", "0", env=env)
        self.assertEqual(code, 1)
        self.assertIn("there is no such bucket", errors)
        self.storage.fault = lambda request: "denied"
        code, _, errors = run_command("serve", "--store", STORE, "--port", "0", env=env)
        self.assertEqual(code, 1)
        self.assertIn("does not allow it (AccessDenied)", errors)

    def test_a_stop_does_not_wait_for_a_store_that_hangs_from_the_start(self):
        self.storage.fault = lambda request: "hang"
        with self.serve_cached(wait=False) as server:
            self.assert_waits(server)
            server.stop()

    def test_what_the_store_has_is_known_while_its_files_are_on_their_way(self):
        hung = hashlib.sha256(contents(HOUSE)).hexdigest()
        with self.serve() as other:
            tag = other.put("house", HOUSE).field("etag")
            other.put("gone", HOUSE)
        self.storage.fault = lambda request: "hang" if request.method == "GET" and hung in request.path else None
        with self.serve(env={"VENCEJO_STORE_START_SECONDS": "1"}, wait=False) as server:
            self.assertTrue(until(lambda: "listening" in server.text()))
            self.assertEqual((self.ready(server), server.request("GET", "/models/house").status), (503, 503))
            self.assertEqual(server.request("DELETE", "/models/gone").status, 204)
            self.assertEqual(server.put("house", BAND, {"If-Match": '"else"'}).status, 412)
            self.assertEqual(server.put("house", BAND, {"If-Match": tag}).json()["version"], 2)
            # Nothing that hangs is needed any more; it is given up after a minute, as long as patience is.
            self.assertTrue(until(lambda: self.ready(server) == 200, seconds=2 * PATIENCE))
            self.storage.ending.set()

    def test_a_cache_keeps_what_it_has_until_the_files_have_come(self):
        with self.serve_cached() as server:
            server.put("house", HOUSE)
        with self.serve() as other:
            other.put("house", BAND)
        hung = hashlib.sha256(contents(BAND)).hexdigest()
        self.storage.fault = lambda request: "hang" if request.method == "GET" and hung in request.path else None
        with self.serve_cached(wait=False) as server:
            self.assertTrue(until(lambda: "listening" in server.text()))
            self.assertEqual(server.put("tape", HOUSE).status, 201)
            server.kill()
        self.storage.fault = lambda request: "500"
        with self.serve_cached(wait=False) as server:
            self.assertTrue(until(lambda: "listening" in server.text()))
            self.assert_price(server, 0)
            self.storage.fault = lambda request: None
            self.storage.ending.set()
            self.assertTrue(until(lambda: "lagging_since" not in state(server)))
            self.assertEqual(server.request("GET", "/models/house").json()["version"], 2)


class Lagging(ObjectStoreTestCase):
    def test_one_model_that_cannot_be_loaded_keeps_no_other_back(self):
        with self.serve() as one, self.serve() as two, self.serve(env={"VENCEJO_STORE_LAGGING": "unready"}) as three:
            replicas = (two, three)
            one.put("house", HOUSE)
            self.assertTrue(until(lambda: generation(two) == generation(three) == 1))
            bad = hashlib.sha256(contents(HOUSE_2)).hexdigest()
            self.storage.fault = lambda request: "swap" if request.method == "GET" and bad in request.path else None
            one.put("house", HOUSE_2)
            one.put("band", BAND)
            for server in replicas:
                self.assertTrue(
                    until(lambda s=server: s.request("GET", "/models/band").status == 200), "the others follow"
                )
                self.assert_price(server, 0)
                # They need not wait until the bad one has been given up, and only then is it told.
                self.assertTrue(until(lambda s=server: "lagging" in s.request("GET", "/models").json()))
                self.assertTrue(until(lambda s=server: "house version 2" in state(s).get("reason", "")))
                told = server.request("GET", "/models").json()
                (lagging,) = told["lagging"]
                self.assertEqual((lagging["name"], lagging["version"], lagging["serving_version"]), ("house", 2, 1))
                self.assertEqual(told["generation"], 1)
                self.assertEqual(server.request("GET", "/models/house").json()["lagging"]["version"], 2)
                metrics = server.request("GET", "/metrics").body.decode()
                self.assertIn("vencejo_store_lagging_models 1", metrics)
                self.assertIn('vencejo_model_lagging_seconds{model="house"}', metrics)
                self.assertIn("house version 2", state(server)["reason"])
                # What answers tells how new it is, and does not pass for newer.
                row = {"x": 1.0}
                least = {"X-Min-Generation": "3"}
                self.assertEqual(server.request("POST", "/models/house/predict", RECORD, least).status, 503)
                self.assertEqual(server.request("GET", "/models", headers=least).status, 503)
                self.assertNotEqual(server.request("POST", "/models/band/predict", row, least).status, 503)
                self.assertEqual(server.predict(RECORD, "house").field("vencejo-generation"), "1")
            self.assertEqual(two.request("GET", "/health/ready").status, 200)
            self.assertTrue(until(lambda: three.request("GET", "/health/ready").status == 503))
            self.assertEqual(three.request("GET", "/health/ready").json()["status"], "lagging")
            self.storage.fault = lambda request: None
            one.put("house", HOUSE_2)
            for server in replicas:
                self.assertTrue(until(lambda s=server: "lagging_since" not in state(s)))
                self.assert_price(server, 1)
                self.assertEqual(generation(server), 4)
            self.assertTrue(until(lambda: three.request("GET", "/health/ready").status == 200))
            # The same where the store cannot be seen at all.
            self.storage.fault = lambda request: "500"
            self.assertTrue(until(lambda: three.request("GET", "/health/ready").status == 503))
            self.assertTrue(until(lambda: "lagging_since" in state(two)))
            self.assertEqual(two.request("GET", "/health/ready").status, 200)
            self.storage.fault = lambda request: None
            self.assertTrue(until(lambda: three.request("GET", "/health/ready").status == 200))


if __name__ == "__main__":
    unittest.main()
