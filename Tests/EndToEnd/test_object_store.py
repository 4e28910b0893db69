"""Stores that are not on this machine: S3's protocol, Cloud Storage's, a web server; and what happens when they fail."""

import base64
import concurrent.futures
import datetime
import hashlib
import itertools
import json
import os
import shutil
import ssl
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from harness import BAND, HOUSE, HOUSE_2, Server, contents, expected, is_close, large_bundle, run_command, until
from object_store import BUCKET, TOKEN, CloudStorage, Metadata, SimpleStorage, TokenService, WebStore

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = (expected()["house-price"]["predictions"][1], expected()["house-price-v2"]["predictions"][1])
STORE = f"s3://{BUCKET}/team/prod"
POLL = ("--store-poll", "0.2")


def generation(server):
    return server.request("GET", "/models").json()["generation"]


def state(server):
    return server.request("GET", "/health/ready").json()["store"]


class ObjectStoreTestCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="vencejo-objects-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.storage = self.enterContext(SimpleStorage())

    def tearDown(self):
        self.assertEqual(self.storage.problems, [], "every signature is right")

    def serve(self, place=STORE, storage=None, *, env=None, arguments=POLL, **more):
        settings = dict((storage or self.storage).environment(), **(env or {}))
        # One loop: what one answer shows the next one shows as well.
        return Server(store=place, env=settings, arguments=arguments, loops=1, **more)

    def assert_price(self, server, which, model="house"):
        self.assertTrue(is_close(server.price(RECORD, model), PRICES[which]), f"expected version {which}")


