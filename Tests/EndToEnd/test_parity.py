"""Predictions equal what the training libraries answer: over HTTP, and by the command line."""

import json
import unittest

from harness import BAND, EXAMPLES, HOUSE, HOUSE_2, ServerTestCase, expected, is_close, run_command

FILES = {"house-price": HOUSE, "house-price-v2": HOUSE_2, "price-band": BAND}


class Parity(ServerTestCase):
    models = FILES

    def assert_answer(self, model, index, prediction, probabilities):
        wanted = expected()[model]
        value = wanted["predictions"][index]
        if "probabilities" not in wanted:
            self.assertTrue(is_close(prediction, value), f"{model}, record {index}: {prediction}, expected {value}")
            self.assertIsNone(probabilities)
            return
        self.assertEqual(prediction, value, f"{model}, record {index}")
        self.assertIs(type(prediction), type(value))
        self.assertEqual(sorted(probabilities), [str(label) for label in range(len(wanted["probabilities"][index]))])
        for label, probability in enumerate(wanted["probabilities"][index]):
            self.assertTrue(abs(probabilities[str(label)] - probability) <= 1e-6, (model, index, probabilities))

    def test_each_record_by_http_is_what_the_library_predicts(self):
        for model in FILES:
            for index, record in enumerate(expected()["records"]):
                with self.subTest(model=model, record=index):
                    answer = self.server.predict(record, model)
                    self.assertEqual(answer.status, 200, answer)
                    document = answer.json()
                    self.assert_answer(model, index, document["prediction"], document.get("probabilities"))

    def test_all_records_at_once_are_bit_equal_to_one_by_one(self):
        records = expected()["records"]
        for model in FILES:
            with self.subTest(model=model):
                many = self.server.predict(records, model).json()
                single = [self.server.predict(record, model).json() for record in records]
                self.assertEqual(many["predictions"], [answer["prediction"] for answer in single])
                if "probabilities" in single[0]:
                    self.assertEqual(many["probabilities"], [answer["probabilities"] for answer in single])

    def test_the_command_line_answers_as_the_server_does_for_a_document(self):
        records = expected()["records"]
        for model, path in FILES.items():
            with self.subTest(model=model):
                code, output, errors = run_command("predict", path, stdin=json.dumps(records).encode())
                self.assertEqual(code, 0, errors)
                self.assertEqual(json.loads(output), self.server.predict(records, model).json())

    def test_the_command_line_answers_line_by_line(self):
        records = expected()["records"]
        text = "".join(json.dumps(record) + "\n" for record in records).encode()
        for model, path in FILES.items():
            with self.subTest(model=model):
                code, output, errors = run_command("predict", path, stdin=text)
                self.assertEqual(code, 0, errors)
                lines = [json.loads(line) for line in output.splitlines()]
                self.assertEqual(len(lines), len(records))
                for index, line in enumerate(lines):
                    self.assert_answer(model, index, line["prediction"], line.get("probabilities"))

    def test_the_lines_of_the_examples_readme_hold(self):
        with open(f"{EXAMPLES}/README.md", encoding="utf-8") as file:
            self.assertIn("# 14.88: the imputers fill in the rest", file.read())
        answer = self.server.predict({"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}).json()
        self.assertEqual(round(answer["prediction"], 2), 14.88)


if __name__ == "__main__":
    unittest.main()
