"""PUT, PUT, PATCH, DELETE and predictions of one model at the same time: each has an outcome of its own, and none is half of two.

Run with a binary that the thread sanitizer has looked into (CONTRIBUTING.md), a data race would be told on its standard error.
"""

import collections
import random
import shutil
import tempfile
import threading
import unittest

from harness import HOUSE, HOUSE_2, Server, contents, expected, is_close, until

ROUNDS = 25
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = [expected()[name]["predictions"][1] for name in ("house-price", "house-price-v2")]
# What may become of each request while others change the same model.
OUTCOMES = {
    "PUT": {200, 201, 409, 412},
    "DELETE": {204, 404, 409},
    # 409: no version to roll back to; 404: the model is gone.
    "PATCH": {200, 404, 409},
    "POST": {200, 404},
    "GET": {200, 404},
}


class Races(unittest.TestCase):
    def race(self, settings):
        store = tempfile.mkdtemp(prefix="vencejo-races-")
        self.addCleanup(shutil.rmtree, store, True)
        data = [contents(HOUSE), contents(HOUSE_2)]
        counted, wrong = collections.Counter(), []
        with Server(store=store, loops=2, arguments=("--keep-versions", "2"), env=settings) as server:
            writing = threading.Event()

            def judge(method, answer):
                counted[method, answer.status] += 1
                if answer.status not in OUTCOMES[method]:
                    wrong.append(f"{method}: {answer}")
                if method == "POST" and answer.status == 200:
                    value = answer.json()["prediction"]
                    if not any(is_close(value, price) for price in PRICES):
                        wrong.append(f"{value} is neither model's")

            def write(turn):
                dice = random.Random(turn)
                client = server.client()
                for _ in range(ROUNDS):
                    choice = dice.randrange(10)
                    if choice < 5:
                        judge("PUT", server.put("m", data[dice.randrange(2)], client=client))
                    elif choice < 7:
                        etag = server.request("GET", "/models/m", client=client).field("etag")
                        fields = {"If-Match": etag} if etag else {"If-None-Match": "*"}
                        judge("PUT", server.put("m", data[dice.randrange(2)], fields, client=client))
                    elif choice < 9:
                        judge("PATCH", server.request("PATCH", "/models/m", {"rollback": True}, client=client))
                    else:
                        judge("DELETE", server.request("DELETE", "/models/m", client=client))
                client.close()

            def read(turn):
                client = server.client()
                while not writing.is_set():
                    judge("POST", server.predict(RECORD, "m", client=client))
                    if turn == 0:
                        judge("GET", server.request("GET", "/models/m/versions", client=client))
                client.close()

            failures = []

            def run(work, turn):
                try:
                    work(turn)
                except Exception as failure:  # To be told by the test and not by a thread.
                    failures.append(failure)

            writers = [threading.Thread(target=run, args=(write, turn), daemon=True) for turn in range(3)]
            readers = [threading.Thread(target=run, args=(read, turn), daemon=True) for turn in range(3)]
            for thread in writers + readers:
                thread.start()
            for thread in writers:
                thread.join()
            writing.set()
            for thread in readers:
                thread.join()
            self.assertEqual((failures[:3], wrong[:3]), ([], []))
            self.assertGreater(counted["PUT", 200] + counted["PUT", 201], ROUNDS / 2, counted)
            self.assertGreater(counted["POST", 200], 0, counted)

            # At rest the last one to have published serves, after a restart too.
            self.assertIn(server.put("m", data[1]).status, (200, 201))
            self.assertTrue(is_close(server.price(RECORD, "m"), PRICES[1]))
            versions = self.versions(server)
        with Server(store=store, arguments=("--keep-versions", "2")) as server:
            self.assertTrue(is_close(server.price(RECORD, "m"), PRICES[1]))
            # Those that are only kept for a rollback are loaded when there is nothing else to do.
            self.assertTrue(until(lambda: self.versions(server) == versions), versions)

    def versions(self, server):
        return [each["version"] for each in server.request("GET", "/models/m/versions").json()["versions"]]

    def test_on_the_loops(self):
        self.race({})

    def test_on_the_compute_threads(self):
        self.race({"VENCEJO_INLINE_BUDGET_US": "0"})


if __name__ == "__main__":
    unittest.main()
