"""The programs of Examples/embedding, which the build of the tests compiles beside the server."""

import http.client
import json
import os
import re
import subprocess
import unittest

from harness import HOST, HOUSE, PATIENCE, clean_environment, expected, find_binary, is_close

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICE = expected()["house-price"]["predictions"][1]


def example(name):
    """The path of an example's program: a build of the server alone has none."""
    path = os.path.join(os.path.dirname(find_binary()), f"example-{name}")
    if not os.access(path, os.X_OK):
        raise unittest.SkipTest(f"no {path}: swift build --build-tests")
    return path


class Embedding(unittest.TestCase):
    def test_the_engine_alone_predicts_a_record(self):
        command = [example("predict-once"), HOUSE, *(f"{name}={value}" for name, value in RECORD.items())]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, text=True, env=clean_environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = re.search(r"^prediction: \D*([-\d.e]+)", done.stdout, re.M)
        self.assertTrue(found, done.stdout)
        self.assertTrue(is_close(float(found[1]), PRICE), done.stdout)

    def test_the_server_answers_until_a_line_is_read(self):
        command = [example("serve-embedded"), f"house={HOUSE}"]
        # On a terminal each line is written at once.
        terminal, output = os.openpty()
        with os.fdopen(terminal, encoding="utf-8") as lines:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, env=clean_environment())
            os.close(output)
            self.addCleanup(process.wait, PATIENCE)
            self.addCleanup(process.kill)
            port = int(re.search(r":(\d+)/predict", lines.readline())[1])
            client = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
            client.request("POST", "/predict", json.dumps(RECORD))
            answer = client.getresponse()
            body = answer.read()
            client.close()
            self.assertEqual(answer.status, 200, body)
            self.assertTrue(is_close(json.loads(body)["prediction"], PRICE), body)
            process.communicate(b"\n", timeout=PATIENCE)
            self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
