"""What a browser asks before and with a page's requests (the Fetch standard's CORS protocol)."""

import unittest

from harness import HOUSE, ServerTestCase, head

PAGE = {"Origin": "https://app.example.com"}
RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}


class Off(ServerTestCase):
    models = {"house-price": HOUSE}

    def test_no_answer_speaks_of_origins(self):
        preflight = {**PAGE, "Access-Control-Request-Method": "POST"}
        for method, path in (("OPTIONS", "/predict"), ("GET", "/models"), ("POST", "/predict")):
            answer = self.server.request(method, path, RECORD if method == "POST" else None, preflight)
            self.assertIn(answer.status, (200, 204))
            self.assertFalse([name for name in answer.fields if name.startswith("access-control")])

    def test_options_tells_the_methods_of_a_path(self):
        for path, methods in (
            ("/predict", "POST, OPTIONS"),
            ("/models/house-price", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/health/live", "GET, HEAD, OPTIONS"),
        ):
            answer = self.server.request("OPTIONS", path)
            self.assertEqual((answer.status, answer.body, answer.field("allow")), (204, b"", methods))
        self.assertEqual(self.server.request("OPTIONS", "/nope").status, 404)
        with self.server.connect() as connection:
            connection.send(head("OPTIONS", "*"))
            self.assertEqual(connection.answer().status, 204)


class On(ServerTestCase):
    models = {"house-price": HOUSE}
    settings = {
        "arguments": ("--cors-origin", "https://app.example.com", "--cors-origin", "http://localhost:3000"),
        "env": {"VENCEJO_PREDICT_TOKEN": "predict-predict-predict"},
    }
    token = {"Authorization": "Bearer predict-predict-predict"}

    def test_a_page_predicts(self):
        """As a browser does it: a preflight without the token, then the request with it."""
        asked = {**PAGE, "Access-Control-Request-Method": "POST"}
        asked["Access-Control-Request-Headers"] = "authorization,content-type"
        preflight = self.server.request("OPTIONS", "/models/house-price/predict", headers=asked)
        self.assertEqual(preflight.status, 204)
        self.assertEqual(preflight.field("access-control-allow-origin"), PAGE["Origin"])
        self.assertIn("POST", preflight.field("access-control-allow-methods"))
        allowed = preflight.field("access-control-allow-headers").lower().split(", ")
        self.assertTrue({"authorization", "content-type"} <= set(allowed))
        self.assertGreater(int(preflight.field("access-control-max-age")), 0)
        self.assertIsNone(preflight.field("access-control-allow-credentials"))
        answer = self.server.predict(RECORD, "house-price", headers={**PAGE, **self.token})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.field("access-control-allow-origin"), PAGE["Origin"])
        self.assertIn("Origin", answer.fields["vary"])
        self.assertIn("Vencejo-Version", answer.field("access-control-expose-headers"))

    def test_a_page_can_read_why_it_was_refused(self):
        for fields, body, status in (({}, RECORD, 401), (self.token, b"{", 400), (self.token, {"nope": 1}, 422)):
            answer = self.server.predict(body, headers={**PAGE, **fields})
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.field("access-control-allow-origin"), PAGE["Origin"])

    def test_an_upload_tells_its_page_too(self):
        with open(HOUSE, "rb") as file:
            answer = self.server.put("page", file.read(), PAGE)
        self.assertEqual((answer.status, answer.field("access-control-allow-origin")), (201, PAGE["Origin"]))
        answer = self.server.request("DELETE", "/models/page", headers=PAGE)
        self.assertEqual((answer.status, answer.field("access-control-allow-origin")), (204, PAGE["Origin"]))

    def test_other_origins_get_no_word(self):
        for origin in ("https://evil.example", "null", "https://app.example.com:444", "HTTPS://APP.EXAMPLE.COM", ""):
            for method in ("OPTIONS", "POST"):
                fields = {"Origin": origin, "Access-Control-Request-Method": "POST", **self.token}
                answer = self.server.request(method, "/predict", RECORD if method == "POST" else None, fields)
                self.assertFalse([name for name in answer.fields if name.startswith("access-control")], origin)


if __name__ == "__main__":
    unittest.main()
