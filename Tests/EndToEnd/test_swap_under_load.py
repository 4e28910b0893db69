"""Swapping a model 200 times while clients predict: no failed request, every answer one of the two models', memory flat."""

import json
import unittest

from harness import HOUSE, HOUSE_2, Load, Server, contents, expected, is_close, post, until

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = (expected()["house-price"]["predictions"][1], expected()["house-price-v2"]["predictions"][1])
MEBIBYTE = 1 << 20


def judge(answer):
    """None if the answer is one of the two models'."""
    if answer.status != 200:
        return f"{answer}"
    value = json.loads(answer.body)["prediction"]
    if not any(is_close(value, price) for price in PRICES):
        return f"{value} is neither model's"
    return None


def check_generations(test, load):
    for generations in load.generations:
        backwards = [(a, b) for a, b in zip(generations, generations[1:]) if b < a]
        test.assertEqual(backwards[:3], [], "the generation went backwards on one connection")


class SwapUnderLoad(unittest.TestCase):
    def swap(self, server, client, index):
        answer = server.put("house-price", data[index % 2], client=client)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["generation"]

    def test_200_swaps_with_8_clients(self):
        with Server({"house-price": HOUSE}) as server:
            request = post("/predict", RECORD)
            client = server.client()
            memory, generation = [], 0
            with Load(server.port, request, judge) as load:
                for index in range(200):
                    newer = self.swap(server, client, index + 1)
                    self.assertGreater(newer, generation)
                    generation = newer
                    self.assertTrue(until(lambda: load.newest >= newer or load.failures), "nobody sees the swap")
                    # After an upload is acknowledged a new request has to see it.
                    if index % 10 == 0:
                        self.assertTrue(is_close(server.price(RECORD), PRICES[(index + 1) % 2]))
                    memory.append(server.memory())
                    self.assertEqual(load.failures, [])
            self.assertEqual(load.failures, [])
            check_generations(self, load)
            warm, end = max(memory[40:80]), max(memory[160:])
            self.assertLess(end - warm, 16 * MEBIBYTE, f"resident memory grew from {warm} to {end}")
            client.close()

    def test_swaps_with_batches_and_pipelines(self):
        records = expected()["records"]
        prices = [expected()[name]["predictions"] for name in ("house-price", "house-price-v2")]

        def judge_batch(answer):
            if answer.status != 200:
                return f"{answer}"
            values = json.loads(answer.body)["predictions"]
            if not any(len(values) == len(wanted) and all(map(is_close, values, wanted)) for wanted in prices):
                return f"{values} is neither model's whole answer"
            return None

        with Server({"house-price": HOUSE}) as server:
            client = server.client()
            with Load(server.port, post("/models/house-price/predict", records), judge_batch, clients=4) as load:
                for index in range(50):
                    self.swap(server, client, index + 1)
            self.assertEqual(load.failures, [])
            check_generations(self, load)
            client.close()

    def test_failing_uploads_under_load_change_nothing(self):
        with Server({"house-price": HOUSE}) as server:
            client = server.client()
            before = server.request("GET", "/models/house-price").field("etag")
            judge_first = lambda answer: judge(answer) or (
                None if is_close(answer.json()["prediction"], PRICES[0]) else "not the first model's"
            )
            with Load(server.port, post("/predict", RECORD), judge_first, clients=4) as load:
                for index in range(50):
                    answer = server.put("house-price", data[1][: 20 * index], client=client)
                    self.assertEqual(answer.status, 422, answer)
            self.assertEqual(load.failures, [])
            self.assertEqual(server.request("GET", "/models/house-price").field("etag"), before)
            client.close()

    def test_coming_and_going_models_do_not_disturb_another(self):
        with Server({"house-price": HOUSE}) as server:
            client = server.client()
            memory = []
            with Load(server.port, post("/predict", RECORD), judge, clients=4) as load:
                for index in range(100):
                    self.assertEqual(server.put(f"m-{index}", data[index % 2], client=client).status, 201)
                    self.assertEqual(server.predict(RECORD, f"m-{index}", client=client).status, 200)
                    self.assertEqual(server.request("DELETE", f"/models/m-{index}", client=client).status, 204)
                    memory.append(server.memory())
                    if index == 20:
                        descriptors = server.descriptors()
            self.assertEqual(load.failures, [])
            # The load's four connections are closed by then.
            self.assertTrue(until(lambda: server.descriptors() <= descriptors - 4), "files or connections stay open")
            self.assertLess(max(memory[80:]) - max(memory[20:40]), 16 * MEBIBYTE, "unloaded models leave memory behind")
            client.close()


data = [contents(HOUSE), contents(HOUSE_2)]

if __name__ == "__main__":
    unittest.main()
