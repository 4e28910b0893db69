"""The forms of a prediction's body, its answers, and errors that teach."""

import json
import re
import unittest

from harness import ServerTestCase, expected, post

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
FULL = expected()["records"][0]
COLUMNS = list(FULL)


class Forms(ServerTestCase):
    def prices(self, records):
        return [self.server.price(record) for record in records]

    def test_a_record_answers_one_prediction(self):
        document = self.server.predict(RECORD).json()
        self.assertEqual(list(document), ["prediction"])

    def test_every_form_of_the_same_rows_gives_the_same_numbers(self):
        records = [FULL, dict(FULL, RM=7.2, CHAS=1.0)]
        rows = [list(record.values()) for record in records]
        reordered = COLUMNS[::-1]
        wanted = self.prices(records)
        forms = {
            "a list of records": records,
            "a list of rows": rows,
            "instances of records": {"instances": records},
            "instances of rows": {"instances": rows},
            "columns and data": {"columns": COLUMNS, "data": rows},
            "columns and data in another order of columns": {
                "columns": reordered,
                "data": [[record[name] for name in reordered] for record in records],
            },
            "data before columns": {"data": rows, "columns": COLUMNS},
        }
        for name, body in forms.items():
            with self.subTest(form=name):
                answer = self.server.predict(body)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json(), {"predictions": wanted})

    def test_one_row_answers_one_prediction(self):
        self.assertEqual(self.server.predict(list(FULL.values())).json(), {"prediction": self.server.price(FULL)})

    def test_a_list_of_one_still_answers_a_list(self):
        for body in ([FULL], {"instances": [FULL]}, {"columns": COLUMNS, "data": [list(FULL.values())]}):
            self.assertEqual(list(self.server.predict(body).json()), ["predictions"])

    def test_columns_that_are_left_out_are_missing(self):
        answer = self.server.predict({"columns": list(RECORD), "data": [list(RECORD.values())]})
        self.assertEqual(answer.json()["predictions"], [self.server.price(RECORD)])

    def test_null_is_the_same_as_absent(self):
        nulls = {name: RECORD.get(name) for name in COLUMNS}
        self.assertEqual(self.server.price(nulls), self.server.price(RECORD))

    def test_an_empty_record_has_all_values_missing(self):
        self.assertEqual(self.server.price({}), self.server.price({name: None for name in COLUMNS}))

    def test_a_classifier_answers_label_and_probabilities(self):
        document = self.server.predict({"RM": 7.2, "LSTAT": 4.1}, "price-band").json()
        self.assertEqual(list(document), ["prediction", "probabilities"])
        self.assertEqual(document["prediction"], 1)
        self.assertAlmostEqual(sum(document["probabilities"].values()), 1, places=6)
        many = self.server.predict([{"RM": 7.2}, {"RM": 4.0}], "price-band").json()
        self.assertEqual(
            [list(many), len(many["predictions"]), len(many["probabilities"])], [["predictions", "probabilities"], 2, 2]
        )

    def test_the_content_types_of_curl_and_of_none_are_json(self):
        wanted = self.server.price(RECORD)
        for kind in (
            "application/json",
            "application/json; charset=utf-8",
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/octet-stream",
        ):
            with self.subTest(kind=kind):
                answer = self.server.predict(RECORD, headers={"Content-Type": kind})
                self.assertEqual((answer.status, answer.json().get("prediction")), (200, wanted))
        with self.server.connect() as connection:
            connection.send(post("/predict", RECORD))
            self.assertEqual(connection.answer().json(), {"prediction": wanted})

    def test_an_answer_tells_model_version_and_generation(self):
        for path, model in (("/predict", "house-price"), ("/models/price-band/predict", "price-band")):
            answer = self.server.request("POST", path, RECORD)
            page = self.server.request("GET", f"/models/{model}").json()
            self.assertEqual(answer.field("vencejo-model"), model)
            self.assertEqual(answer.field("vencejo-version"), str(page["version"]))
            self.assertRegex(answer.field("vencejo-generation"), r"^\d+$")
            self.assertEqual(answer.field("cache-control"), "no-store")
            self.assertEqual(answer.field("content-type").split(";")[0], "application/json")

    def test_an_error_tells_model_version_and_generation(self):
        tensors = {"inputs": [{"name": "RM", "shape": [1], "datatype": "BYTES", "data": ["many"]}]}
        for path, body in (
            ("/predict", {"RM": "many"}),
            ("/models/house-price/predict", [[1]]),
            ("/v2/models/house-price/infer", tensors),
        ):
            answer = self.server.request("POST", path, body)
            self.assertIn(answer.status, (400, 422), answer)
            self.assertEqual(answer.field("vencejo-model"), "house-price", answer)
            self.assertEqual((answer.field("vencejo-version"), answer.field("vencejo-generation")), ("1", "0"), answer)
            self.assertRegex(answer.field("date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_white_space_and_escapes_in_names_change_nothing(self):
        body = b' \r\n\t{ "CR\\u0049M" : 1.5e-1 ,\n"RM":5.45, "LSTAT": 18.06 }\n'
        self.assertEqual(self.server.predict(body).json(), {"prediction": self.server.price(RECORD)})

    def test_numbers_are_read_exactly(self):
        wanted = self.server.price(RECORD)
        for text in (
            "0.15",
            "15e-2",
            "1.5E-1",
            "0.150000000000000000000000000000000",
            "0.1500000000000000055511151231",
        ):
            body = b'{"CRIM": ' + text.encode() + b', "RM": 5.45, "LSTAT": 18.06}'
            self.assertEqual(self.server.predict(body).json(), {"prediction": wanted}, text)
        for text in ("9007199254740993", "-0", "-0.0", "1e308", "5e-324", "123456789012345678901234567890"):
            answer = self.server.predict(b'{"CRIM": ' + text.encode() + b"}")
            self.assertEqual(answer.status, 200, (text, answer))

    def test_a_true_is_one(self):
        self.assertEqual(self.server.price({"CHAS": True}), self.server.price({"CHAS": 1}))
        self.assertEqual(self.server.price({"CHAS": False}), self.server.price({"CHAS": 0}))

    def test_many_rows_come_back_in_order(self):
        records = [dict(FULL, RM=3 + index / 100) for index in range(600)]
        many = self.server.predict(records).json()["predictions"]
        self.assertEqual(len(many), 600)
        for index in (0, 1, 255, 256, 257, 511, 599):
            self.assertEqual(many[index], self.server.price(records[index]))


class Errors(ServerTestCase):
    def test_an_unknown_field_names_the_nearest_one(self):
        document = self.assert_problem(
            self.server.predict({"CRIN": 0.15}), 422, pointer="/CRIN", nearest="CRIM", got='"CRIN"'
        )
        self.assertIn("expected", document)
        self.assertEqual(self.server.predict(document["example"]).status, 200, "the example has to work")

    def test_an_unknown_field_in_a_list_is_pointed_at(self):
        self.assert_problem(self.server.predict([{"RM": 1}, {"rm": 1}]), 422, pointer="/1/rm", nearest="RM")
        self.assert_problem(
            self.server.predict({"instances": [{"RM": 1}, {"LSAT": 1}]}),
            422,
            pointer="/instances/1/LSAT",
            nearest="LSTAT",
        )
        self.assert_problem(
            self.server.predict({"columns": ["RM", "TAXX"], "data": [[1, 2]]}), 422, pointer="/columns/1", nearest="TAX"
        )

    def test_a_pointer_is_escaped_as_rfc_6901_says(self):
        self.assert_problem(self.server.predict({"a/b~c": 1}), 422, pointer="/a~1b~0c")

    def test_values_of_the_wrong_type_are_refused(self):
        for value in ("5.45", [5.45], {"value": 5.45}, ""):
            with self.subTest(value=value):
                document = self.assert_problem(self.server.predict({"RM": value}), 422, pointer="/RM")
                self.assertIn("number", document["expected"])
                self.assertIn("got", document)

    def test_rows_of_the_wrong_length_are_refused(self):
        self.assert_problem(self.server.predict([1, 2, 3]), 422, expected=re.compile("13 values"))
        self.assert_problem(self.server.predict([[1] * 13, [1] * 14]), 422, pointer="/1")
        self.assert_problem(
            self.server.predict({"columns": ["RM", "TAX"], "data": [[1, 2], [1]]}), 422, pointer="/data/1"
        )

    def test_a_field_given_twice_is_refused(self):
        self.assert_problem(self.server.predict(b'{"RM": 1, "RM": 2}'), 422, pointer="/RM")
        self.assert_problem(self.server.predict(b'{"RM": 1, "\\u0052M": 1}'), 422, pointer="/RM")
        self.assert_problem(self.server.predict({"columns": ["RM", "RM"], "data": [[1, 2]]}), 422)

    def test_forms_that_are_no_rows_are_refused(self):
        bodies = [
            [],
            {"instances": []},
            {"columns": ["RM"], "data": []},
            {"columns": ["RM"]},
            {"data": [[1]]},
            {"instances": [1, 2]},
            [[1] * 13, {"RM": 1}],
            {"RM": 1, "instances": [{"RM": 1}]},
            [None],
            [[]],
            {"data": []},
            {"instances": [{"RM": 1}], "columns": ["RM"], "data": [[1]]},
            {"columns": "RM", "data": [[1]]},
            {"columns": ["RM"], "data": [{"RM": 1}]},
            {"columns": [1], "data": [[1]]},
            {"instances": {"RM": 1}},
        ]
        for body in bodies:
            with self.subTest(body=body):
                self.assert_problem(self.server.predict(body), 422)

    def test_a_number_beyond_a_double_is_refused_with_its_place(self):
        for number in ("1e400", "-1e400", "1" * 400):
            with self.subTest(number=number[:8]):
                self.assert_problem(self.server.predict(f'{{"RM": {number}}}'.encode()), 422, pointer="/RM")

    def test_what_is_not_json_is_400_with_the_offset(self):
        bodies = {
            b"": None,
            b" ": None,
            b"{": None,
            b"nope": None,
            b'{"RM": 1,}': None,
            b'{"RM": 01}': None,
            b'{"RM": 1.}': None,
            b'{"RM": .5}': None,
            b'{"RM": +1}': None,
            b'{"RM": 1} x': None,
            b"{'RM': 1}": None,
            b'{"RM" 1}': None,
            b'{"RM": NaN}': 7,
            b'{"RM": Infinity}': 7,
            b'{"RM": -Infinity}': None,
            b'{"RM": nan}': None,
            b'{"RM": 0x10}': None,
            b'{"RM": 1e}': None,
            b'{"\\ud800": 1}': None,
            b'{"\\ude00\\ud800": 1}': None,
            b'{"a\xff": 1}': None,
            b'{"\xed\xa0\x80": 1}': None,
            b'{"\xc0\xaf": 1}': None,
            b'{"a\nb": 1}': None,
            b'{"\\x41": 1}': None,
            b'{"RM": tru}': None,
            b'\xef\xbb\xbf{"RM": 1}x': None,
            b'{"RM": 1}{"RM": 1}': None,
            b"[1, 2": None,
            b'{"RM": /* */ 1}': None,
            b'"RM=1': None,
            b"\x00": None,
            b"CRIM=0.15&RM=5.45": None,
            b'{"RM": 1}\x00': None,
        }
        for body, offset in bodies.items():
            with self.subTest(body=body):
                document = self.assert_problem(self.server.predict(body), 400)
                self.assertNotIn("swift", document["detail"].lower())
                if offset is not None:
                    self.assertEqual(document.get("offset"), offset, document)

    def test_a_document_that_is_no_request_is_a_clear_4xx(self):
        for body in (b"1", b'"RM"', b"null", b"true"):
            answer = self.server.predict(body)
            self.assert_problem(answer, answer.status)
            self.assertIn(answer.status, (400, 422))

    def test_every_prefix_of_a_document_is_400(self):
        text = json.dumps({"instances": [RECORD, {"B": 396.9, "CHAS": None}]}).encode()
        client = self.server.client()
        self.addCleanup(client.close)
        for length in range(len(text)):
            with self.subTest(text=text[:length]):
                self.assert_problem(self.server.predict(text[:length], client=client), 400)
        self.assertEqual(self.server.predict(text, client=client).status, 200)

    def test_nesting_of_100_000_levels_is_400(self):
        for text in (
            b"[" * 100_000,
            b'{"RM":' * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b'{"instances":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"RM":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"columns":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        ):
            answer = self.server.predict(text)
            self.assertIn(answer.status, (400, 422), answer)
        self.assert_problem(self.server.predict(b"[" * 100_000), 400)

    def test_long_names_and_strings_are_not_echoed_whole(self):
        answer = self.server.predict({"R" * 2_000_000: 1})
        self.assert_problem(answer, 422)
        self.assertLess(len(answer.body), 100_000, "an error is not an amplifier")
        answer = self.server.predict({"RM": "x" * 2_000_000})
        self.assert_problem(answer, 422)
        self.assertLess(len(answer.body), 100_000)

    def test_an_unknown_model_lists_the_known_ones(self):
        document = self.assert_problem(self.server.predict(RECORD, "house-prise"), 404)
        self.assertEqual(sorted(document["models"]), ["house-price", "price-band"])
        self.assertEqual(document["nearest"], "house-price")
        document = self.assert_problem(self.server.request("GET", "/models/nope"), 404)
        self.assertEqual(sorted(document["models"]), ["house-price", "price-band"])

    def test_an_unknown_route_is_404(self):
        for path in (
            "/nope",
            "/predict/",
            "/predict/x",
            "/models/house-price/nope",
            "/health",
            "/health/nope",
            "//predict",
            "/models/house-price/predict/x",
        ):
            with self.subTest(path=path):
                self.assert_problem(self.server.request("GET", path), 404)

    def test_a_wrong_method_is_405_with_allow(self):
        for method, path, allowed in (
            ("GET", "/predict", "POST"),
            ("GET", "/models/house-price/predict", "POST"),
            ("DELETE", "/predict", "POST"),
            ("PUT", "/predict", "POST"),
            ("POST", "/health/live", "GET"),
            ("POST", "/metrics", "GET"),
            ("DELETE", "/models", "GET"),
            ("POST", "/models/house-price", "PUT"),
            ("POST", "/", "GET"),
        ):
            with self.subTest(method=method, path=path):
                answer = self.server.request(method, path, b"" if method != "GET" else None, admin=True)
                self.assert_problem(answer, 405)
                self.assertIn(allowed, [name.strip() for name in answer.field("allow").split(",")])

    def test_head_is_get_without_a_body(self):
        for path in ("/health/live", "/models", "/models/house-price", "/metrics"):
            with self.subTest(path=path), self.server.connect() as connection:
                connection.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                self.assertEqual(connection.answer(is_head=True).status, 200)
                connection.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(connection.answer().status, 200, "nothing of a body may have come in between")

    def test_paths_that_try_to_climb_are_refused(self):
        paths = (
            "/models/..",
            "/models/../predict",
            "/models/%2e%2e",
            "/models/..%2f..%2fetc%2fpasswd",
            "/models/%252e%252e%252fetc",
            "/models/a%2fb",
            "/models/a%00b",
            "/models/..%5c..",
            "/models/%c0%ae%c0%ae",
            "/models/%ff",
            "/models/%zz",
            "/models/%",
            "/junk/../models",
            "/models/house-price/../price-band",
            "/models/.hidden",
            "/models/-a",
            "/models/" + "a" * 129,
            "/models/a%20b",
            "/models/a;b",
            "/models/",
        )
        for path in paths:
            for method in ("GET", "PUT", "POST"):
                with self.subTest(path=path, method=method), self.server.connect() as connection:
                    target = path + "/predict" if method == "POST" else path
                    connection.send(
                        f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.token}\r\n"
                        "Content-Length: 2\r\n\r\n{}".encode("latin-1")
                    )
                    answer = connection.answer()
                    self.server.check(answer)
                    self.assertIn(answer.status, (400, 404, 405), answer)


if __name__ == "__main__":
    unittest.main()
