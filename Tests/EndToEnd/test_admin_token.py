"""Who may change models: the bearer token, and nothing else."""

import os
import pty
import re
import select
import subprocess
import time
import unittest

from harness import (
    HOST,
    HOUSE,
    HOUSE_2,
    PATIENCE,
    Server,
    ServerTestCase,
    clean_environment,
    contents,
    find_binary,
    free_port,
    head,
)

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
VERBS = (
    ("PUT", "/models/new"),
    ("PUT", "/models/house-price"),
    ("DELETE", "/models/house-price"),
    ("DELETE", "/models/nope"),
)


class Token(ServerTestCase):
    models = {"house-price": HOUSE}

    def test_every_verb_without_the_token_is_401(self):
        token = self.server.token
        credentials = [
            {},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer "},
            {"Authorization": f"Bearer {token}x"},
            {"Authorization": f"Bearer {token[:-1]}"},
            {"Authorization": f"Bearer {token.upper()}"},
            {"Authorization": "Bearer " + "0" * len(token)},
            {"Authorization": f"Basic {token}"},
            {"Authorization": token},
            {"Authorization": f"Bearer {token}, Bearer {token}"},
            {"Cookie": f"token={token}"},
            {"X-Admin-Token": token},
            {"X-Forwarded-For": "127.0.0.1"},
            {"X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
            {"X-Original-URL": "/health/live"},
            {"Authorization": f"Bearer{token}"},
            {"Proxy-Authorization": f"Bearer {token}"},
        ]
        for method, path in VERBS:
            for fields in credentials:
                with self.subTest(method=method, path=path, fields=[*fields]):
                    answer = self.server.request(
                        method, path, contents(HOUSE_2) if method == "PUT" else None, fields, admin=False
                    )
                    self.assert_problem(answer, 401)
                    self.assertRegex(answer.field("www-authenticate"), r"^Bearer\b")
        self.assertEqual(
            [model["name"] for model in self.server.request("GET", "/models").json()["models"]], ["house-price"]
        )

    def test_a_token_in_the_query_does_not_count(self):
        answer = self.server.request("DELETE", f"/models/house-price?token={self.server.token}", admin=False)
        self.assertEqual(answer.status, 401)

    def test_two_authorization_fields_are_refused(self):
        with self.server.connect() as connection:
            connection.send(
                head(
                    "DELETE",
                    "/models/house-price",
                    "Authorization: Bearer wrong",
                    f"Authorization: Bearer {self.server.token}",
                )
            )
            self.assertIn(connection.answer().status, (400, 401))

    def test_the_scheme_is_case_insensitive(self):
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = self.server.put("scheme", HOUSE, {"Authorization": f"{scheme} {self.server.token}"}, admin=False)
            self.assertIn(answer.status, (200, 201), answer)

    def test_looking_and_predicting_need_no_token(self):
        for path in ("/", "/models", "/models/house-price", "/health/live", "/health/ready", "/metrics"):
            self.assertEqual(self.server.request("GET", path).status, 200)
        self.assertEqual(self.server.predict(RECORD).status, 200)

    def test_a_post_does_not_turn_into_another_verb(self):
        for fields in ({"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}):
            self.assertEqual(self.server.predict(RECORD, "house-price", headers=fields).status, 200)
        self.assertEqual(self.server.request("POST", "/models/house-price/predict?_method=DELETE", RECORD).status, 200)
        self.assertEqual(self.server.request("GET", "/models/house-price").status, 200)

    def test_a_refusal_comes_before_the_body(self):
        for fields in (("Expect: 100-continue",), ()):
            for authorization in ((), ("Authorization: Bearer wrong-wrong-wrong",)):
                with self.subTest(fields=fields, authorization=authorization), self.server.connect() as connection:
                    connection.send(head("PUT", "/models/new", "Content-Length: 1000000000", *fields, *authorization))
                    answer = connection.answer(with_interim=True)
                    self.assertEqual(answer.status, 401, "no 100 Continue, and an answer at once")
                    self.assertTrue(connection.is_closed(), "a body of a gigabyte is not waited for")

    def test_the_token_stands_nowhere(self):
        token = self.server.token
        self.server.put("shown", HOUSE)
        self.server.put("shown", b"junk")
        self.server.request("DELETE", "/models/shown")
        for path in ("/", "/models", "/models/house-price", "/metrics", "/health/live", "/health/ready", "/nope"):
            self.assertNotIn(token.encode(), self.server.request("GET", path, admin=True).body)
        with open(f"/proc/{self.server.process.pid}/cmdline", "rb") as file:
            self.assertNotIn(token.encode(), file.read())
        self.assertNotIn(token, self.server.text())


class NoToken(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {"token": None}

    def test_without_a_token_admin_verbs_are_403_and_say_how_to_set_one(self):
        for method, path in VERBS:
            for fields in (
                {},
                {"Authorization": "Bearer "},
                {"Authorization": "Bearer 0123456789abcdef0123"},
                {"X-Forwarded-For": "127.0.0.1"},
            ):
                answer = self.server.request(method, path, b"x" if method == "PUT" else None, fields)
                self.assert_problem(answer, 403, detail=re.compile("VENCEJO_ADMIN_TOKEN"))

    def test_the_refusal_comes_before_the_body(self):
        with self.server.connect() as connection:
            connection.send(head("PUT", "/models/new", "Content-Length: 1000000000", "Expect: 100-continue"))
            self.assertEqual(connection.answer(with_interim=True).status, 403)

    def test_predictions_go_on(self):
        self.assertEqual(self.server.predict(RECORD).status, 200)


class Terminal(unittest.TestCase):
    def test_on_a_terminal_a_token_is_made_and_printed_with_lines_to_paste(self):
        port = free_port()
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [find_binary(), "serve", f"house-price={HOUSE}", "--host", HOST, "--port", str(port)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=clean_environment({"VENCEJO_DRAIN_SECONDS": "5"}),
            start_new_session=True,
        )
        os.close(follower)
        text = ""
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and not (
                "curl" in text and re.search(r"models/\S+", text) and "Bearer" in text
            ):
                if select.select([leader], [], [], 0.2)[0]:
                    try:
                        text += os.read(leader, 65536).decode("utf-8", "replace")
                    except OSError:
                        break
            # What stands there is what a person would copy: any long word of the text may be the token.
            words = set(re.findall(r"[A-Za-z0-9_~+/=-]{16,}", text))
            self.assertIn("curl", text)
            self.assertIn(str(port), text)
            answers = {word: self.try_token(port, word) for word in words}
            tokens = [word for word, status in answers.items() if status == 200]
            self.assertEqual(len(tokens), 1, f"one working token is printed: {text}")
            self.assertEqual(self.try_token(port, "0" * len(tokens[0])), 401)
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0, text)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(leader)

    def try_token(self, port, token):
        import http.client

        client = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        try:
            client.request("PUT", "/models/house-price", contents(HOUSE_2), {"Authorization": f"Bearer {token}"})
            return client.getresponse().status
        except OSError:
            return None
        finally:
            client.close()


class TokenFile(unittest.TestCase):
    def test_a_token_may_come_from_a_file(self):
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
            file.write("a-token-from-a-file-0123\n")
            file.flush()
            with Server({"house-price": HOUSE}, token=None, env={"VENCEJO_ADMIN_TOKEN_FILE": file.name}) as server:
                self.assertEqual(server.put("x", HOUSE).status, 401)
                answer = server.put("x", HOUSE, {"Authorization": "Bearer a-token-from-a-file-0123"})
                self.assertEqual(answer.status, 201)


if __name__ == "__main__":
    unittest.main()
