"""The files of deploy/ and the Dockerfile, as far as they can be held without a cloud: what they start starts, their probes are
answered, their times fit, and their settings are settings."""

import fnmatch
import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import EXAMPLES, HOST, PATIENCE, ROOT, Server, clean_environment, contents, find_binary

try:
    import yaml
except ImportError:
    yaml = None

SETTINGS = contents(os.path.join(ROOT, "docs", "configuration.md")).decode()
IMAGE = contents(os.path.join(ROOT, "Dockerfile")).decode()
USER = int(re.search(r"^USER (\d+):\1$", IMAGE, re.MULTILINE)[1])
# Without a setting (docs/configuration.md).
DRAIN = 29
DRAIN_ON_CLOUD_RUN = 9
START = int(re.search(r"VENCEJO_STORE_START_SECONDS`.*?\| (\d+) \|", SETTINGS)[1])


def read(*path):
    return contents(os.path.join(ROOT, "deploy", *path)).decode()


def image_list(instruction):
    return json.loads(re.search(rf"^{instruction} (\[.*\])$", IMAGE, re.MULTILINE)[1])


@unittest.skipUnless(yaml, "no PyYAML")
class Deployment(unittest.TestCase):
    def assert_starts(self, arguments, environment, probes=("/health/ready",)):
        """A server with these arguments and this environment, on this host and with a store in a directory."""
        self.assertEqual(arguments[0], "serve")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        kept, names = [], iter(arguments[1:])
        for name in names:
            if name == "--store":
                self.assertRegex(next(names), r"^(s3://BUCKET/|gs://PROJECT-models/|/models$)")
                kept += ["--store", os.path.join(directory.name, "store")]
            elif name == "--host":
                self.assertEqual(next(names), "0.0.0.0")
            else:
                kept.append(name.replace("/example/", EXAMPLES + "/"))
        for name in environment:
            self.assertTrue(name in SETTINGS or name == "AWS_REGION", name)
        environment = {name: value for name, value in environment.items() if name.startswith("VENCEJO_")}
        environment.pop("VENCEJO_ADMIN_TOKEN", None)
        if "VENCEJO_STORE_CACHE" in environment:
            environment["VENCEJO_STORE_CACHE"] = os.path.join(directory.name, "cache")
            os.mkdir(environment["VENCEJO_STORE_CACHE"])
        if "VENCEJO_ADMIN_TOKEN_FILE" in environment:
            environment["VENCEJO_ADMIN_TOKEN_FILE"] = os.path.join(directory.name, "token")
            with open(environment["VENCEJO_ADMIN_TOKEN_FILE"], "w", encoding="utf-8") as file:
                file.write("0123456789abcdef\n")
        # The drain is not waited for.
        delay = environment.pop("VENCEJO_DRAIN_DELAY_SECONDS", None)
        with Server(arguments=kept, env=environment, token=None) as server:
            for path in probes:
                self.assertEqual(server.request("GET", path).status, 200, path)
            done = subprocess.run(
                [find_binary(), *image_list("HEALTHCHECK .* CMD")[1:], "--port", str(server.port)],
                capture_output=True,
                timeout=PATIENCE,
                env=clean_environment(),
            )
            self.assertEqual(done.returncode, 0, done.stderr)
        return int(delay or 0)

    def test_the_image(self):
        self.assertEqual(image_list("ENTRYPOINT"), ["/vencejo"])
        self.assertEqual(image_list("HEALTHCHECK .* CMD"), ["/vencejo", "probe"])
        self.assertIn("STOPSIGNAL SIGTERM", IMAGE)
        self.assert_starts(image_list("CMD"), {})

    def test_what_the_manifest_names_is_sent_to_the_image_s_build(self):
        """The compiler refuses a manifest of which a folder is missing, whatever is built of it."""
        patterns = [line for line in contents(os.path.join(ROOT, ".dockerignore")).decode().split("\n") if line.strip()]
        manifest = contents(os.path.join(ROOT, "Package.swift")).decode()
        paths = re.findall(r'\bpath: "([^"]+)"', manifest)
        self.assertIn("Benchmarks/FixedAnswer", paths)
        for path in ["Package.swift", "Sources", "Tests", *paths]:
            parents = [path[: match.start()] for match in re.finditer("/", path)] + [path]
            is_sent = True
            for pattern in patterns:
                name = pattern.removeprefix("!").removeprefix("**/")
                if any(fnmatch.fnmatchcase(parent, name) for parent in parents):
                    is_sent = pattern.startswith("!")
            self.assertTrue(is_sent, f"{path} is left out by .dockerignore")

    def test_compose(self):
        services = yaml.safe_load(read("compose.yaml"))["services"]
        service = services["vencejo"]
        delay = self.assert_starts(service["command"], service["environment"])
        self.assertGreater(int(service["stop_grace_period"].removesuffix("s")), DRAIN)
        self.assertLess(delay, DRAIN)
        self.assertEqual(service["healthcheck"]["test"], ["CMD", "/vencejo", "probe"])
        self.assertIn("/tmp", service["tmpfs"][0], "the root is read-only, and uploads may need a place")
        self.assertIn("8000:8000", services["nginx"]["ports"])
        self.assertIn("listen 8000", contents(os.path.join(ROOT, "nginx.conf")).decode())

    def test_kubernetes(self):
        documents = {document["kind"]: document for document in yaml.safe_load_all(read("kubernetes.yaml"))}
        pod = documents["Deployment"]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        environment = {entry["name"]: entry.get("value", "") for entry in container["env"]}
        probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
        self.assertEqual(probes, ["/health/live", "/health/ready", "/health/live"])
        delay = self.assert_starts(container["args"], environment, probes)
        startup = container["startupProbe"]
        # A store is waited for, and what it has is fetched, before anything listens.
        self.assertGreaterEqual(startup["periodSeconds"] * startup["failureThreshold"], 2 * START)
        readiness = container["readinessProbe"]
        # The balancer has to hear of the end while connections are still accepted.
        self.assertGreater(delay, readiness["periodSeconds"] * readiness["failureThreshold"])
        self.assertLess(delay, DRAIN)
        self.assertGreater(pod["terminationGracePeriodSeconds"], DRAIN)
        security = pod["securityContext"]
        self.assertEqual({security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")}, {USER})
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        self.assertIn(environment["VENCEJO_STORE_CACHE"], mounts)
        self.assertTrue(os.path.dirname(environment["VENCEJO_ADMIN_TOKEN_FILE"]) in mounts)
        self.assertEqual({mount["name"] for mount in mounts.values()}, {volume["name"] for volume in pod["volumes"]})
        port = container["ports"][0]
        self.assertEqual((port["containerPort"], documents["Service"]["spec"]["ports"][0]["targetPort"]), (8080, port["name"]))
        labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(documents["Service"]["spec"]["selector"], labels)
        self.assertEqual(documents["Deployment"]["spec"]["selector"]["matchLabels"], labels)

    def test_cloud_run(self):
        service = yaml.safe_load(read("cloudrun", "service.yaml"))["spec"]["template"]["spec"]
        container = service["containers"][0]
        probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")]
        self.assertEqual(probes, ["/health/ready", "/health/live"])
        delay = self.assert_starts(container["args"], {entry["name"]: "" for entry in container["env"]}, probes)
        self.assertEqual(delay, 0, "Cloud Run sends nothing after the signal")
        self.assertEqual(container["ports"], [{"name": "http1", "containerPort": 8080}])
        self.assertNotIn("volumes", service)
        self.assertIn(f"{DRAIN}; {DRAIN_ON_CLOUD_RUN} on Cloud Run", SETTINGS)

    def test_ecs(self):
        task = json.loads(read("ecs", "task-definition.json"))
        container = task["containerDefinitions"][0]
        environment = {entry["name"]: entry["value"] for entry in container["environment"]}
        delay = self.assert_starts(container["command"], environment)
        self.assertGreater(container["stopTimeout"], DRAIN)
        self.assertLessEqual(container["stopTimeout"], 120, "which is the most that Fargate waits")
        self.assertTrue(0 < delay < DRAIN)
        # What is unhealthy is replaced; a server that waits for its store is not to be.
        self.assertEqual(container["healthCheck"]["command"], ["CMD", "/vencejo", "probe", "--live"])
        self.assertGreaterEqual(container["healthCheck"]["startPeriod"], 2 * START)
        for secret in container["secrets"]:
            self.assertIn(secret["name"], SETTINGS)

    def test_prometheus_rules_are_yaml(self):
        for group in yaml.safe_load(read("prometheus", "alerts.yaml"))["groups"]:
            names = [rule["alert"] for rule in group["rules"]]
            self.assertEqual(len(names), len(set(names)))
            for rule in group["rules"]:
                self.assertTrue(rule["expr"] and rule["annotations"]["summary"] and rule["labels"]["severity"])


if __name__ == "__main__":
    unittest.main()
