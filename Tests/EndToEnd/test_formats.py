"""Model files other than the examples, folders and bundles, as a user meets them: the commands, and a server."""

import json
import os
import re
import tempfile
import unittest
import zipfile

from harness import BAND, HOUSE, HOUSE_2, ROOT, ServerTestCase, contents, expected, is_close, run_command

FIXTURES = os.path.join(ROOT, "Tests", "ModelFormatsTests", "Fixtures")
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICE = expected()["house-price"]["predictions"][1]


def bundle(path, description, artifact=HOUSE):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vencejo.json", json.dumps({"vencejo": 1, **description}))
        archive.write(artifact, os.path.basename(artifact))
    return path


def golden(price, **more):
    return {"golden": {"tolerance": 1e-9, "rows": [{"input": RECORD, "expected": {"prediction": price}}]}, **more}


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_ok(self, *arguments, stdin=b""):
        code, output, errors = run_command(*arguments, stdin=stdin)
        self.assertEqual(code, 0, errors + output)
        return output

    def run_failing(self, *arguments):
        code, output, errors = run_command(*arguments)
        self.assertGreater(code, 0, output)
        return errors

    def test_the_documentation_lists_what_the_code_lists(self):
        text = contents(os.path.join(ROOT, "docs", "formats.md")).decode()
        self.assertTrue(text.endswith(self.run_ok("formats", "--markdown")), "vencejo formats --markdown, at the end")
        self.assertIn("RandomForestClassifier", self.run_ok("formats"))

    def test_each_kind_of_file_is_inspected_and_answers(self):
        """One committed case of each library and container."""
        seen = set()
        for folder, _, files in sorted(os.walk(FIXTURES)):
            kind = os.path.relpath(folder, FIXTURES).split(os.sep)[0]
            models = [name for name in files if name.startswith("model.")]
            if "case.json" not in files or not models or (kind, models[0]) in seen:
                continue
            seen.add((kind, models[0]))
            with self.subTest(folder=folder):
                path = os.path.join(folder, models[0])
                case = json.loads(contents(os.path.join(folder, "case.json")))
                rounds = case.get("iteration_range")
                options = ["--iteration-range", "{}:{}".format(*rounds)] if rounds else []
                self.assertIn("predictor", self.run_ok("inspect", path, *options))
                key = "prediction" if "prediction" in case else "transform"
                first = next(row for row, answer in enumerate(case[key]) if answer is not None)
                body = json.dumps({"instances": [case["rows"][first]]}).encode()
                answer = json.loads(self.run_ok("predict", path, "--outputs", "all", *options, stdin=body))
                found = answer["predictions" if key == "prediction" else key][0]
                wanted = case[key][first]
                if isinstance(wanted, float):
                    self.assertTrue(is_close(found, wanted, case.get("tolerance", 1e-9)), (found, wanted))
                elif isinstance(wanted, list):
                    self.assertEqual(len(found), len(wanted))
                else:
                    self.assertEqual(found, wanted)
        self.assertGreater(len(seen), 5)

    def test_a_folder_is_a_model(self):
        path = os.path.join(FIXTURES, "mlflow", "1.7.2", "pickle_in_a_zip", "model.zip")
        with zipfile.ZipFile(path) as archive:
            archive.extractall(self.folder)
        self.assertIn("MLflow", self.run_ok("inspect", self.folder))
        os.symlink("/etc/hostname", self.path("link"))
        self.assertIn("MLflow", self.run_ok("inspect", self.folder), "a link is passed over")

    def test_make_check_and_show(self):
        description = self.path("vencejo.json")
        with open(description, "w", encoding="utf-8") as file:
            json.dump({"vencejo": 1, **golden(PRICE, metadata={"owner": "growth"})}, file)
        made = self.path("house.tar")
        text = self.run_ok("bundle", "make", HOUSE, "--description", description, "--output", made)
        self.assertIn("1 answered as expected", text)
        self.assertIn("1 answered as expected", self.run_ok("bundle", "check", made))
        shown = self.run_ok("bundle", "show", made)
        self.assertIn("owner: growth", shown)
        self.assertIn("golden", self.run_ok("inspect", made))
        answer = json.loads(self.run_ok("predict", made, stdin=json.dumps(RECORD).encode()))
        self.assertTrue(is_close(answer["prediction"], PRICE))

    def test_a_bundle_that_answers_otherwise_is_refused(self):
        path = bundle(self.path("house.zip"), golden(PRICE + 1))
        for command in (("bundle", "check"), ("inspect",), ("predict",)):
            errors = self.run_failing(*command, path)
            self.assertIn("golden.rows[0].expected.prediction", errors)
        errors = self.run_failing("bundle", "check", bundle(self.path("typo.zip"), {"nmae": "x"}))
        self.assertIn("vencejo.json nmae", errors)

    def test_outputs_on_demand(self):
        record = json.dumps(RECORD).encode()
        self.assertEqual(list(json.loads(self.run_ok("predict", HOUSE, stdin=record))), ["prediction"])
        errors = self.run_failing("predict", HOUSE, "--outputs", "decision_function")
        self.assertIn("prediction", errors)

    def test_archives_that_are_traps_are_refused(self):
        for name, entries in (
            ("slip", {"../model.pkl": HOUSE}), ("two", {"a.pkl": HOUSE, "b.ubj": BAND}), ("none", {}),
            ("case", {"m.pkl": HOUSE, "M.pkl": HOUSE}),
        ):
            path = self.path(name + ".zip")
            with zipfile.ZipFile(path, "w") as archive:
                for entry, file in entries.items():
                    archive.write(file, entry)
            with self.subTest(name):
                self.assertRegex(self.run_failing("inspect", path), "cannot be served")
        bomb = self.path("bomb.zip")
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.pkl", bytes(1 << 28))
        self.assertRegex(self.run_failing("inspect", bomb), re.compile("cannot be served", re.S))


