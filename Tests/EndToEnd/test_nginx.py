"""The repository's own nginx.conf in front of the server: predictions, uploads, swaps under load, refusals."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import (
    HOST,
    HOUSE,
    HOUSE_2,
    PATIENCE,
    ROOT,
    Connection,
    Load,
    Server,
    ServerTestCase,
    contents,
    expected,
    free_port,
    head,
    is_close,
    post,
    until,
)

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = (expected()["house-price"]["predictions"][1], expected()["house-price-v2"]["predictions"][1])


class Nginx:
    """A real nginx with the repository's file, changed only as its head says: listen, upstream, where it writes."""

    def __init__(self, upstream, *changes):
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="vencejo-nginx-")
        os.chmod(self.directory, 0o755)
        text = contents(os.path.join(ROOT, "nginx.conf")).decode()
        for old, new in (
            ("vencejo:8080", f"{HOST}:{upstream}"),
            ("listen 8000", f"listen {HOST}:{self.port}"),
            ("/tmp/nginx", os.path.join(self.directory, "nginx")),
            *changes,
        ):
            assert old in text, f"nginx.conf no longer holds {old!r}"
            text = text.replace(old, new)
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        # Appended to: the access log and the error log open it each for itself.
        self.log = open(os.path.join(self.directory, "log"), "a+b")
        self.process = subprocess.Popen(
            [NGINX, "-c", path, "-p", self.directory, "-g", "daemon off;"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

        def accepts():
            assert self.process.poll() is None, self.text()
            try:
                Connection(self.port).close()
                return True
            except OSError:
                return False

        assert until(accepts), self.text()

    def text(self):
        return contents(self.log.name).decode("utf-8", "replace")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@unittest.skipUnless(os.access(NGINX, os.X_OK), "nginx is not installed")
class BehindNginx(ServerTestCase):
    models = {"house-price": HOUSE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx = Nginx(cls.server.port)
        cls.addClassCleanup(cls.nginx.close)

    def proxied(self):
        """The server as seen through nginx."""
        import http.client

        return http.client.HTTPConnection(HOST, self.nginx.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, **more):
        client = self.proxied()
        try:
            return self.server.request(method, path, body, headers, client=client, **more)
        finally:
            client.close()

    def test_predictions_pass(self):
        for path in ("/predict", "/models/house-price/predict"):
            answer = self.ask("POST", path, RECORD)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.json(), self.server.request("POST", path, RECORD).json())
            self.assertEqual(answer.field("vencejo-model"), "house-price")

    def test_problems_pass_as_the_server_wrote_them(self):
        answer = self.ask("POST", "/predict", {"CRIN": 1})
        self.assert_problem(answer, 422, pointer="/CRIN", nearest="CRIM")
        self.assert_problem(self.ask("POST", "/predict", b"{"), 400)
        self.assert_problem(self.ask("GET", "/models/nope"), 404)
        self.assert_problem(self.ask("PUT", "/models/x", b"junk", admin=False), 401)
        answer = self.ask("PUT", "/models/x", b"junk")
        self.assertIn("place", self.assert_problem(answer, 422))

    def test_large_predictions_pass(self):
        records = [dict(RECORD, RM=index / 1000) for index in range(30_000)]
        body = json.dumps(records)
        self.assertGreater(len(body), 1 << 20, "nginx has to put it into a file")
        answer = self.ask("POST", "/predict", body)
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(answer.json()["predictions"]), 30_000)

    def test_a_body_over_the_limit_is_413(self):
        with Connection(self.nginx.port) as connection:
            connection.send(head("POST", "/predict", f"Content-Length: {33 << 20}"))
            answer = connection.answer()
            self.assertEqual(answer.status, 413)
            self.assertEqual(answer.field("content-type"), "application/problem+json")

    def test_a_model_is_uploaded_swapped_and_removed_through_it(self):
        answer = self.ask("PUT", "/models/proxied", contents(HOUSE))
        self.assertEqual(answer.status, 201)
        self.assertTrue(answer.field("etag"))
        self.assertTrue(is_close(self.ask("POST", "/models/proxied/predict", RECORD).json()["prediction"], PRICES[0]))
        answer = self.ask("PUT", "/models/proxied", contents(HOUSE_2), {"If-Match": answer.field("etag")})
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(is_close(self.ask("POST", "/models/proxied/predict", RECORD).json()["prediction"], PRICES[1]))
        self.assertEqual(self.ask("DELETE", "/models/proxied").status, 204)
        self.assertEqual(self.ask("POST", "/models/proxied/predict", RECORD).status, 404)

    def test_an_upload_without_length_and_with_expect_passes(self):
        data = contents(HOUSE)
        with Connection(self.nginx.port) as connection:
            connection.send(
                head(
                    "PUT",
                    "/models/streamed",
                    "Transfer-Encoding: chunked",
                    "Expect: 100-continue",
                    f"Authorization: Bearer {self.server.token}",
                )
            )
            self.assertEqual(connection.answer(with_interim=True).status, 100, "nginx says it itself")
            connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
            self.assertEqual(connection.answer().status, 201)

    def test_swaps_under_load_fail_no_request(self):
        def judge(answer):
            if answer.status != 200:
                return f"{answer}"
            value = answer.json()["prediction"]
            return None if any(is_close(value, price) for price in PRICES) else f"{value} is neither model's"

        client = self.proxied()
        artifacts = (contents(HOUSE), contents(HOUSE_2))
        with Load(self.nginx.port, post("/predict", RECORD), judge, clients=4) as load:
            for index in range(40):
                answer = self.server.request("PUT", "/models/house-price", artifacts[(index + 1) % 2], client=client)
                self.assertEqual(answer.status, 200, answer)
                newer = answer.json()["generation"]
                self.assertTrue(until(lambda: load.newest >= newer or load.failures), "nobody sees the swap")
        client.close()
        self.assertEqual(load.failures, [])
        self.assertNotIn(" 502", self.nginx.text())

    def test_connections_to_the_server_are_kept(self):
        """If each request opened one, as many would be accepted; 200 requests need few."""
        nginx = Nginx(self.server.port)
        try:
            before = self.accepted()
            with Connection(nginx.port) as connection:
                for _ in range(200):
                    connection.send(post("/predict", RECORD))
                    self.assertEqual(connection.answer().status, 200)
            self.assertLess(self.accepted() - before, 20)
            lines = lambda: [json.loads(line) for line in nginx.text().splitlines() if line.startswith('{"time"')]
            # nginx writes its log after the answer.
            self.assertTrue(until(lambda: len(lines()) == 200))
            self.assertEqual({line["upstream_status"] for line in lines()}, {"200"})
        finally:
            nginx.close()

    def accepted(self):
        text = self.server.request("GET", "/metrics").body.decode()
        return float(re.search(r"\nvencejo_connections_accepted_total (\S+)", text)[1])

    def test_the_token_is_not_in_its_log(self):
        self.ask("PUT", "/models/logged", contents(HOUSE))
        self.assertNotIn(self.server.token, self.nginx.text())

    def test_probes_and_metrics_pass(self):
        for path in ("/health/live", "/health/ready", "/metrics", "/models", "/"):
            self.assertEqual(self.ask("GET", path).status, 200)

    def test_a_server_that_is_gone_is_502_in_the_same_form(self):
        nginx = Nginx(free_port())
        try:
            with Connection(nginx.port) as connection:
                connection.send(post("/predict", RECORD))
                answer = connection.answer()
                self.assertEqual((answer.status, answer.field("content-type")), (502, "application/problem+json"))
                self.assertTrue(re.search("reach", answer.json()["detail"]))
        finally:
            nginx.close()

    def test_a_restart_of_the_server_is_ridden_out(self):
        first = Server({"house-price": HOUSE})
        nginx = Nginx(first.port)
        try:
            with Connection(nginx.port) as connection:
                connection.send(post("/predict", RECORD))
                self.assertEqual(connection.answer().status, 200)
                first.stop()
                second = Server({"house-price": HOUSE}, port=first.port)
                try:
                    for _ in range(20):
                        connection.send(post("/predict", RECORD))
                        self.assertEqual(connection.answer().status, 200, nginx.text()[-1000:])
                    second.stop()
                finally:
                    second.kill()
                    second.remove_directory()
        finally:
            nginx.close()
            first.kill()
            first.remove_directory()


if __name__ == "__main__":
    unittest.main()
