"""docs/operations.md: its commands run, and each message, metric, setting and file of it is the program's own. Then the symptoms that
need no store of somebody else's, provoked."""

import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import unittest

from harness import (
    BAND,
    EXAMPLES,
    HOST,
    HOUSE,
    HOUSE_2,
    PATIENCE,
    ROOT,
    Server,
    ServerTestCase,
    clean_environment,
    contents,
    find_binary,
    head,
    run_command,
    until,
)
from test_health_and_metrics import parse_metrics

DOCS = os.path.join(ROOT, "docs")
PAGE = contents(os.path.join(DOCS, "operations.md")).decode()
# Without commands, and with paragraphs on one line.
PROSE = re.sub(r"(?<=[^|\n])\n(?=[^|\n#])", " ", re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL))
RULES = os.path.join(ROOT, "deploy", "prometheus", "alerts.yaml")
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
METRIC = re.compile(r"\b((?:vencejo|process)_[a-z_]+)(?:\{([^}]*)\})?")


def sources():
    """The text of the sources, with literals that stand on several lines joined."""
    text = ""
    for path in glob.glob(os.path.join(ROOT, "Sources", "**", "*.swift"), recursive=True):
        text += contents(path).decode()
    return re.sub(r'"\s*\+ "', "", text).replace('\\"', '"')


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = sources()

    def test_each_log_message_is_one_of_the_program(self):
        messages = re.findall(r'`"([^"`]+)"`', PROSE)
        self.assertGreater(len(messages), 12)
        for message in messages:
            self.assertTrue(f'"{message.removesuffix(": ...")}' in self.sources, message)

    def test_each_sentence_is_one_of_the_program(self):
        """What stands between what differs: capitals for names and numbers, dots for the rest."""
        checked = 0
        for text in re.findall(r"`([^`]+)`", PROSE):
            if re.search("_total|_fds|curl|vencejo ", text):
                continue
            for part in re.split(r" in /|\bsha256\b|\b[A-Z]{1,}\b|\.\.\.|[()\d]|\bus-west-\d|: |; ", text):
                part = part.strip(' "{}')
                if part.count(" ") >= 3:
                    self.assertTrue(part in self.sources, f"{part!r} of {text!r}")
                    checked += 1
        self.assertGreater(checked, 25)

    def test_each_setting_is_in_the_table_of_settings(self):
        table = contents(os.path.join(DOCS, "configuration.md")).decode()
        names = set(re.findall(r"VENCEJO_[A-Z0-9_]+[A-Z0-9]", PAGE)) - {"VENCEJO_ADMIN_TOKEN"}
        self.assertGreater(len(names), 8)
        for name in names | set(re.findall(r"`(--[a-z-]+)", PAGE)) - {"--ulimit"}:
            self.assertIn(name, table)

    def test_each_file_is_there(self):
        links = re.findall(r"\]\(([^)#]+)\)", PAGE)
        self.assertGreater(len(links), 8)
        for link in links:
            path = os.path.join(DOCS, link)
            self.assertTrue(os.path.exists(path), link)

    def test_the_rules_are_those_of_the_page(self):
        rules = " ".join(contents(RULES).decode().split())
        for row in re.findall(r"^\| [^|]+ \| `(.*)` ?[^`|]*\|$", PAGE.split("## What to alert on")[1], re.MULTILINE):
            # A job is named where the names are not ours alone.
            wanted = " ".join(row.replace("\\|", "|").split())
            self.assertIn(re.sub(r'\{job="vencejo"\}', "", wanted), re.sub(r'\{job="vencejo"\}', "", rules))
        # The latency is that of predictions, by whichever protocol, and of nothing else.
        text = contents(os.path.join(ROOT, "Sources", "ServerApplication", "RequestPath", "RequestRoute.swift")).decode()
        predictions = set(re.findall(r"\.(\w+)", re.search(r" predictions\b[^=]*= \[(.*?)\]", text, re.DOTALL)[1]))
        self.assertGreater(len(predictions), 4)
        pattern = re.search(r'duration_seconds_bucket\{route=~"([^"]+)"', rules)[1]
        for name, label in re.findall(r'case (\w+) = "([^"]+)"', text):
            self.assertEqual(re.fullmatch(pattern, label) is not None, name in predictions, label)
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Running(ServerTestCase):
    """A server with all that has metrics: a store that is followed, a cache, a model that has been asked."""

    settings = {"arguments": ("--cache-bytes", "100000", "--memory-limit", "1G"), "loops": 1}

    @classmethod
    def setUpClass(cls):
        import tempfile

        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.settings = dict(cls.settings, store=os.path.join(directory.name, "store"))
        super().setUpClass()

    def samples(self):
        """Names of samples as they are queried, each with the labels that it has and their values."""
        self.server.predict(RECORD)
        with self.server.connect() as connection:
            connection.send(b"BROKEN\r\n\r\n")
            connection.answer()
        self.server.put("house", HOUSE)
        families = parse_metrics(self.server.request("GET", "/metrics").body.decode())
        names = {}
        for _, samples in families.values():
            for name, labels, _ in samples:
                known = names.setdefault(name, {})
                for label, value in labels.items():
                    known.setdefault(label, set()).add(value)
        return names | {name: {} for name in families if name not in names}

    def test_each_metric_of_the_pages_and_rules_is_there_with_its_labels(self):
        names = self.samples()
        found = 0
        for path in [*glob.glob(os.path.join(DOCS, "*.md")), RULES]:
            for name, labels in METRIC.findall(contents(path).decode().replace("`, `..", "_")):
                if name.endswith("_"):
                    continue
                with self.subTest(file=os.path.basename(path), metric=name, labels=labels):
                    found += 1
                    self.assertIn(name, names)
                    for label, relation, value in re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', labels):
                        if label == "job":
                            continue
                        self.assertIn(label, names[name])
                        # Of these each value comes with its first.
                        if name not in ("vencejo_http_requests_total", "vencejo_http_refusals_total"):
                            values = names[name][label]
                            pattern = value.replace("\\|", "|")
                            if relation in ("=", "!=") or re.fullmatch(r"[\w|]+", pattern):
                                for part in pattern.split("|"):
                                    self.assertIn(part, values)
                            else:
                                self.assertTrue(any(re.fullmatch(pattern, known) for known in values), pattern)
        self.assertGreater(found, 60)

    def test_each_reason_of_a_refusal_is_one_of_the_program(self):
        text = contents(os.path.join(ROOT, "Sources", "HTTPCore", "Messages", "RequestFailure.swift")).decode()
        for reason in re.findall(r'vencejo_http_refusals_total\{reason="(\w+)"', PAGE):
            words = reason.split("_")
            self.assertIn(f".{words[0]}{''.join(word.title() for word in words[1:])}:", text)

    def test_each_command_runs(self):
        for tool in ("bash", "curl", "jq"):
            if not shutil.which(tool):
                self.skipTest(f"no {tool}")
        blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        self.assertTrue(blocks)
        for commands in blocks:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                env=clean_environment({"VENCEJO": f"http://{HOST}:{self.server.port}"}),
                capture_output=True,
                timeout=PATIENCE,
                text=True,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"status":"ready"', done.stdout)
            self.assertIn("vencejo_store_lagging_seconds 0", done.stdout)


