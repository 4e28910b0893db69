"""What the commands say to someone who has taken the wrong file, folder or address; and rows in each format."""

import csv
import gzip
import io
import json
import os
import tempfile
import unittest

from harness import BAND, HOST, HOUSE, Server, clean_environment, expected, find_binary, free_port, run_command

RECORDS = expected()["records"]
COLUMNS = list(RECORDS[0])


class CommandCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name, contents=None):
        path = os.path.join(self.directory, name)
        if contents is not None:
            with open(path, "wb") as file:
                file.write(contents if isinstance(contents, bytes) else contents.encode())
        return path

    def run_ok(self, *arguments, stdin=b""):
        code, output, errors = run_command(*arguments, stdin=stdin)
        self.assertEqual(code, 0, errors + output)
        return output

    def assert_says(self, words, *arguments, stdin=b"", env=None):
        """It fails, names all of the words on standard error, and writes nothing elsewhere."""
        code, output, errors = run_command(*arguments, stdin=stdin, env=env)
        self.assertGreater(code, 0, output)
        self.assertEqual(output, "")
        for word in words:
            self.assertIn(word, errors)
        return errors


class WrongPlaces(CommandCase):
    def test_a_store_that_is_not_there_is_not_made_by_a_look(self):
        missing = self.path("no-store")
        self.assert_says([missing, "no such file or folder"], "models", "--store", missing)
        self.assertFalse(os.path.exists(missing))
        empty = self.path("empty")
        os.mkdir(empty)
        self.assertIn("no models yet", self.run_ok("models", "--store", empty))
        self.assertEqual(os.listdir(empty), [])

    def test_another_folder_is_no_store(self):
        self.path("notes.txt", "x")
        words = [self.directory, "no model store", "notes.txt", "manifests"]
        self.assert_says(words, "models", "--store", self.directory)
        self.assertEqual(os.listdir(self.directory), ["notes.txt"])
        self.assert_says([HOUSE, "is a file"], "models", "--store", HOUSE)

    def test_an_address_without_its_scheme_is_no_folder(self):
        for place in ("localhost:8080", "models.internal:80/", "s3:bucket", "https:host"):
            with self.subTest(place=place):
                for command in (("models", "--store", place), ("push", HOUSE, place), ("serve", "--store", place)):
                    self.assert_says([place, "://"], *command)
                self.assertFalse(os.path.exists(place))
        # Meant so.
        self.run_ok("push", HOUSE, os.path.join(self.directory, "a:1"))
        self.assert_says(["found nothing", "directory"], "models", "--store", "")
        self.assert_says(["http://localhost:8080"], "push", HOUSE, "http://")

    def test_a_server_is_no_store(self):
        with Server({"house-price": HOUSE}) as server:
            place = f"http://{HOST}:{server.port}"
            self.assert_says([place, "no model store", f"curl {place}/models"], "models", "--store", place)
            token = {"VENCEJO_ADMIN_TOKEN": server.token}
            self.assert_says(["404", "address alone"], "push", HOUSE, f"{place}/models/house", env=token)
            token = {"VENCEJO_ADMIN_TOKEN": "x" * 16}
            self.assert_says(["401", "not the admin token"], "push", HOUSE, place, env=token)

    def test_folders_that_are_not_there(self):
        place = self.path("missing/store")
        for command in (("push", HOUSE, place), ("serve", "--port", "0", "--store", place)):
            self.assert_says([place, "the folder in which it would be made is not there"], *command)

    def test_a_name_that_is_none_is_refused_before_anything_is_written(self):
        made = self.path("made.zip")
        self.assert_says(["a b", "letters"], "bundle", "make", HOUSE, "--name", "a b", "--output", made)
        self.assertFalse(os.path.exists(made))
        self.assert_says(["a b", "letters", "--name"], "push", HOUSE, self.path("s"), "--name", "a b")

    def test_a_port_that_is_none(self):
        self.assert_says(["--port", "99999", "65535"], "probe", "--port", "99999")

    def test_the_configuration_file_is_named(self):
        path = self.path("config.json", "port: 80")
        for text in ("port: 80", "{", '{"prot": 1}', "[]"):
            self.path("config.json", text)
            self.assert_says([path], "serve", "--config", path)
        self.assert_says([self.directory, "folder"], "serve", "--config", self.directory)


