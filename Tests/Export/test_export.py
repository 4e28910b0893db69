"""Bundles that tools/export.py makes of fitted models, from memory and from a CSV, are answered by the built program as
the library answered. What is not installed is skipped; scripts/parity --quick runs this with all libraries."""
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import unittest
import zipfile

import numpy as np
import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("VENCEJO_BINARY", str(ROOT / ".build/debug/vencejo"))
ROWS = 60
sys.path.insert(0, str(ROOT / "tools"))
import export  # noqa: E402


def needs(module):
    return unittest.skipUnless(importlib.util.find_spec(module), f"needs {module}")


def frame():
    random = np.random.default_rng(3)
    return pd.DataFrame({
        "net worth": random.normal(size=ROWS),
        "flag": random.random(ROWS) > 0.5,
        "home town": random.choice(["ash", "birch", "cedar"], ROWS),
        "rooms": random.integers(1, 4, ROWS),
    })


def categorical(table, *names):
    return table.astype({name: "category" for name in names})


def two_classes(table):
    return (table["net worth"] > 0).astype(int)


class ExportTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check(self, bundle, output):
        run = subprocess.run([BINARY, "bundle", "check", str(bundle)], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("golden rows: 20 answered as expected", run.stdout)
        with zipfile.ZipFile(bundle) as archive:
            document = json.loads(archive.read("vencejo.json"))
        self.expected = document["golden"]["rows"][0]["expected"]
        self.assertIn(output, self.expected)

    def from_memory(self, model, table, output="prediction"):
        bundle = self.folder / "memory.zip"
        export.export_bundle(bundle, model, table)
        self.check(bundle, output)

    def from_csv(self, path, table, output="prediction"):
        csv, bundle = self.folder / "train.csv", self.folder / "file.zip"
        table.to_csv(csv, index=False)
        with contextlib.redirect_stdout(io.StringIO()):
            export.main([str(path), "--frame", str(csv), "--output", str(bundle)])
        self.check(bundle, output)

    def both(self, model, table, output="prediction"):
        self.from_memory(model, table, output)
        path = self.folder / "model.pkl"
        path.write_bytes(pickle.dumps(model))
        self.from_csv(path, table, output)

    # ------------------------------------------------------------------------------------------ LightGBM
    @needs("lightgbm")
    def test_lightgbm_takes_a_truth_value_beside_categories_and_names_with_blanks(self):
        import lightgbm

        for kinds in (["home town", "rooms"], ["home town", "flag"], ["rooms"], []):
            table = frame() if "home town" in kinds else frame().drop(columns="home town")
            table = categorical(table, *kinds)
            model = lightgbm.LGBMClassifier(n_estimators=3, min_child_samples=3, verbose=-1)
            model.fit(table, two_classes(table))
            with self.subTest(kinds):
                self.both(model, table, "probabilities")
                model.booster_.save_model(self.folder / "model.txt")
                self.from_csv(self.folder / "model.txt", table)
                self.from_memory(model.booster_, table)

    @needs("lightgbm")
    def test_lightgbm_says_which_column_is_absent(self):
        import lightgbm

        table = frame()[["net worth", "rooms"]]
        model = lightgbm.LGBMRegressor(n_estimators=3, min_child_samples=3, verbose=-1).fit(table, table["net worth"])
        with self.assertRaises(SystemExit) as stopped:
            export.with_columns_of(model, table.drop(columns="net worth"))
        self.assertIn("no column net_worth", str(stopped.exception))

    # ------------------------------------------------------------------------------------------ XGBoost, CatBoost
    @needs("xgboost")
    def test_xgboost_files_of_wrappers_and_boosters(self):
        import xgboost

        table = categorical(frame(), "home town")
        model = xgboost.XGBClassifier(n_estimators=3, enable_categorical=True).fit(table, two_classes(table))
        self.both(model, table, "probabilities")
        for name in ("model.ubj", "model.json"):
            model.save_model(self.folder / name)
            self.from_csv(self.folder / name, table, "probabilities")
        data = xgboost.DMatrix(table, two_classes(table), enable_categorical=True)
        booster = xgboost.train({"objective": "reg:squarederror"}, data, 3)
        self.from_memory(booster, table)
        booster.save_model(self.folder / "booster.ubj")
        self.from_csv(self.folder / "booster.ubj", table)

    @needs("catboost")
    def test_catboost_files(self):
        import catboost

        table = frame()
        kinds = ["home town", "rooms"]
        model = catboost.CatBoostClassifier(
            iterations=3, verbose=False, cat_features=kinds, allow_writing_files=False)
        model.fit(table, two_classes(table))
        self.both(model, table, "probabilities")
        model.save_model(str(self.folder / "model.cbm"))
        self.from_csv(self.folder / "model.cbm", table, "probabilities")
        pool = catboost.Pool(table, two_classes(table), cat_features=kinds)
        model.save_model(str(self.folder / "model.json"), format="json", pool=pool)
        self.from_csv(self.folder / "model.json", table, "probabilities")

    # ------------------------------------------------------------------------------------------ scikit-learn
    @needs("sklearn")
    def test_transformers_answer_their_transform(self):
        from sklearn.compose import ColumnTransformer
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        table = frame()
        numbers = table[["net worth", "rooms"]]
        self.both(StandardScaler().fit(numbers), numbers, "transform")
        self.both(make_pipeline(StandardScaler(), PCA(2)).fit(numbers), numbers, "transform")
        parts = [("n", StandardScaler(), ["net worth"]), ("c", OneHotEncoder(), ["home town"])]
        self.both(ColumnTransformer(parts).fit(table), table, "transform")
        self.both(ColumnTransformer(parts, sparse_threshold=1.0).fit(table), table, "transform")
        self.both(ColumnTransformer(parts[:1]).set_output(transform="pandas").fit(table), table, "transform")

    @needs("sklearn")
    def test_a_chain_of_three_classes_has_no_probabilities(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.multioutput import ClassifierChain
        from sklearn.pipeline import make_pipeline

        numbers = frame()[["net worth", "rooms"]]
        for chain in (ClassifierChain(LogisticRegression()), make_pipeline(ClassifierChain(LogisticRegression()))):
            model = chain.fit(numbers, np.stack([np.arange(ROWS) % 3, np.arange(ROWS) % 2], 1))
            self.both(model, numbers)
            self.assertNotIn("probabilities", self.expected)
            model = chain.fit(numbers, np.stack([np.arange(ROWS) % 2, np.arange(ROWS) // 30], 1))
            self.both(model, numbers, "probabilities")

    @needs("skops")
    def test_skops_files(self):
        import skops.io
        from sklearn.linear_model import LogisticRegression

        numbers = frame()[["net worth", "rooms"]]
        skops.io.dump(LogisticRegression().fit(numbers, np.arange(ROWS) % 2), self.folder / "model.skops")
        self.from_csv(self.folder / "model.skops", numbers, "probabilities")


if __name__ == "__main__":
    unittest.main()