class Symptoms(unittest.TestCase):
    def log(self, server):
        return [json.loads(line) for line in server.text().splitlines() if line.startswith("{")]

    def lines(self, server, message):
        return [line for line in self.log(server) if line["message"] == message]

    def value(self, server, sample):
        for line in server.request("GET", "/metrics").body.decode().splitlines():
            if line.startswith(sample + " "):
                return float(line.rsplit(" ", 1)[1])
        self.fail(f"no {sample}")

    def store(self):
        import tempfile

        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return os.path.join(directory.name, "store")

    def test_a_disk_that_is_full_while_a_model_comes_is_in_the_log_and_counted(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        with Server(store=self.store(), preexec=limit) as server:
            failures = 'vencejo_publishes_total{outcome="store_error"}'
            self.assertEqual(self.value(server, failures), 0)
            self.assertEqual(server.put("band", BAND).status, 507)
            # Standard error is a file as well, and bounded like every other.
            self.assertEqual([line["model"] for line in self.lines(server, "not published")], ["band"])
            self.assertTrue(any(line["severity"] == "ERROR" and line["path"] for line in self.log(server)))
            self.assertEqual(self.value(server, failures), 1)
            self.assertEqual(server.put("house", HOUSE).status, 201)
            self.assertEqual(self.value(server, 'vencejo_publishes_total{outcome="published"}'), 1)

    def test_a_store_that_fails_is_worth_another_try_and_one_to_be_mended_is_not(self):
        with Server(store=self.store()) as server:
            os.rmdir(os.path.join(server.store, "tmp"))
            answer = server.put("house", HOUSE)
            self.assertEqual((answer.status, answer.field("retry-after")), (503, None), "it is not there")
            with open(os.path.join(server.store, "tmp"), "wb"):
                pass
            answer = server.put("house", HOUSE)
            self.assertEqual((answer.status, answer.field("retry-after")), (503, "5"))
            # A change that the store refuses is in the log as well, with the place.
            os.remove(os.path.join(server.store, "tmp"))
            os.mkdir(os.path.join(server.store, "tmp"))
            self.assertEqual(server.put("house", HOUSE).status, 201)
            os.rmdir(os.path.join(server.store, "tmp"))
            before = len(self.log(server))
            fields = {"Authorization": f"Bearer {server.token}"}
            self.assertEqual(server.request("PATCH", "/models/house", {"aliases": {"a": 1}}, fields).status, 503)
            self.assertIn(server.store, self.log(server)[before]["path"])

    def test_a_newest_manifest_that_cannot_be_read_is_never_written_over(self):
        store = self.store()
        with Server(store=store) as server:
            for path in (HOUSE, HOUSE_2):
                self.assertLess(server.put("house", path).status, 202)
        newest = sorted(name for name in os.listdir(os.path.join(store, "manifests")) if name[0] == "0")[-1]
        newest = os.path.join(store, "manifests", newest)
        with open(newest, "wb") as file:
            file.write(b"{")
        with Server(store=store) as server:
            passed = [line for line in self.log(server) if line["message"].startswith("a manifest was passed over: ")]
            self.assertEqual(passed[0]["path"], newest)
            answer = server.put("house", HOUSE_2)
            self.assertEqual(answer.status, 503)
            self.assertIn("nothing is written over it; restore it, or move it away", answer.json()["detail"])
            # As the page says.
            os.rename(newest, store + "-aside")
            self.assertTrue(until(lambda: server.put("house", HOUSE_2).status == 200))
        self.assertEqual(contents(store + "-aside"), b"{")

    def test_predictions_refused_for_too_many_under_way_are_counted(self):
        with Server({"house": HOUSE}, loops=1, env={"VENCEJO_IN_FLIGHT_MAX": "1"}) as server:
            with server.connect() as slow:
                slow.send(head("POST", "/predict", "Content-Length: 100") + b"{")

                def is_refused():
                    answer = server.predict(RECORD)
                    if answer.status == 503:
                        self.assertIn("in_flight_max", answer.json()["detail"])
                    return answer.status == 503

                self.assertTrue(until(is_refused))
                self.assertEqual(self.value(server, "vencejo_predictions_refused_total"), 1)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_a_store_of_somebody_else_is_told_with_the_user(self):
        store = self.store()
        run_command("push", HOUSE, store)
        os.chmod(os.path.dirname(store), 0o700)
        done = subprocess.run(
            [find_binary(), "serve", "--port", "0", "--store", store],
            user=65532,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=clean_environment(),
        )
        self.assertEqual(done.returncode, 1)
        for word in (f"store {store} (--store)", "may not do this", "this process runs as user 65532"):
            self.assertIn(word, done.stderr)

    def test_a_server_without_models_says_how_to_send_one(self):
        with Server(store=self.store()) as server:
            answer = server.predict(RECORD)
            self.assertEqual((answer.status, answer.json()["models"]), (404, []))
            self.assertIn("PUT /models/{model}", answer.json()["detail"])

    def test_too_little_memory_at_the_start_says_what_to_raise(self):
        code, _, errors = run_command("serve", HOUSE, "--port", "0", "--memory-limit", "1000")
        self.assertEqual(code, 1)
        self.assertIn("bytes of memory; models hold 0 of 1000; raise --memory-limit, or name fewer models", errors)

    def test_a_refused_publish_is_in_the_log_once(self):
        with Server(store=self.store()) as server:
            self.assertEqual(server.put("house", os.path.join(EXAMPLES, "train.py")).status, 422)
            self.assertEqual(len(self.lines(server, "not published")), 1)
            self.assertEqual(server.put("house", HOUSE_2).status, 201)
            self.assertEqual(self.value(server, 'vencejo_publishes_total{outcome="rejected"}'), 1)


if __name__ == "__main__":
    unittest.main()
