"""What is uploaded survives: restarts, kill -9 at any moment, full and unwritable disks."""

import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (
    BAND,
    HOUSE,
    HOUSE_2,
    PATIENCE,
    Server,
    clean_environment,
    contents,
    expected,
    find_binary,
    is_close,
    until,
)

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = (expected()["house-price"]["predictions"][1], expected()["house-price-v2"]["predictions"][1])
ARTIFACTS = (contents(HOUSE), contents(HOUSE_2))
KILL_SECONDS = 8
KILLS_MIN = 6
NOBODY = 65534


class StoreTestCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="vencejo-store-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.store = os.path.join(self.directory, "store")

    def assert_price(self, server, which, model="house"):
        self.assertTrue(is_close(server.price(RECORD, model), PRICES[which]), f"expected version {which}")

    def assert_refused(self, answer, statuses):
        self.assertIn(answer.status, statuses, answer)
        self.assertEqual(answer.field("content-type"), "application/problem+json", answer)
        self.assertTrue(answer.json()["detail"], answer)


class Restart(StoreTestCase):
    def test_uploads_survive_a_restart(self):
        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(server.put("band", BAND).status, 201)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
            self.assertEqual(server.put("gone", HOUSE).status, 201)
            self.assertEqual(server.request("DELETE", "/models/gone").status, 204)
            before = server.request("GET", "/models").json()
            tags = {name: server.request("GET", f"/models/{name}").field("etag") for name in ("house", "band")}
        for _ in range(2):
            with Server(store=self.store) as server:
                after = server.request("GET", "/models").json()
                self.assertEqual(
                    sorted((model["name"], model["digest"]) for model in after["models"]),
                    sorted((model["name"], model["digest"]) for model in before["models"]),
                )
                self.assertGreaterEqual(after["generation"], before["generation"])
                for name, tag in tags.items():
                    self.assertEqual(server.request("GET", f"/models/{name}").field("etag"), tag)
                self.assert_price(server, 1)
                self.assertEqual(server.predict({"RM": 7.2, "LSTAT": 4.1}, "band").json()["prediction"], 1)

    def test_without_a_store_uploads_end_with_the_process(self):
        with Server({"first": HOUSE}) as server:
            self.assertEqual(server.put("house", HOUSE_2).status, 201)
        with Server({"first": HOUSE}) as server:
            self.assertEqual([model["name"] for model in server.request("GET", "/models").json()["models"]], ["first"])

    def test_the_store_wins_over_the_command_line_for_the_same_name(self):
        with Server({"house": HOUSE}, store=self.store) as server:
            self.assert_price(server, 0)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
        with Server({"house": HOUSE}, store=self.store) as server:
            self.assert_price(server, 1)
            self.assertTrue(is_close(server.price(RECORD), PRICES[1]), "it is still the default")

    def test_a_precondition_holds_over_a_restart(self):
        with Server(store=self.store) as server:
            old = server.put("house", HOUSE).field("etag")
            new = server.put("house", HOUSE_2).field("etag")
        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE, {"If-Match": old}).status, 412)
            self.assertEqual(server.put("house", HOUSE, {"If-Match": new}).status, 200)

    def test_a_damaged_blob_takes_only_its_own_model_away(self):
        with Server(store=self.store) as server:
            server.put("house", HOUSE)
            server.put("band", BAND)
        damaged = 0
        for folder, _, names in os.walk(self.store):
            for name in names:
                path = os.path.join(folder, name)
                if contents(path) == ARTIFACTS[0]:
                    os.chmod(path, 0o600)
                    with open(path, "r+b") as file:
                        file.seek(1000)
                        file.write(b"damaged!")
                    damaged += 1
        self.assertEqual(damaged, 1, "the artifact's own bytes lie in the store once")
        with Server(store=self.store) as server:
            self.assertEqual(server.predict({"RM": 7.2, "LSTAT": 4.1}, "band").status, 200)
            answer = server.predict(RECORD, "house")
            self.assertIn(answer.status, (404, 503), f"damaged bytes may not serve: {answer}")
            self.assertIn(server.put("house", HOUSE).status, (200, 201), "an upload repairs it")
            self.assert_price(server, 0)

    def test_foreign_files_in_the_store_do_no_harm(self):
        with Server(store=self.store) as server:
            server.put("house", HOUSE)
        for folder, directories, _ in list(os.walk(self.store)):
            for name, data in (
                (".DS_Store", b"x"),
                ("lost+found", b""),
                ("99999999999999999999999.json", b"{"),
                ("junk.tmp", b"x" * 100),
            ):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
        with Server(store=self.store) as server:
            self.assert_price(server, 0)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)

    def test_the_newest_manifest_cut_off_falls_back_or_refuses_but_serves_nothing_wrong(self):
        with Server(store=self.store) as server:
            server.put("house", HOUSE)
            server.put("house", HOUSE_2)
        manifests = sorted(
            (name for name in os.listdir(os.path.join(self.store, "manifests"))), key=lambda n: (len(n), n)
        )
        path = os.path.join(self.store, "manifests", manifests[-1])
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.truncate(10)
        server = Server(store=self.store, wait=False)
        try:
            try:
                server.wait_ready()
            except AssertionError:
                self.assertNotEqual(server.process.poll(), None)
                self.assertIn("manifest", server.text().lower())
                return
            answer = server.predict(RECORD, "house")
            self.assertIn(answer.status, (200, 404))
            if answer.status == 200:
                self.assertTrue(any(is_close(answer.json()["prediction"], price) for price in PRICES))
        finally:
            server.kill()
            server.remove_directory()


