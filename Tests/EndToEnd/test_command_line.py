"""The commands beside `serve`, and where each setting comes from."""

import json
import os
import pickle
import tempfile
import unittest

from harness import (
    BAND,
    HOST,
    HOUSE,
    HOUSE_2,
    PATIENCE,
    Server,
    contents,
    expected,
    free_port,
    is_close,
    run_command,
)

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICE = expected()["house-price"]["predictions"][1]


class Commands(unittest.TestCase):
    def run_ok(self, *arguments, stdin=b""):
        code, output, errors = run_command(*arguments, stdin=stdin)
        self.assertEqual(code, 0, errors + output)
        return output

    def run_failing(self, *arguments, stdin=b""):
        code, output, errors = run_command(*arguments, stdin=stdin)
        self.assertNotEqual(code, 0, output)
        self.assertGreater(code, 0, "ended by a signal")
        self.assertTrue(errors.strip(), "the reason goes to standard error")
        self.assertNotIn("Fatal error", errors)
        return errors

    def test_help_teaches(self):
        text = self.run_ok("--help")
        for word in ("serve", "predict", "inspect", "probe", "curl", "house-price.pkl"):
            self.assertIn(word, text)
        text = self.run_ok("serve", "--help")
        for word in ("--port", "--store", "--loops", "--host", "--config", "PORT", "VENCEJO_ADMIN_TOKEN", "8080"):
            self.assertIn(word, text)
        for variable in ("LATENCY_OBJECTIVE_MS", "BATCH_WAIT_US", "CACHE_BYTES", "MEMORY_LIMIT"):
            self.assertIn("VENCEJO_" + variable, text)
        for command in ("predict", "inspect", "probe"):
            self.assertTrue(self.run_ok(command, "--help"))

    def test_the_version_is_a_number(self):
        self.assertRegex(self.run_ok("--version"), r"^\d+\.\d+\.\d+")

    def test_a_wrong_command_or_flag_is_an_error(self):
        self.run_failing("fly")
        self.run_failing("serve", "--fly")
        self.run_failing("inspect")
        self.run_failing("predict")

    def test_inspect_shows_steps_columns_and_predictor(self):
        text = self.run_ok("inspect", HOUSE)
        for word in (
            "SimpleImputer",
            "StandardScaler",
            "OneHotEncoder",
            "ElasticNet",
            "CRIM",
            "LSTAT",
            "predictor",
            "example",
        ):
            self.assertIn(word, text)
        text = self.run_ok("inspect", BAND)
        for word in ("20", "2 classes", "CRIM", "predictor", "binary:logistic"):
            self.assertIn(word, text)

    def test_the_example_of_inspect_can_be_predicted(self):
        for path in (HOUSE, BAND):
            line = [line for line in self.run_ok("inspect", path).splitlines() if line.strip().startswith("example")][0]
            example = line.split("example", 1)[1].strip()
            self.assertIn("prediction", json.loads(self.run_ok("predict", path, stdin=example.encode())))

    def test_inspect_refuses_with_place_and_way_out(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "list.pkl")
            with open(path, "wb") as file:
                pickle.dump([1, 2, 3], file)
            text = self.run_failing("inspect", path)
            for word in (path, "where", "found", "expected", "do:"):
                self.assertIn(word, text)
            with open(path, "wb") as file:
                file.write(contents(BAND)[:5000])
            self.run_failing("inspect", path)
            with open(path, "wb"):
                pass
            self.run_failing("inspect", path)
            self.assertIn(directory, self.run_failing("inspect", directory))
            missing = os.path.join(directory, "missing.pkl")
            self.assertIn(missing, self.run_failing("inspect", missing))

    def test_predict_takes_a_record_and_lines(self):
        output = self.run_ok("predict", HOUSE, stdin=json.dumps(RECORD).encode())
        self.assertTrue(is_close(json.loads(output)["prediction"], PRICE))
        output = self.run_ok("predict", HOUSE, stdin=json.dumps(RECORD, indent=2).encode())
        self.assertTrue(is_close(json.loads(output)["prediction"], PRICE))
        lines = self.run_ok("predict", HOUSE, stdin=(json.dumps(RECORD) + "\n\n").encode() * 50).splitlines()
        self.assertEqual(len(lines), 50)
        output = self.run_ok("predict", HOUSE, stdin=json.dumps({"columns": ["RM"], "data": [[5], [6]]}).encode())
        self.assertEqual(len(json.loads(output)["predictions"]), 2)

    def test_predict_refuses_bad_rows(self):
        text = self.run_failing("predict", HOUSE, stdin=b'{"CRIN": 1}')
        self.assertIn("CRIM", text)
        self.run_failing("predict", HOUSE, stdin=b"")
        self.run_failing("predict", HOUSE, stdin=b"{")
        text = self.run_failing("predict", HOUSE, stdin=b'{"RM": 1}\n{"RM": "x"}\n')
        self.assertIn("line 2", text)

    def test_probe_tells_readiness_by_its_exit_code(self):
        port = free_port()
        self.assertEqual(run_command("probe", "--port", str(port))[0], 1)
        with Server({"house-price": HOUSE}) as server:
            self.assertEqual(run_command("probe", "--port", str(server.port))[0], 0)
            self.assertEqual(run_command("probe", env={"PORT": str(server.port)})[0], 0)