class Uploads(ServerTestCase):
    models = {"house-price": HOUSE}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def put_bundle(self, model, description, artifact=HOUSE):
        return self.server.put(model, bundle(os.path.join(self.folder, "bundle.zip"), description, artifact))

    def test_golden_rows_guard_what_serves(self):
        answer = self.put_bundle("guarded", golden(PRICE, metadata={"owner": "growth"}))
        self.assertEqual(answer.status, 201, answer)
        page = self.server.request("GET", "/models/guarded").json()
        self.assertEqual(page["certificate"]["golden"]["rows"], 1)
        self.assertEqual(page["metadata"], {"owner": "growth"})
        self.assertEqual({name: value for name, value in page["example"].items() if value is not None}, RECORD)
        answer = self.put_bundle("guarded", golden(PRICE), HOUSE_2)
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("golden.rows[0]", json.dumps(answer.json()))
        self.assertTrue(is_close(self.server.price(RECORD, "guarded"), PRICE), "the old one goes on")

    def test_policies_of_fields(self):
        lenient = {"unknown_fields": "ignore"}
        self.assertEqual(self.put_bundle("lenient", lenient).status, 201)
        record = {**RECORD, "COLOUR": ["red"]}
        self.assertTrue(is_close(self.server.price(record, "lenient"), PRICE))
        self.assert_problem(self.server.predict(record), 422)
        self.assertEqual(self.put_bundle("strict", {"absent_fields": "refuse"}).status, 201)
        self.assert_problem(self.server.predict({"CRIM": 0.15, "RM": 5.45}, "strict"), 422)
        names = [column["name"] for column in self.server.request("GET", "/models/strict").json()["signature"]["inputs"]]
        complete = {name: RECORD.get(name) for name in names}
        self.assertTrue(is_close(self.server.price(complete, "strict"), PRICE))