class WrongFiles(CommandCase):
    def test_each_says_what_it_is(self):
        files = {
            "pointer.pkl": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ["Git LFS", "git lfs pull"]),
            "page.pkl": ("<!DOCTYPE html><html>404</html>", ["HTML page", "fetch it again"]),
            "keras.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), ["HDF5"]),
            "rows.csv": ("CRIM,RM\n1,2\n", ['the text "CRIM,RM"', "vencejo formats"]),
            "empty.pkl": ("", ["an empty file"]),
            "text.gz": (gzip.compress(b"hello"), ["gzip", "expected"]),
        }
        for name, (contents, words) in files.items():
            path = self.path(name, contents)
            for command in (("inspect", path), ("predict", path), ("push", path, self.path("s")), ("serve", path)):
                with self.subTest(command=command):
                    self.assert_says([path, "cannot be served", "expected", "do:", *words], *command)

    def test_a_folder_without_anything(self):
        folder = self.path("folder")
        os.mkdir(folder)
        for command in ("inspect", "predict", "serve"):
            self.assert_says([folder, "empty", "save_model"], command, folder)

    def test_a_path_from_the_wrong_folder(self):
        errors = self.assert_says(["no-such.pkl", "no such file or folder"], "inspect", "no-such.pkl")
        self.assertIn(os.getcwd(), errors)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_a_file_of_somebody_else(self):
        import subprocess

        path = self.path("mine.pkl", "x")
        os.chmod(self.directory, 0o755)
        os.chmod(path, 0o600)
        done = subprocess.run(
            [find_binary(), "inspect", path], user=65532, capture_output=True, text=True, env=clean_environment()
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}: the user that runs this, of id 65532, has no permission", done.stderr)


class Rows(CommandCase):
    """`vencejo predict` answers each format as the server does."""

    def setUp(self):
        super().setUp()
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(RECORDS)
        self.files = {
            "csv": self.path("rows.csv", text.getvalue()),
            "ndjson": self.path("rows.ndjson", "".join(json.dumps(record) + "\n" for record in RECORDS)),
            "json": self.path("rows.json", json.dumps(RECORDS)),
        }
        self.types = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}

    def test_every_format_in_and_out_is_as_the_server_answers(self):
        with Server({"house-price": HOUSE, "price-band": BAND}) as server:
            for model, path in (("house-price", HOUSE), ("price-band", BAND)):
                for read, file in self.files.items():
                    with open(file, "rb") as rows:
                        body = rows.read()
                    for written, kind in self.types.items():
                        with self.subTest(model=model, read=read, written=written):
                            fields = {"Content-Type": self.types[read], "Accept": kind}
                            wanted = server.request("POST", f"/models/{model}/predict", body, fields).body.decode()
                            self.assertEqual(self.run_ok("predict", path, file, "--to", written), wanted)
                            told = self.run_ok("predict", path, "--from", read, "--to", written, stdin=body)
                            self.assertEqual(told, wanted)
                            # By their content.
                            self.assertEqual(self.run_ok("predict", path, "-", "--to", written, stdin=body), wanted)

    def test_answers_are_written_as_the_rows_unless_told(self):
        self.assertTrue(self.run_ok("predict", BAND, self.files["csv"]).startswith("prediction,probabilities.0,"))
        self.assertEqual(len(self.run_ok("predict", BAND, self.files["ndjson"]).splitlines()), len(RECORDS))
        self.assertEqual(list(json.loads(self.run_ok("predict", HOUSE, self.files["json"]))), ["predictions"])
        # pandas writes lines into files called .json, too.
        path = self.path("lines.json", '{"RM": 5}\n{"RM": 6}\n')
        self.assertEqual(len(self.run_ok("predict", HOUSE, path).splitlines()), 2)
        made = self.path("answers.csv")
        self.assertEqual(self.run_ok("predict", HOUSE, self.files["csv"], "-o", made), "")
        with open(made, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.run_ok("predict", HOUSE, self.files["csv"]))

    def test_a_wrong_row_is_told_with_its_place_and_can_be_isolated(self):
        path = self.path("rows.csv", "CRIM,RM\n0.1,5\n0.2,many\n")
        self.assert_says([path, "csv", "line 3", '"RM"', "many"], "predict", HOUSE, path)
        lines = self.run_ok("predict", HOUSE, path, "--errors", "row").splitlines()
        self.assertEqual(lines[0], "prediction,error")
        self.assertIn("line 3", lines[2])

    def test_what_cannot_be_read(self):
        packed = self.path("rows.csv.gz", gzip.compress(b"RM\n5\n"))
        self.assert_says(["gunzip -c " + packed], "predict", HOUSE, packed)
        self.assert_says(["--header", "json"], "predict", HOUSE, self.files["json"], "--header", "present")
        self.assert_says([self.directory, "folder"], "predict", HOUSE, self.directory)
        self.assert_says(["missing.csv"], "predict", HOUSE, self.path("missing.csv"))
        self.assert_says(["'tsv'"], "predict", HOUSE, self.files["csv"], "--from", "tsv")
        self.assert_says(["standard input", "json"], "predict", HOUSE, stdin=b'{"RM"')


if __name__ == "__main__":
    unittest.main()