class Provenance(unittest.TestCase):
    """A flag wins over the environment, which wins over the file."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def write(self, document):
        path = os.path.join(self.directory, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(document if isinstance(document, str) else json.dumps(document))
        return path

    def start(self, *arguments, env=None, at):
        """A server started by these arguments alone has to be found at the port."""
        import subprocess
        from harness import clean_environment, find_binary, until

        process = subprocess.Popen(
            [find_binary(), "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=clean_environment({"VENCEJO_HOST": HOST, **(env or {})}),
        )
        try:
            import http.client

            def is_there():
                self.assertIsNone(process.poll(), "the server ended")
                return run_command("probe", "--port", str(at))[0] == 0

            self.assertTrue(until(is_there), "nothing listens at the port")
            client = http.client.HTTPConnection(HOST, at, timeout=PATIENCE)
            client.request("GET", "/models")
            models = [model["name"] for model in json.loads(client.getresponse().read())["models"]]
            client.close()
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            return models
        finally:
            process.kill()
            process.wait()
            process.stderr.close()

    def test_flag_over_environment_over_file(self):
        ports = [free_port() for _ in range(3)]
        path = self.write({"port": ports[0], "models": {"one": HOUSE, "two": HOUSE_2}})
        self.assertEqual(self.start("--config", path, at=ports[0]), ["one", "two"])
        self.assertEqual(self.start("--config", path, env={"PORT": str(ports[1])}, at=ports[1]), ["one", "two"])
        self.assertEqual(
            self.start(
                "--config", path, "--port", str(ports[2]), f"three={HOUSE}", env={"PORT": str(ports[1])}, at=ports[2]
            ),
            ["three"],
        )
        self.assertEqual(self.start(env={"VENCEJO_CONFIG": path}, at=ports[0]), ["one", "two"])

    def test_the_port_variables_of_the_clouds(self):
        port = free_port()
        for name in ("PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "VENCEJO_PORT"):
            self.start(HOUSE, env={name: str(port)}, at=port)

    def test_a_model_without_a_name_takes_that_of_its_file(self):
        port = free_port()
        self.assertEqual(self.start(HOUSE, BAND, "--port", str(port), at=port), ["house-price", "price-band"])

    def test_a_token_and_a_file_for_it_are_one_too_many(self):
        for name in ("VENCEJO_ADMIN_TOKEN", "VENCEJO_PREDICT_TOKEN"):
            code, _, errors = run_command("serve", HOUSE, env={name: "0123456789abcdef", f"{name}_FILE": "/x"})
            self.assertEqual(code, 1)
            self.assertIn(f"found both {name} and {name}_FILE", errors)
            self.assertNotIn("0123456789abcdef", errors)

    def test_each_error_of_the_configuration_says_once_what_was_found(self):
        for text in ("{", '{"port":}', "[]", '{"port": "x"}', '{"port": 1} x', '{"admin_token_file": "/nonexistent"}'):
            with self.subTest(text=text):
                code, _, errors = run_command("serve", "--config", self.write(text))
                self.assertEqual(code, 1)
                self.assertEqual((errors.count("found "), errors.count("expected ")), (1, 1), errors)

    def test_a_probe_says_why_it_fails(self):
        port = free_port()
        self.assertEqual(
            run_command("probe", "--port", str(port)),
            (1, "", f"vencejo: {HOST}:{port}: no connection: Connection refused\n"),
        )
        code, _, errors = run_command("probe", env={"PORT": "x"})
        self.assertEqual(code, 1)
        self.assertIn("PORT", errors)

    def test_the_help_fits_a_terminal(self):
        for command in ("serve", "probe", "predict", "inspect", "push", "models"):
            code, output, _ = run_command(command, "--help")
            self.assertEqual(code, 0)
            self.assertEqual([line for line in output.splitlines() if len(line) > 80], [], command)

    def test_bad_settings_are_refused_with_setting_and_reason(self):
        token = "0123456789abcdef-secret"
        cases = [
            (("--port", "70000"), {}, "port"),
            (("--port", "-1"), {}, "port"),
            (("--port", "abc"), {}, "port"),
            ((), {"PORT": "abc"}, "PORT"),
            ((), {"PORT": "99999"}, "PORT"),
            ((), {"VENCEJO_PORT": "8080x"}, "VENCEJO_PORT"),
            (("--loops", "0"), {}, "loops"),
            (("--loops", "100000"), {}, "loops"),
            ((), {"VENCEJO_LOOPS": "two"}, "VENCEJO_LOOPS"),
            ((), {"VENCEJO_BODY_BYTES_MAX": "0"}, "VENCEJO_BODY_BYTES_MAX"),
            ((), {"VENCEJO_MODEL_BYTES_MAX": "-5"}, "VENCEJO_MODEL_BYTES_MAX"),
            ((), {"VENCEJO_DRAIN_SECONDS": "soon"}, "VENCEJO_DRAIN_SECONDS"),
            (("--log-level", "loud"), {}, "log"),
            ((), {"VENCEJO_LOG_LEVEL": "loud"}, "VENCEJO_LOG_LEVEL"),
            ((), {"VENCEJO_ADMIN_TOKEN": "short"}, "VENCEJO_ADMIN_TOKEN"),
            ((), {"VENCEJO_ADMIN_TOKEN": token + " x"}, "VENCEJO_ADMIN_TOKEN"),
            ((), {"VENCEJO_ADMIN_TOKEN_FILE": "/nonexistent/token"}, "/nonexistent/token"),
            (("--config", "/nonexistent/config.json"), {}, "/nonexistent/config.json"),
            (("--config", "{"), {}, "config"),
            (("--config", '{"prot": 1}'), {}, "prot"),
            (("--config", '{"port": "x"}'), {}, "port"),
            (("--config", '{"port": 1.5}'), {}, "port"),
            (("--config", '{"port": [1]}'), {}, "port"),
            (("--config", '{"models": ["a"]}'), {}, "models"),
            (("--config", '{"models": {".a": "x"}}'), {}, ".a"),
            (("--config", "[]"), {}, "config"),
            ((".hidden=" + HOUSE,), {}, ".hidden"),
            (("a b=" + HOUSE,), {}, "a b"),
            (("a=",), {}, "path"),
            (("same=" + HOUSE, "same=" + HOUSE_2), {}, "same"),
            (("--store", ""), {}, "store"),
        ]
        for arguments, env, word in cases:
            with self.subTest(arguments=arguments, env=[*env]):
                if len(arguments) == 2 and arguments[0] == "--config" and not arguments[1].startswith("/"):
                    arguments = ("--config", self.write(arguments[1]))
                if "--port" not in arguments and not any("PORT" in name for name in env) and "port" not in word:
                    arguments += ("--port", str(free_port()))
                try:
                    code, output, errors = run_command("serve", "--host", HOST, *arguments, env=env)
                except __import__("subprocess").TimeoutExpired:
                    self.fail("it started serving")
                self.assertGreater(code, 0, output + errors)
                self.assertIn(word, errors)
                self.assertNotIn("Fatal error", errors)
                self.assertNotIn(token, output + errors)


if __name__ == "__main__":
    unittest.main()
