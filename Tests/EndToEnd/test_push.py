"""`vencejo push`: into a store beside servers that keep versions, and to a server that runs."""

import os
import shutil
import tempfile
import unittest

from harness import HOST, HOUSE, HOUSE_2, Server, run_command, until


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


if __name__ == "__main__":
    unittest.main()