class KillNine(StoreTestCase):
    def test_kill_9_at_random_moments_leaves_the_old_or_the_new_state(self):
        seed = int(os.environ.get("VENCEJO_SEED") or random.randrange(1 << 32))
        chooser = random.Random(seed)
        acknowledged, tried, generation, rounds, served = None, None, 0, 0, 0
        deadline = time.monotonic() + KILL_SECONDS
        while time.monotonic() < deadline or rounds < KILLS_MIN:
            server = Server(store=self.store)
            try:
                note = (
                    f"VENCEJO_SEED={seed}, round {rounds}, acknowledged {acknowledged}, tried {tried}: {server.text()}"
                )
                page = server.request("GET", "/models").json()
                models = {model["name"]: model for model in page["models"]}
                self.assertGreaterEqual(page["generation"], generation, note)
                if "house" in models:
                    price = server.price(RECORD, "house")
                    allowed = {which for which in (acknowledged, tried) if which is not None}
                    found = [which for which in allowed if is_close(price, PRICES[which])]
                    self.assertTrue(found, f"{note}: {price}")
                    served = found[0]
                else:
                    self.assertIsNone(acknowledged, f"an acknowledged model is gone: {note}")
                answer = server.put("house", ARTIFACTS[1 - served])
                self.assertIn(answer.status, (200, 201), note)
                acknowledged = tried = 1 - served
                generation = answer.json()["generation"]
                state = {"acknowledged": acknowledged, "tried": tried, "generation": generation}

                def upload():
                    client = server.client()
                    try:
                        while True:
                            state["tried"] = 1 - state["acknowledged"]
                            answer = server.put("house", ARTIFACTS[state["tried"]], client=client)
                            assert answer.status == 200, answer
                            state["generation"] = answer.json()["generation"]
                            state["acknowledged"] = state["tried"]
                    except (OSError, ValueError, Exception):
                        pass  # The server was killed in the middle: that is the test.
                    finally:
                        client.close()

                thread = threading.Thread(target=upload, daemon=True)
                thread.start()
                thread.join(chooser.uniform(0, 0.12))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                thread.join(PATIENCE)
                self.assertFalse(thread.is_alive(), note)
                acknowledged, tried, generation = state["acknowledged"], state["tried"], state["generation"]
                rounds += 1
            finally:
                server.kill()
                server.remove_directory()
        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE).status, 200)
            self.assert_price(server, 0)
        print(f"\n{rounds} rounds of kill -9, generation {generation}", flush=True)