class Simple(ObjectStoreTestCase):
    def test_uploads_survive_a_restart_and_lie_in_the_layout_of_files(self):
        with self.serve() as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
            self.assertEqual(server.put("band", BAND).status, 201)
            tag = server.request("GET", "/models/house").field("etag")
        keys = [key.removeprefix("team/prod/") for key in self.storage.keys()]
        self.assertEqual(sum(key.startswith("blobs/sha256/") for key in keys), 3)
        self.assertEqual(sum(key.endswith(".json") for key in keys), 4, "three manifests and a hint")
        self.assertEqual(json.loads(self.storage.get("team/prod/manifests/latest.json")), {"generation": 3})
        with self.serve() as server:
            self.assert_price(server, 1)
            self.assertEqual(server.request("GET", "/models/house").field("etag"), tag)
            code, out, errors = run_command("models", "--store", STORE, env=self.storage.environment())
            self.assertEqual((code, errors), (0, ""))
            self.assertIn("generation 3, 2 models", out)
            self.assertRegex(out, r"house +version 2 +sha256:[0-9a-f]{64} .*\(current")
            self.assertNotIn("AKID", server.text())

    def test_push_publishes_what_servers_then_serve(self):
        env = self.storage.environment()
        with self.serve() as server:
            code, out, errors = run_command("push", HOUSE, STORE, "--name", "house", env=env)
            self.assertEqual((code, errors), (0, ""))
            self.assertIn("house version 1 is generation 1", out)
            self.assertTrue(until(lambda: generation(server) == 1))
            self.assert_price(server, 0)
            self.assertEqual(run_command("push", HOUSE_2, STORE, "--name", "house", env=env)[0], 0)
            self.assertTrue(until(lambda: generation(server) == 2))
            self.assert_price(server, 1)
        damaged = os.path.join(self.directory, "damaged.pkl")
        with open(damaged, "wb") as file:
            file.write(contents(HOUSE)[:-7])
        code, _, errors = run_command("push", damaged, STORE, "--name", "house", env=env)
        self.assertEqual(code, 1)
        self.assertIn("cannot be served", errors)
        self.assertEqual(len([key for key in self.storage.keys() if "manifests/0" in key]), 2)

    def test_a_look_without_news_is_one_request(self):
        with self.serve() as server:
            server.put("house", HOUSE)
            # One that was under way when the first manifest was made may have found it there.
            self.assertTrue(until(lambda: self.storage.count("GET", "/manifests/0000000000000002.json") >= 1))
            self.storage.requests.clear()
            self.assertTrue(until(lambda: self.storage.count("GET", "/manifests/0000000000000002.json") >= 5))
            self.assertEqual(
                {request.path.rpartition("/")[2] for request in self.storage.requests}, {"0000000000000002.json"}
            )

    def test_failures_in_passing_are_not_seen(self):
        failed = set()

        def fault(request):
            # The first of each kind of request fails, in turns.
            key = (request.method, request.path)
            if key in failed:
                return None
            failed.add(key)
            return ("500", "503", "slow", "cut")[len(failed) % (4 if request.method == "GET" else 2)]

        self.storage.fault = fault
        with self.serve() as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
            self.assert_price(server, 1)
        failed.clear()
        with self.serve() as server:
            self.assert_price(server, 1)

    def test_a_commit_whose_answer_is_lost_happens_once(self):
        lost = []

        def fault(request):
            if request.method == "PUT" and "/manifests/0" in request.path and request.path not in lost:
                lost.append(request.path)
                return "lost"
            return None

        self.storage.fault = fault
        with self.serve() as server:
            self.assertEqual(server.put("house", HOUSE).json()["version"], 1)
            self.assertEqual(server.put("house", HOUSE_2).json()["version"], 2)
        self.assertEqual(len(lost), 2)
        self.assertEqual(json.loads(self.storage.get("team/prod/manifests/latest.json")), {"generation": 2})

    def test_a_store_that_fails_lets_what_serves_serve_and_says_so(self):
        with self.serve() as server:
            server.put("house", HOUSE)
            self.storage.fault = lambda request: "500"
            self.assertTrue(until(lambda: "lagging_since" in state(server)))
            self.assertIn("500", state(server)["reason"])
            self.assertEqual(server.request("GET", "/health/ready").status, 200)
            self.assert_price(server, 0)
            answer = server.put("house", HOUSE_2)
            self.assertEqual(answer.status, 503, answer)
            metrics = server.request("GET", "/metrics").body.decode()
            self.assertRegex(metrics, r'vencejo_store_looks_total\{outcome="failed"\} [1-9]')
            self.storage.fault = lambda request: None
            self.assertTrue(until(lambda: "lagging_since" not in state(server)))
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
            self.assert_price(server, 1)

    def test_a_start_is_not_ready_without_a_model_that_will_come(self):
        cache = os.path.join(self.directory, "cache")
        env = {"VENCEJO_STORE_CACHE": cache, "VENCEJO_STORE_START_SECONDS": "2"}
        with self.serve(env=env) as server:
            server.put("house", HOUSE)
        faults = {
            "the store is away": lambda request: "500",
            "its files are": lambda request: "500" if request.method == "GET" and "/blobs/" in request.path else None,
        }
        for (title, fault), poll in itertools.product(faults.items(), ("0", "0.2")):
            with self.subTest(title, poll=poll):
                for name in os.listdir(cache):
                    if not name.startswith(("manifest-", "tmp")):
                        os.remove(os.path.join(cache, name))
                self.storage.fault = fault
                with self.serve(env=env, arguments=("--store-poll", poll), wait=False) as server:
                    self.assertTrue(until(lambda server=server: "listening" in server.text()))
                    self.assertEqual(server.request("GET", "/health/live").status, 200)
                    self.assertEqual(server.request("GET", "/health/ready").status, 503)
                    self.storage.fault = lambda request: None
                    self.assertTrue(until(lambda server=server: server.request("GET", "/health/ready").status == 200))
                    self.assert_price(server, 0)

    def test_files_that_hang_do_not_keep_a_start_from_listening(self):
        with self.serve() as server:
            for name in ("a", "b", "c"):
                server.put(name, HOUSE)
        self.storage.fault = lambda request: "hang" if request.method == "GET" and "/blobs/" in request.path else None
        with self.serve(env={"VENCEJO_STORE_START_SECONDS": "2"}, wait=False) as server:
            self.assertTrue(until(lambda: "listening" in server.text()))
            self.assertEqual(server.request("GET", "/health/ready").status, 503)
            self.storage.fault = lambda request: None
            self.storage.ending.set()
            self.assertTrue(until(lambda: server.request("GET", "/health/ready").status == 200))

    def test_bytes_of_another_digest_never_serve(self):
        env = self.storage.environment()
        with self.serve() as server:
            server.put("house", HOUSE)
            self.storage.fault = lambda request: (
                "swap" if request.method == "GET" and "/blobs/" in request.path else None
            )
            run_command("push", HOUSE_2, STORE, "--name", "house", env=env)
            self.assertTrue(until(lambda: "lagging_since" in state(server)))
            self.assertEqual(state(server)["generation_seen"], 2)
            self.assertEqual(state(server)["generation_served"], 1)
            self.assertTrue(until(lambda: "not those of sha256:" in state(server).get("reason", "")))
            self.assert_price(server, 0)
            self.storage.fault = lambda request: None
            self.assertTrue(until(lambda: state(server)["generation_served"] == 2))
            self.assert_price(server, 1)

    def test_a_redirect_is_not_followed_and_no_error_tells_where(self):
        with self.serve() as server:
            server.put("house", HOUSE)
            self.storage.fault = lambda request: "redirect"
            answer = server.put("house", HOUSE_2)
            self.assertEqual(answer.status, 503)
            self.assertNotIn("169.254", answer.body.decode())
            self.assertIn("not followed", answer.json()["detail"])
            self.assertTrue(until(lambda: "lagging_since" in state(server)))
            self.assertNotIn(self.storage.endpoint.removeprefix("http://"), json.dumps(state(server)))

    def test_an_address_that_only_this_host_reaches_is_refused(self):
        code, _, errors = run_command(
            "models", "--store", STORE, env=self.storage.environment(VENCEJO_S3_ENDPOINT="http://169.254.169.254")
        )
        self.assertEqual(code, 1)
        self.assertIn("address that may not be asked", errors)

    def test_credentials_that_have_ended_are_fetched_again(self):
        metadata = self.enterContext(Metadata())
        self.storage.session_token = metadata.session_token
        env = {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "HOME": self.directory,
            "AWS_EC2_METADATA_DISABLED": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint,
        }
        with self.serve(env=env) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(metadata.count("GET", "/reader"), 1)
            # The service says that they are over, once; then only the new ones are taken.
            told = []
            self.storage.fault = lambda request: "expired" if not told and not told.append(request) else None
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
            self.assertTrue(until(lambda: metadata.count("GET", "/reader") >= 2))
            self.assertNotIn(metadata.session_token, server.text())
        # Those that are about to end are not used at all.
        self.storage.fault = lambda request: None
        metadata.lifetime = 100
        with self.serve(env=env) as server:
            before = metadata.count("GET", "/reader")
            self.assertTrue(until(lambda: metadata.count("GET", "/reader") > before + 2))

    def test_a_task_role_and_a_credentials_file(self):
        metadata = self.enterContext(Metadata(session_token="task"))
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": self.directory}
        self.storage.session_token = "task"
        task = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.endpoint + "/task",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "task-token",
        }
        code, _, errors = run_command("models", "--store", STORE, env=self.storage.environment(**none, **task))
        self.assertEqual((code, errors), (0, ""))
        self.storage.session_token = None
        with open(os.path.join(self.directory, "keys"), "w", encoding="ascii") as file:
            settings = self.storage.environment()
            file.write(f"[default]\nx = y\n[team]\naws_access_key_id = {settings['AWS_ACCESS_KEY_ID']}\n")
            file.write(f"aws_secret_access_key = {settings['AWS_SECRET_ACCESS_KEY']}\n")
        profile = {"AWS_SHARED_CREDENTIALS_FILE": os.path.join(self.directory, "keys"), "AWS_PROFILE": "team"}
        code, _, errors = run_command("models", "--store", STORE, env=self.storage.environment(**none, **profile))
        self.assertEqual((code, errors), (0, ""))
        code, _, errors = run_command("models", "--store", STORE, env=self.storage.environment(**none))
        self.assertEqual(code, 1)
        self.assertIn("there are none", errors)

    def test_a_cache_saves_the_fetch(self):
        cache = os.path.join(self.directory, "cache")
        env = {"VENCEJO_STORE_CACHE": cache}
        with self.serve() as server:
            server.put("house", HOUSE)
        with self.serve(env=env) as server:
            self.assert_price(server, 0)
        self.storage.requests.clear()
        with self.serve(env=env) as server:
            self.assert_price(server, 0)
            self.assertEqual(self.storage.count("GET", "/blobs/"), 0)
        (blob,) = (os.path.join(cache, name) for name in os.listdir(cache) if len(name) == 64)
        with open(blob, "r+b") as file:
            file.write(b"damaged")
        with self.serve(env=env) as server:
            self.assert_price(server, 0)
            self.assertEqual(self.storage.count("GET", "/blobs/"), 1)

    def test_a_file_comes_back_in_pieces(self):
        large = large_bundle()
        with self.serve() as server:
            self.assertEqual(server.put("large", large).status, 201)
            self.storage.requests.clear()
            answer = server.request("GET", "/models/large/bundle", admin=True)
            self.assertEqual((answer.status, answer.body == large), (200, True))
            self.assertEqual(self.storage.count("GET", "/blobs/"), -(-len(large) // (2 << 20)))
            self.storage.fault = lambda request: "swap" if "/blobs/" in request.path else None
            with self.assertRaises(Exception, msg="what is not the file is not given to its end"):
                server.request("GET", "/models/large/bundle", admin=True)
            self.storage.fault = lambda request: None
            self.assertEqual(server.request("GET", "/models/large/bundle", admin=True).body, large)

    def blobs(self):
        return [key.rpartition("/")[2] for key in self.storage.keys() if "/blobs/" in key]

    def test_what_nothing_names_is_put_aside_and_then_removed(self):
        env = {"VENCEJO_STORE_COLLECT_SECONDS": "1"}
        with self.serve(env=env) as server:
            for model, artifact in (("house", HOUSE), ("band", BAND), ("other", HOUSE_2)):
                self.assertEqual(server.put(model, artifact).status, 201)
            for model in ("band", "other"):
                self.assertEqual(server.request("DELETE", f"/models/{model}").status, 204)
            for number in range(17):
                change = {"aliases": {f"a{number}": 1}}
                self.assertEqual(server.request("PATCH", "/models/house", change).status, 200)
            self.assertEqual(len(self.blobs()), 3, "young")
            self.storage.age(4000)
            # A file stands under both names for a moment.
            aside = lambda: (len(self.blobs()), sum("-" in name for name in self.blobs()))
            self.assertTrue(until(lambda: aside() == (3, 2)), self.blobs())
            # The one is published again: it stands under its own name, and its copy goes.
            self.assertEqual(server.put("band", BAND).status, 201)
            self.assertTrue(until(lambda: sum("-" in name for name in self.blobs()) == 1), self.blobs())
            self.storage.age(4000)
            self.assertTrue(until(lambda: len(self.blobs()) == 2), self.blobs())
            self.assertEqual([name for name in self.blobs() if "-" in name], [])
            self.assertTrue(until(lambda: sum("/manifests/0" in key for key in self.storage.keys()) == 16))
            self.assert_price(server, 0)
        with self.serve() as server:
            self.assert_price(server, 0)
            self.assertEqual(server.predict({"RM": 7.2, "LSTAT": 4.1}, "band").status, 200)

    def test_a_file_that_was_put_aside_although_it_is_named_is_found_and_given_back(self):
        with self.serve() as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
        (key,) = (key for key in self.storage.keys() if "/blobs/" in key)
        source = {"Bucket": BUCKET, "Key": key}
        self.storage.client.copy_object(Bucket=BUCKET, Key=key + "-x", CopySource=source)
        self.storage.client.delete_object(Bucket=BUCKET, Key=key)
        self.storage.requests.clear()
        with self.serve(env={"VENCEJO_STORE_COLLECT_SECONDS": "1"}) as server:
            self.assert_price(server, 0)
            self.assertTrue(until(lambda: self.blobs() == [key.rpartition("/")[2]]), self.blobs())

    def test_a_file_that_hangs_on_its_way_keeps_no_other_model_waiting(self):
        with self.serve(env={"VENCEJO_DRAIN_SECONDS": "8"}) as server:
            server.put("house", HOUSE)
            hung = hashlib.sha256(contents(HOUSE_2)).hexdigest()
            self.storage.fault = lambda request: "hang" if request.method == "PUT" and hung in request.path else None

            def is_on_its_way():
                return self.storage.count("PUT", hung) > 0

            # A client that does not wait, and whose publish goes on without it.
            place = server.put("house", HOUSE_2, {"Prefer": "respond-async"}).field("location")
            self.assertTrue(until(is_on_its_way))
            self.assertEqual(server.put("band", BAND).status, 201)
            self.assertEqual(server.request("DELETE", "/models/band").status, 204)
            self.assertEqual(server.put("band", BAND).json()["version"], 2)
            page = server.request("GET", place, admin=True).json()
            self.assertEqual((page["state"], page["step"]), ("running", "publish"))
            self.storage.fault = lambda request: None
            self.storage.ending.set()
            self.assertTrue(until(lambda: server.request("GET", place, admin=True).json()["state"] == "done"))
            self.storage.ending.clear()
            page = server.request("GET", place, admin=True).json()
            self.assertEqual((page["version"], page["generation"], page["status"]), (2, generation(server), 200))
            self.assertEqual(page["etag"], server.request("GET", "/models/house").field("etag"))
            self.assert_price(server, 1)
            # One who waits and goes takes the transfer along, and the next change of that model need not wait for it.
            self.storage.requests.clear()
            self.storage.fault = lambda request: "hang" if request.method == "PUT" and hung in request.path else None
            with server.connect() as connection:
                body = contents(HOUSE_2)
                connection.send(
                    (
                        f"PUT /models/house HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n"
                    ).encode()
                    + body
                )
                self.assertTrue(until(is_on_its_way))
            self.assertEqual(server.put("house", HOUSE).json()["version"], 3)
            # A stop waits for none of it.
            self.storage.requests.clear()
            server.put("house", HOUSE_2, {"Prefer": "respond-async"})
            self.assertTrue(until(is_on_its_way))
            server.stop()

    def test_files_that_hang_on_their_way_here_keep_no_change_waiting(self):
        hung = hashlib.sha256(contents(HOUSE)).hexdigest()
        with self.serve(env={"VENCEJO_STORE_LAGGING": "unready"}) as server, self.serve() as other:
            self.storage.fault = lambda request: "hang" if request.method == "GET" and hung in request.path else None
            generation_of_it = other.put("house", HOUSE).json()["generation"]
            # A look at the store waits for it here, and so does a client who wants the file back there.
            self.assertTrue(until(lambda: self.storage.count("GET", hung) > 0))
            seen = self.storage.count("GET", hung)
            download = other.connect()
            self.addCleanup(download.close)
            head = f"GET /models/house/bundle HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {other.token}\r\n\r\n"
            download.send(head.encode())
            self.assertTrue(until(lambda: self.storage.count("GET", hung) > seen))
            for replica, name in ((server, "band"), (other, "tape")):
                self.assertEqual(replica.put(name, BAND).status, 201)
                self.assertEqual(replica.request("DELETE", f"/models/{name}").status, 204)
                self.assertEqual(replica.put(name, BAND).json()["version"], 2)
            self.assertEqual(server.request("GET", "/models/house").status, 503)
            self.assertIn("has not come from the store yet", state(server)["reason"])
            self.assertLess(state(server)["generation_served"], generation_of_it)
            # What another server publishes comes as well.
            self.assertTrue(until(lambda: server.request("GET", "/models/tape").status == 200))
            self.assertTrue(until(lambda: other.request("GET", "/models/band").status == 200))
            self.assertEqual(server.request("GET", "/models/house").status, 503)
            # It has not failed, and is no reason to take a server out of service.
            self.assertEqual(server.request("GET", "/health/ready").status, 200)
            self.storage.fault = lambda request: None
            self.storage.ending.set()
            self.assertTrue(until(lambda: "lagging_since" not in state(server)))
            self.assertEqual(download.answer().status, 200)
            self.assert_price(server, 0)
            names = [model["name"] for model in server.request("GET", "/models").json()["models"]]
            self.assertEqual(sorted(names), ["band", "house", "tape"])
            # A stop waits for none of it.
            self.storage.ending.clear()
            hung = hashlib.sha256(contents(HOUSE_2)).hexdigest()
            self.storage.fault = lambda request: "hang" if request.method == "GET" and hung in request.path else None
            other.put("house", HOUSE_2)
            self.assertTrue(until(lambda: self.storage.count("GET", hung) > 0))
            server.stop()
            for word in ("cannot be seen", "cannot be served", "could not be collected"):
                self.assertNotIn(word, server.text())

    def test_downloads_that_hang_keep_no_rollback_waiting(self):
        first, hung = (hashlib.sha256(contents(model)).hexdigest() for model in (HOUSE, BAND))
        arguments = ("--store-poll", "0")
        with self.serve() as server:
            for name, model in (("house", HOUSE), ("house", HOUSE_2), ("band", BAND)):
                server.put(name, model)
        self.storage.fault = lambda request: "503" if request.method == "GET" and first in request.path else None
        with self.serve(arguments=arguments) as server:
            self.assertTrue(until(lambda: "a stored model cannot be served" in server.text()))
            self.storage.requests.clear()
            self.storage.fault = lambda request: "hang" if request.method == "GET" and hung in request.path else None
            for _ in range(6):
                download = server.connect()
                self.addCleanup(download.close)
                head = f"GET /models/band/bundle HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
                download.send(head.encode())
            self.assertTrue(until(lambda: self.storage.count("GET", hung) == 4))
            # The version was not to be had when it was fetched for this, and nobody has looked at the store since.
            answer = server.request("PATCH", "/models/house", {"rollback": True})
            self.assertEqual((answer.status, answer.json()["version"]), (200, 1))
            self.assertEqual(self.storage.count("GET", hung), 4)
            self.storage.ending.set()

    def test_a_stop_does_not_wait_for_a_store_that_hangs(self):
        with self.serve(env={"VENCEJO_DRAIN_SECONDS": "10"}) as server:
            server.put("house", HOUSE)
            self.storage.fault = lambda request: "hang"
            seen = len(self.storage.requests)
            self.assertTrue(until(lambda: len(self.storage.requests) > seen))
            # Leaving the block stops it, and checks that it ended by itself, within its drain.

    def test_a_stop_answers_the_uploads_that_hang_at_the_store(self):
        with self.serve(env={"VENCEJO_DRAIN_SECONDS": "8"}) as server:
            server.put("house", HOUSE)
            seen = self.storage.count("PUT", "/blobs/")
            self.storage.fault = lambda request: "hang" if request.method == "PUT" and "/blobs/" in request.path else None
            with concurrent.futures.ThreadPoolExecutor() as clients:
                upload = clients.submit(server.put, "house", HOUSE_2)
                self.assertTrue(until(lambda: self.storage.count("PUT", "/blobs/") > seen))
                server.stop()
                answer = upload.result()
            self.assertEqual(answer.status, 503, answer.body)
            self.assertIn("the server is stopping", answer.json()["detail"])
            self.assertNotIn("cannot be seen", server.text())

    def test_a_stop_lets_a_publish_end_whose_client_did_not_wait(self):
        with self.serve() as server:
            server.put("house", HOUSE)
            self.storage.fault = lambda request: "slow" if "/blobs/" in request.path else None
            asked = server.request(
                "PUT", "/models/house", contents(HOUSE_2), headers={"Prefer": "respond-async"}, admin=True
            )
            self.assertEqual(asked.status, 202)
        self.storage.fault = lambda request: None
        with self.serve() as server:
            self.assert_price(server, 1)


class Following(ObjectStoreTestCase):
    def test_what_one_replica_takes_all_serve(self):
        with self.serve() as one, self.serve() as two, self.serve() as three:
            servers = (one, two, three)
            for number, artifact in enumerate((HOUSE, HOUSE_2) * 3):
                writer = servers[number % 3]
                self.assertIn(writer.put("house", artifact).status, (200, 201))
                self.assertGreaterEqual(generation(writer), number + 1)
                for server in servers:
                    self.assertTrue(until(lambda server=server: generation(server) == number + 1))
                    self.assert_price(server, number % 2)
            self.assertEqual(two.request("DELETE", "/models/house").status, 204)
            self.assertTrue(until(lambda: all(generation(server) == 7 for server in servers)))
            self.assertEqual({server.predict(RECORD, "house").status for server in servers}, {404})

    def test_a_replica_that_is_killed_in_the_middle_of_an_upload_loses_nothing(self):
        for step in ("/blobs/", "/manifests/0", "/manifests/latest"):
            reached = []

            def fault(request, step=step, reached=reached):
                if request.method == "PUT" and step in request.path:
                    reached.append(request)
                    return "hang"
                return None

            with self.serve() as other, self.serve() as victim:
                self.assertIn(other.put("house", HOUSE).status, (200, 201))
                before = generation(other)
                self.assertTrue(until(lambda: generation(victim) == before))
                self.storage.fault = fault
                connection = victim.client()
                connection.request(
                    "PUT", "/models/house", contents(HOUSE_2), {"Authorization": f"Bearer {victim.token}"}
                )
                self.assertTrue(until(lambda: reached), step)
                victim.kill()
                connection.close()
                self.storage.fault = lambda request: None
                # Before the manifest is there the old state serves, from then on the new one; and on it goes.
                is_committed = step == "/manifests/latest"
                if is_committed:
                    self.assertTrue(until(lambda: generation(other) == before + 1))
                self.assert_price(other, 1 if is_committed else 0)
                self.assertEqual(other.put("house", HOUSE_2).status, 200)
                self.assert_price(other, 1)

    def test_every_answer_says_its_generation(self):
        with self.serve(arguments=("--keep-versions", "2")) as server:
            for number, artifact in enumerate((HOUSE, HOUSE_2, HOUSE), 1):
                self.assertEqual(server.put("house", artifact).field("vencejo-generation"), str(number))
            change = server.request("PATCH", "/models/house", {"aliases": {"champion": 2}})
            self.assertEqual(change.field("vencejo-generation"), "4")
            pages = (
                ("/models", None),
                ("/models/house", "3"),
                ("/models/house/versions", "3"),
                ("/models/house/versions/2", "2"),
                ("/models/house/bundle", "3"),
                ("/models/house/versions/1/bundle", "1"),
                ("/v2/models", None),
                ("/v2/models/house", "3"),
                ("/v2/models/house/ready", "3"),
                ("/v2/models/house/versions/champion", "2"),
            )
            for path, version in pages:
                with self.subTest(path=path):
                    answer = server.request("GET", path, admin=True)
                    self.assertEqual((answer.status, answer.field("vencejo-generation")), (200, "4"))
                    self.assertEqual(answer.field("vencejo-version"), version)
                    if answer.field("etag"):
                        known = server.request("GET", path, headers={"If-None-Match": answer.field("etag")}, admin=True)
                        self.assertEqual((known.status, known.field("vencejo-generation")), (304, "4"))
            dry = server.request("PUT", "/models/house?dry_run=true", contents(HOUSE_2))
            self.assertEqual((dry.status, dry.field("vencejo-generation")), (200, None))
            self.assertEqual(server.request("DELETE", "/models/house/versions/1").field("vencejo-generation"), "5")
            self.assertEqual(server.request("DELETE", "/models/house").field("vencejo-generation"), "6")
            self.assertEqual(server.request("GET", "/models").field("vencejo-generation"), "6")

    def test_a_request_may_name_the_least_generation(self):
        with self.serve() as one, self.serve(arguments=("--store-poll", "3600")) as two:
            for artifact, which in ((HOUSE, 0), (HOUSE_2, 1), (HOUSE, 0)):
                one.put("house", artifact)
                field = {"X-Min-Generation": str(generation(one))}
                # It would not look for an hour: being asked makes it look.
                answer = two.request("POST", "/models/house/predict", RECORD, field)
                self.assertEqual(answer.status, 200, answer)
                self.assertTrue(is_close(answer.json()["prediction"], PRICES[which]))
                self.assertEqual(two.request("GET", "/models", headers=field).status, 200)
                self.assertEqual(two.request("GET", "/models/house", headers=field).status, 200)
            ahead = {"X-Min-Generation": "999"}
            asked = (("POST", "/models/house/predict", RECORD), ("GET", "/models", None), ("GET", "/models/house", None))
            for method, path, body in asked:
                answer = two.request(method, path, body, ahead)
                self.assertEqual(answer.status, 503, answer)
                self.assertEqual(answer.field("retry-after"), "1")
                self.assertIn("generation 999 was asked for", answer.json()["detail"])
            for text in ("x", "-1", "1.5", "", "99999999999999999999"):
                answer = two.request("POST", "/models/house/predict", RECORD, {"X-Min-Generation": text})
                self.assertEqual(answer.status, 400, answer)
            self.assertEqual(two.request("POST", "/models/house/predict", RECORD, {"X-Min-Generation": "1"}).status, 200)

    def test_a_server_that_slept_finds_out_what_it_missed(self):
        with self.serve() as one, self.serve() as two:
            one.put("house", HOUSE)
            self.assertTrue(until(lambda: generation(two) == 1))
            os.kill(two.process.pid, 19)
            one.put("house", HOUSE_2)
            os.kill(two.process.pid, 18)
            self.assertTrue(until(lambda: generation(two) == 2))

    def test_a_directory_that_others_write_is_followed(self):
        place = os.path.join(self.directory, "store")
        with Server(store=place, arguments=POLL, loops=1) as one, Server(store=place, arguments=POLL, loops=1) as two:
            one.put("house", HOUSE)
            self.assertTrue(until(lambda: generation(two) == 1))
            self.assert_price(two, 0)
            self.assertEqual(run_command("push", HOUSE_2, place, "--name", "house")[0], 0)
            self.assertTrue(until(lambda: generation(one) == generation(two) == 2))
            self.assert_price(one, 1)
            self.assert_price(two, 1)


class Google(ObjectStoreTestCase):
    place = f"gs://{BUCKET}/prod"

    def test_serves_from_cloud_storage_by_the_metadata_servers_token(self):
        cloud = self.enterContext(CloudStorage())
        metadata = self.enterContext(Metadata())
        env = {"VENCEJO_GCS_ENDPOINT": cloud.endpoint, "GCE_METADATA_HOST": metadata.address}
        cloud.fault = lambda request, seen=[]: "503" if len(seen) < 3 and not seen.append(request) else None
        with Server(store=self.place, env=env, arguments=POLL, loops=1) as one:
            self.assertEqual(one.put("house", HOUSE).status, 201)
            self.assertEqual(one.put("house", HOUSE_2).status, 200)
            with Server(store=self.place, env=env, arguments=POLL, loops=1) as two:
                self.assert_price(two, 1)
                # Two that have the same in hand: one wins, and the other comes on top of it.
                self.assertEqual(two.put("band", BAND).status, 201)
                self.assertEqual(one.put("house", HOUSE).status, 200)
                self.assertTrue(until(lambda: generation(one) == generation(two) == 4))
                self.assertEqual(len(two.request("GET", "/models").json()["models"]), 2)
            self.assertTrue(one.request("GET", "/models/house/bundle", admin=True).body == contents(HOUSE))
            # A token that is taken back is fetched again.
            count = len(metadata.requests)
            cloud.token = "another"
            self.assertTrue(until(lambda: "lagging_since" in state(one) and len(metadata.requests) > count))
            cloud.token = TOKEN
            self.assertTrue(until(lambda: "lagging_since" not in state(one)))
            self.assertNotIn(TOKEN, one.text())

    def test_cloud_storage_is_collected(self):
        metadata = self.enterContext(Metadata())
        cloud = self.enterContext(CloudStorage())
        env = {
            "VENCEJO_GCS_ENDPOINT": cloud.endpoint,
            "GCE_METADATA_HOST": metadata.address,
            "VENCEJO_STORE_COLLECT_SECONDS": "1",
        }
        # All that it lists is of January.
        with Server(store=self.place, env=env, arguments=POLL, loops=1) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(server.put("band", BAND).status, 201)
            self.assertEqual(server.request("DELETE", "/models/band").status, 204)
            self.assertTrue(until(lambda: sum("/blobs/" in key for key in cloud.objects) == 1), cloud.objects.keys())
            self.assertTrue(any("-" in request.path.rpartition("/")[2] for request in cloud.requests), "put aside first")
            self.assert_price(server, 0)

    def test_a_service_account_signs_for_itself(self):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

        def check(form):
            head, claims, signature = form["assertion"].split(".")
            decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))  # noqa: E731
            key.public_key().verify(
                decode(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            told = json.loads(decode(claims))
            is_right = told["iss"] == "robot@example.com" and told["exp"] - told["iat"] == 3600
            return None if is_right and told["aud"] == service.endpoint + "/token" else f"claims: {told}"

        cloud = self.enterContext(CloudStorage())
        service = self.enterContext(TokenService(check))
        path = os.path.join(self.directory, "account.json")
        with open(path, "w", encoding="utf-8") as file:
            account = {
                "type": "service_account",
                "client_email": "robot@example.com",
                "private_key_id": "k1",
                "private_key": key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ).decode(),
                "token_uri": service.endpoint + "/token",
            }
            json.dump(account, file)
        env = {"VENCEJO_GCS_ENDPOINT": cloud.endpoint, "GOOGLE_APPLICATION_CREDENTIALS": path}
        code, out, errors = run_command("push", HOUSE, self.place, "--name", "house", env=env)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("house version 1", out)
        self.assertEqual(service.problems, [])
        self.assertEqual(len(service.requests), 1)


class Web(ObjectStoreTestCase):
    def test_follows_a_directory_behind_a_web_server(self):
        place = os.path.join(self.directory, "store")
        with Server(store=place, loops=1) as writer:
            writer.put("house", HOUSE)
            web = self.enterContext(WebStore(place))
            with Server(store=web.endpoint + "/store", arguments=POLL, loops=1) as reader:
                self.assert_price(reader, 0)
                answer = reader.put("house", HOUSE)
                self.assertEqual(answer.status, 503, answer)
                for fault, artifact, which in (("cut", HOUSE_2, 1), ("stale", HOUSE, 0)):
                    web.fault = lambda request, fault=fault: (
                        fault if fault == "stale" or "/blobs/" in request.path else None
                    )
                    self.assertEqual(writer.put("house", artifact).status, 200)
                    self.assertTrue(until(lambda: generation(reader) == generation(writer)))
                    self.assert_price(reader, which)
                for fault in ("500", "redirect"):
                    web.fault = lambda request, fault=fault: fault
                    self.assertTrue(until(lambda: "lagging_since" in state(reader)))
                    self.assert_price(reader, 0)
                    web.fault = lambda request: None
                    self.assertTrue(until(lambda: "lagging_since" not in state(reader)))

    def test_a_certificate_that_is_not_trusted_is_refused(self):
        place = os.path.join(self.directory, "store")
        self.assertEqual(run_command("push", HOUSE, place, "--name", "house")[0], 0)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a store of the tests")])
        begin = datetime.datetime(2020, 1, 1)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=36500))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        path = os.path.join(self.directory, "certificate.pem")
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        web = self.enterContext(WebStore(place))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
        port = web.address.rpartition(":")[2]
        trusting = {"VENCEJO_STORE_CA_FILE": path}
        code, out, errors = run_command("models", "--store", f"https://localhost:{port}/store", env=trusting)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("generation 1, 1 model\n", out)
        # Nobody vouches for it; and it is not the one that was asked for.
        for host, env in (("localhost", {}), ("127.0.0.1", trusting)):
            code, _, errors = run_command("models", "--store", f"https://{host}:{port}/store", env=env)
            self.assertEqual(code, 1)
            self.assertIn("certificate is not trusted", errors)

    def test_a_place_that_is_none_keeps_a_server_from_starting(self):
        code, _, errors = run_command("models", "--store", "http://127.0.0.1:1/store")
        self.assertEqual(code, 1)
        self.assertIn("cannot be reached", errors)
        for place in ("http://example.com/", "s3://bucket/../x", "ftp://host/", "https://user:secret@host/"):
            code, _, errors = run_command("serve", "--store", place, "--port", "0")
            self.assertEqual(code, 1)
            self.assertIn("store", errors)


