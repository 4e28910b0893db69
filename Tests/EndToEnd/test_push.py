"""`vencejo push`: into a store beside servers that keep versions, and to a server that runs."""

import os
import shutil
import tempfile
import unittest

from harness import BAND, HOST, HOUSE, HOUSE_2, Server, ServerTestCase, run_command, until


class IntoAStore(unittest.TestCase):
    def setUp(self):
        self.store = tempfile.mkdtemp(prefix="vencejo-store-")
        self.addCleanup(shutil.rmtree, self.store, ignore_errors=True)

    def push(self, *arguments, env=None):
        code, output, errors = run_command("push", HOUSE, self.store, "--name", "house", *arguments, env=env)
        self.assertEqual((code, errors), (0, ""), output)

    def versions(self):
        code, output, errors = run_command("models", "--store", self.store)
        self.assertEqual((code, errors), (0, ""), output)
        lines = [line.split() for line in output.splitlines() if line.startswith("  house ")]
        return sorted(int(words[words.index("version") + 1]) for words in lines)

    def test_a_push_keeps_as_many_ways_back_as_there_are(self):
        arguments = ("--keep-versions", "5", "--store-poll", "0.2")
        with Server({}, store=self.store, arguments=arguments) as server:
            for number in range(6):
                self.assertIn(server.put("house", (HOUSE, HOUSE_2)[number % 2]).status, (200, 201))
            self.assertEqual(self.versions(), [1, 2, 3, 4, 5, 6])
            self.push()
            self.assertEqual(self.versions(), [2, 3, 4, 5, 6, 7])

            def served():
                page = server.request("GET", "/models/house/versions").json()
                return sorted(version["version"] for version in page["versions"])

            self.assertTrue(until(lambda: served() == [2, 3, 4, 5, 6, 7]), served())

    def test_a_push_is_told_how_many_to_keep(self):
        expected = [[1], [1, 2], [2, 3]]
        for versions in expected:
            self.push()
            self.assertEqual(self.versions(), versions)
        self.push("--keep-versions", "3")
        self.assertEqual(self.versions(), [2, 3, 4])
        self.push("--keep-versions", "3", env={"VENCEJO_KEEP_VERSIONS": "0"})
        self.assertEqual(self.versions(), [2, 3, 4, 5], "the flag wins")
        self.push(env={"VENCEJO_KEEP_VERSIONS": "1"})
        self.assertEqual(self.versions(), [5, 6])

    def test_a_number_that_is_none_writes_nothing(self):
        for arguments, env in ((("--keep-versions", "65"), None), ((), {"VENCEJO_KEEP_VERSIONS": "many"})):
            code, output, errors = run_command("push", HOUSE, self.store, *arguments, env=env)
            self.assertGreater(code, 0, output)
            self.assertIn("from 0 to 64", errors)
        self.assertEqual(os.listdir(self.store), [])

    def test_a_server_has_a_number_of_its_own(self):
        code, _, errors = run_command("push", HOUSE, f"http://{HOST}:1", "--keep-versions", "2")
        self.assertEqual(code, 64)
        self.assertIn("to a store", errors)

    def test_what_a_server_does_is_not_asked_of_a_store(self):
        for flags in (("--shadow", "off"), ("--dry-run",), ("--if-match", '"x"')):
            with self.subTest(flags=flags):
                code, _, errors = run_command("push", HOUSE, self.store, *flags)
                self.assertEqual(code, 64)
                self.assertIn("to a server", errors)
        self.assertEqual(os.listdir(self.store), [])


class ToAServer(ServerTestCase):
    models = {}

    def push(self, artifact, *arguments):
        place = f"http://{HOST}:{self.server.port}"
        env = {"VENCEJO_ADMIN_TOKEN": self.server.token}
        return run_command("push", artifact, place, "--name", self.name, *arguments, env=env)

    def setUp(self):
        self.name = "m-" + self.id().rsplit(".", 1)[1].replace("_", "-")
        self.assertEqual(self.server.put(self.name, HOUSE).status, 201)

    def page(self):
        return self.server.request("GET", "/models/" + self.name)

    def warnings(self, errors):
        return [line for line in errors.splitlines() if line.startswith("warning: ")]

    def test_limits_that_were_broken_are_told(self):
        code, output, errors = self.push(BAND)
        self.assertEqual(code, 0, errors)
        self.assertIn(f"{self.name} version 2 serves", output)
        limits = self.page().json()["certificate"]["shadow"]["broken_limits"]
        self.assertGreater(len(limits), 0)
        self.assertEqual(self.warnings(errors), [f"warning: {self.name} version 2: {limit}" for limit in limits])
        code, _, errors = self.push(BAND)
        self.assertEqual((code, self.warnings(errors)), (0, []), "nothing is broken")

    def test_the_policy_of_one_push(self):
        code, output, errors = self.push(BAND, "--shadow", "refuse")
        self.assertEqual((code, output), (1, ""), errors)
        self.assertEqual(self.page().json()["version"], 1)
        code, _, errors = self.push(BAND, "--shadow", "off")
        self.assertEqual((code, self.warnings(errors)), (0, []))
        self.assertEqual(self.page().json()["version"], 2)
        self.assertEqual(self.push(BAND, "--shadow", "loud")[0], 64)

    def test_a_dry_run_publishes_nothing(self):
        code, output, errors = self.push(BAND, "--dry-run")
        self.assertEqual(code, 0, errors)
        self.assertIn(f"{self.name} version 2 would serve", output)
        self.assertGreater(len(self.warnings(errors)), 0)
        self.assertEqual(self.page().json()["version"], 1)

    def test_a_push_may_ask_for_the_state_that_it_is_meant_for(self):
        etag = self.page().field("etag")
        self.assertEqual(self.push(HOUSE_2, "--if-match", etag)[0], 0)
        code, output, errors = self.push(HOUSE, "--if-match", etag)
        self.assertEqual((code, output), (1, ""))
        self.assertIn("412", errors)
        self.assertEqual(self.page().json()["version"], 2)
        code, _, errors = self.push(HOUSE, "--if-match", "no-quotes")
        self.assertEqual(code, 1)
        self.assertIn("quoted", errors)


if __name__ == "__main__":
    unittest.main()