class TroubledStore(StoreTestCase):
    def check_old_state(self, server, which=0):
        self.assert_price(server, which)
        for path in ("/health/live", "/health/ready", "/models", "/metrics"):
            self.assertEqual(server.request("GET", path).status, 200, path)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
    def test_a_full_disk_is_507_and_the_old_state_stays(self):
        os.mkdir(self.store)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", self.store], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest(f"mount is not allowed here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.store], capture_output=True)
        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            filler = os.path.join(self.store, "filler")
            with open(filler, "wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
            for _ in range(3):
                self.assert_refused(server.put("house", HOUSE_2), (507,))
                self.check_old_state(server)
            self.assert_refused(server.put("other", BAND), (507,))
            self.assertEqual(server.predict(RECORD, "other").status, 404)
            os.remove(filler)
            self.assertEqual(server.put("house", HOUSE_2).status, 200, "with room again it works")
            self.assert_price(server, 1)
        with Server(store=self.store) as server:
            self.assert_price(server, 1)

    def test_a_file_size_limit_is_a_5xx_and_the_old_state_stays(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        with Server(store=self.store, preexec=limit) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assert_refused(server.put("house", BAND), (503, 507))
            self.check_old_state(server)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)
        with Server(store=self.store) as server:
            self.assert_price(server, 1)

    def test_an_unwritable_store_is_503_and_the_old_state_stays(self):
        binary, user = find_binary(), None
        if os.geteuid() == 0:
            # Root writes everywhere, so the server runs as nobody here; it has to be able to read its binary.
            user = NOBODY
            place = os.path.join(self.directory, "bin")
            os.chmod(self.directory, 0o755)
            os.mkdir(place)
            shutil.copy(binary, os.path.join(place, "vencejo"))
            os.chmod(os.path.join(place, "vencejo"), 0o755)
            try:
                code = subprocess.run(
                    [os.path.join(place, "vencejo"), "--version"],
                    user=user,
                    capture_output=True,
                    env=clean_environment(),
                ).returncode
            except OSError as error:
                self.skipTest(f"cannot run as nobody here: {error}")
            if code != 0:
                self.skipTest("the binary does not run as nobody here")
            previous = os.environ.get("VENCEJO_BINARY")
            os.environ["VENCEJO_BINARY"] = os.path.join(place, "vencejo")
            self.addCleanup(
                lambda: (
                    os.environ.pop("VENCEJO_BINARY")
                    if previous is None
                    else os.environ.__setitem__("VENCEJO_BINARY", previous)
                )
            )
        os.mkdir(self.store)
        if user:
            os.chown(self.store, user, user)
        with Server(store=self.store, user=user) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.set_writable(False)
            try:
                for _ in range(3):
                    self.assert_refused(server.put("house", HOUSE_2), (503,))
                    self.check_old_state(server)
                self.assert_refused(server.request("DELETE", "/models/house"), (503,))
                self.check_old_state(server)
            finally:
                self.set_writable(True)
            self.assertEqual(server.put("house", HOUSE_2).status, 200, "writable again it works")
            self.assert_price(server, 1)

    def set_writable(self, writable):
        for folder, _, _ in os.walk(self.store):
            mode = stat.S_IMODE(os.stat(folder).st_mode)
            os.chmod(folder, mode | 0o700 if writable else mode & ~0o222)

    def test_a_store_whose_directory_is_taken_away_is_a_5xx(self):
        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            os.rename(self.store, self.store + ".away")
            with open(self.store, "wb"):
                pass
            self.assert_refused(server.put("house", HOUSE_2), (503, 507))
            self.check_old_state(server)
            os.remove(self.store)
            os.rename(self.store + ".away", self.store)
            self.assertEqual(server.put("house", HOUSE_2).status, 200)

    def test_a_store_that_is_a_file_is_refused_at_start(self):
        with open(self.store, "wb"):
            pass
        server = Server(store=self.store, wait=False)
        try:
            self.assertNotEqual(server.wait(), 0)
            self.assertIn("store", server.text())
        finally:
            server.kill()
            server.remove_directory()


class Leftovers(StoreTestCase):
    def files(self):
        return sum(len(names) for _, _, names in os.walk(self.store))

    def size(self):
        return sum(
            os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(self.store) for name in names
        )

    def test_refused_and_broken_off_uploads_leave_no_bytes(self):
        from harness import head

        with Server(store=self.store) as server:
            self.assertEqual(server.put("house", HOUSE).status, 201)
            before = self.size()
            for _ in range(5):
                self.assertEqual(server.put("house", b"\x80\x04" + b"junk" * 50_000).status, 422)
                with server.connect() as connection:
                    connection.send(
                        head("PUT", "/models/house", "Content-Length: 1000000", f"Authorization: Bearer {server.token}")
                        + b"x" * 300_000
                    )
            # One more upload goes through the same control thread, behind all of those. That the clients have left is noticed
            # at once, or it would take the time-out of a slow body.
            self.assertEqual(server.put("house", HOUSE).status, 200)
            self.assertTrue(until(lambda: self.size() < before + 20_000), self.size() - before)

    def test_the_same_bytes_are_kept_once(self):
        with Server(store=self.store) as server:
            for index in range(20):
                self.assertEqual(server.put(f"house-{index}", HOUSE).status, 201)
        copies = [
            name
            for folder, _, names in os.walk(self.store)
            for name in names
            if contents(os.path.join(folder, name)) == ARTIFACTS[0]
        ]
        self.assertEqual(len(copies), 1)

    def test_a_model_named_at_start_is_not_lost_by_an_upload_of_another(self):
        with Server({"house": HOUSE}, store=self.store) as server:
            self.assertEqual(server.put("band", BAND).status, 201)
        with Server(store=self.store) as server:
            names = [model["name"] for model in server.request("GET", "/models").json()["models"]]
            self.assertIn("band", names)
            json.dumps(names)


if __name__ == "__main__":
    unittest.main()