class Local(unittest.TestCase):
    def test_an_upload_that_no_store_keeps_says_so_or_is_refused(self):
        with Server({"house": HOUSE}) as server:
            answer = server.put("band", BAND)
            self.assertEqual(answer.field("vencejo-stored"), "this instance only", answer)
            self.assertRegex(server.text(), "it serves on this instance only.*band")
            answer = server.request("PATCH", "/models/band", {"aliases": {"canary": 1}})
            self.assertEqual(answer.field("vencejo-stored"), "this instance only", answer)
            answer = server.put("band?dry_run=true", BAND)
            self.assertEqual((answer.status, answer.field("vencejo-stored")), (200, None), answer)
            answer = server.put("band", HOUSE, {"Prefer": "respond-async"})
            self.assertEqual((answer.status, answer.field("vencejo-stored")), (202, "this instance only"), answer)
            place = answer.field("location")
            self.assertTrue(until(lambda: server.request("GET", place, admin=True).json()["state"] == "done"))
            self.assertEqual(server.request("GET", place, admin=True).json()["stored"], "this instance only")
            self.assertEqual(server.predict(RECORD, headers={"X-Min-Generation": "5"}).status, 503)
        with Server({"house": HOUSE}, arguments=("--uploads", "refuse")) as server:
            answer = server.put("band", BAND)
            self.assertEqual(answer.status, 403, answer)
            self.assertIn("no store", answer.json()["detail"])
        self.assertEqual(run_command("serve", HOUSE, "--uploads", "maybe")[0], 1)


if __name__ == "__main__":
    unittest.main()
