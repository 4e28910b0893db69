"""T9: JSON as attackers and careless libraries write it, and the same documents read by a second parser."""

import contextlib
import json
import math
import random

from abuse import MEBIBYTE, AttackTestCase, Watch, size
from harness import HOUSE, Server, expected, head

NAMES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")


class Documents(AttackTestCase):
    def price(self, body):
        answer = self.server.predict(body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["prediction"]

    def test_depth_is_bounded_and_costs_nothing(self):
        deep = 100_000
        with self.unharmed():
            for body in (
                b"[" * deep,
                b"[" * deep + b"]" * deep,
                b'{"a":' * deep + b"1" + b"}" * deep,
                b'{"RM":' + b"[" * deep + b"]" * deep + b"}",
                b'[{"RM":' * deep,
                b'{"instances":' + b"[" * deep + b"]" * deep + b"}",
                b"[[" * (deep * 10),
                b'{"RM":1,"x":' + b'{"":' * deep + b"0" + b"}" * deep + b"}",
                b"[" + b"[]," * deep + b"[]]",
                b"{" * deep,
            ):
                with self.subTest(body=body[:20]):
                    answer = self.server.predict(body)
                    self.assertIn(answer.status, (400, 422), answer)
                    self.assertLess(len(answer.body), 2000)

    def test_a_string_of_a_hundred_megabytes(self):
        """Over the default limit it is not read; where the limit allows it, it costs its size and no copies."""
        long = b'{"CRIM":0.15,"x":"' + b"a" * (100 * MEBIBYTE) + b'"}'
        with self.unharmed(peak=48 * MEBIBYTE), self.server.connect() as connection:
            with contextlib.suppress(OSError):
                connection.send(head("POST", "/predict", f"Content-Length: {len(long)}") + long)
            self.assertEqual(connection.answer().status, 413)

    def test_a_string_of_a_hundred_megabytes_where_it_may_be(self):
        """The body's limit is lifted; a string has a bound of its own, and neither is copied about."""
        body = b'{"CRIM":"' + b"a" * (100 * MEBIBYTE) + b'"}'
        with Server({"house-price": HOUSE}, loops=1, env={"VENCEJO_BODY_BYTES_MAX": str(128 * MEBIBYTE)}) as server:
            with Watch(server, peak=270 * MEBIBYTE, kept=140 * MEBIBYTE), server.connect() as connection:
                connection.send(head("POST", "/predict", f"Content-Length: {len(body)}"))
                connection.send(body)
                answer = connection.answer()
                self.assertIn(answer.status, (400, 422), answer)
                self.assertLess(len(answer.body), 2000, "the string comes back")

    def test_long_strings_of_every_kind(self):
        with self.unharmed(peak=96 * MEBIBYTE, kept=48 * MEBIBYTE):
            for inner in (b"a", b"\\u0041", b"\\n", b"\xc3\xa9", b"\\ud83d\\ude00"):
                text = inner * (size(15, 2) * MEBIBYTE // len(inner))
                for body in (b'{"CRIM":"' + text + b'"}', b'{"' + text + b'":1}'):
                    with self.subTest(inner=inner):
                        answer = self.server.predict(body)
                        self.assertEqual(answer.status, 422, answer)
                        self.assertLess(len(answer.body), 2000, "the string comes back")

    def test_a_million_members_and_long_names(self):
        with self.unharmed(peak=160 * MEBIBYTE, kept=64 * MEBIBYTE):
            for body in (
                b"{" + b",".join(b'"k%d":1' % index for index in range(300_000)) + b"}",
                b'{"' + b"k" * MEBIBYTE * 4 + b'":1}',
                b'{"RM":1' + b',"RM":1' * 300_000 + b"}",
                b"[" + b"1," * 1_000_000 + b"1]",
                b'{"RM":' + b"9" * 4 * MEBIBYTE + b"}",
                b'{"RM":0.' + b"0" * 4 * MEBIBYTE + b"x}",
                b'{"RM":1e' + b"0" * 4 * MEBIBYTE + b"x}",
                b" " * 8 * MEBIBYTE,
            ):
                with self.subTest(body=body[:20]):
                    answer = self.server.predict(body)
                    self.assertIn(answer.status, (400, 413, 422), answer)
                    self.assertLess(len(answer.body), 2000)

    def test_numbers_too_large_are_refused_with_their_place(self):
        for text in ("1e400", "-1e400", "1e309", "-1.8e308", "1" * 400, "1e99999999999999999999"):
            with self.subTest(text=text[:20]):
                answer = self.server.predict(f'{{"RM":{text}}}'.encode())
                self.assert_problem(answer, 422, pointer="/RM")
                self.assertIn("out of range", answer.json()["detail"])

    def test_names_of_no_number_are_refused(self):
        for text in (
            *(
                "NaN",
                "-NaN",
                "nan",
                "Infinity",
            ),
            *(
                "-Infinity",
                "inf",
                "+1",
                "01",
                "-01",
                ".5",
                "1.",
                "1.e1",
                "1e",
                "1e+",
                "0x10",
                "1_0",
                "1,0",
                "--1",
                "-",
                "1f",
                "٣",
            ),
        ):
            with self.subTest(text=text[:20]):
                answer = self.server.predict(f'{{"RM":{text}}}'.encode())
                self.assert_problem(answer, 400)
                self.assertIn("offset", answer.json())

    def test_numbers_at_the_edges_are_rounded_as_they_should_be(self):
        """A linear model: the price moves with the value, so the value that was read can be told from it."""
        base = self.price({"RM": 0})
        slope = self.price({"RM": 1}) - base
        for text in (
            *(
                "-0",
                "-0.0",
                "0e400",
                "-0e-400",
                "1e-400",
                "-1e-400",
                "4.9e-324",
                "2.5e-324",
                "9007199254740993",
                "9007199254740992",
            ),
            *(
                "9007199254740991",
                "-9007199254740993",
                "18446744073709551616",
                "1.7976931348623157e308",
                "0.1",
                "1E2",
                "1e+2",
            ),
            *(
                "123456789012345678901234567890",
                "0.30000000000000004",
                "2.2250738585072011e-308",
                "5e-1",
                "6.02214076e23",
            ),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.price(f'{{"RM":{text}}}'.encode()), self.price({"RM": float(text)}))
                wanted = base + slope * float(text)
                if math.isfinite(wanted):
                    self.assertTrue(
                        math.isclose(self.price(f'{{"RM":{text}}}'.encode()), wanted, rel_tol=1e-9, abs_tol=1e-9)
                    )

    def test_a_result_out_of_range_is_no_number_on_the_wire(self):
        """1e308 times the slope is no float64: whatever is answered, it is JSON."""
        for body in (
            b'{"RM":1.7e308,"TAX":-1.7e308}',
            b'{"RM":1.7e308,"LSTAT":1.7e308}',
            b'[{"RM":1.7e308,"DIS":1.7e308},{}]',
        ):
            with self.subTest(body=body):
                answer = self.server.predict(body)
                json.loads(answer.body, parse_constant=lambda name: self.fail(f"{name} is no JSON"))

    def test_a_name_given_twice_is_refused_however_it_is_spelled(self):
        for body in (
            b'{"RM":1,"RM":1}',
            b'{"RM":1,"\\u0052M":1}',
            b'{"\\u0052\\u004d":1,"RM":1}',
            b'[{"RM":1},{"RM":1,"RM":2}]',
            b'{"RM":null,"RM":1}',
        ):
            with self.subTest(body=body):
                self.assert_problem(self.server.predict(body), 422)

    def test_strings_that_are_no_text_are_refused(self):
        for text in (
            *(
                b"\\ud800",
                b"\\udc00",
                b"\\udc00\\ud800",
                b"\\ud800x",
                b"\\ud800\\u0041",
                b"\\uD83D",
                b"\\u12",
                b"\\u",
                b"\\x41",
            ),
            *(
                b"\\",
                b"\\'",
                b"\x00",
                b"\x1f",
                b"\n",
                b"\t",
                b"\xff",
                b"\xc0\x80",
                b"\xc0\xae",
                b"\xed\xa0\x80",
                b"\xf4\x90\x80\x80",
            ),
            *(
                b"\xe2\x82",
                b"\x80",
                b"\xf8\x88\x80\x80\x80",
                b"\\u{41}",
                b"\\U0041",
                b"\\u00g0",
                b"\\u-001",
                b"\\u+001",
            ),
        ):
            for body in (b'{"' + text + b'":1}', b'{"RM":"' + text + b'"}'):
                with self.subTest(body=body):
                    answer = self.server.predict(body)
                    self.assert_problem(answer, 400)

    def test_strings_that_are_text_are_names(self):
        for body in (
            b'{"\\uD83D\\uDE00":1}',
            b'{"\\u0000":1}',
            b'{"\xf0\x9f\x98\x80":1}',
            b'{"":1}',
            b'{"\\/":1}',
            b'{"\xef\xbb\xbf":1}',
        ):
            with self.subTest(body=body):
                self.assert_problem(self.server.predict(body), 422)


class AgainstAnotherParser(AttackTestCase):
    """Damaged documents: what Python refuses is refused here, what Python reads is at least no syntax error here."""

    pieces = (
        *(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"',
            "RM",
            "LSTAT",
            '"RM"',
            '"RM":1',
            "null",
            "true",
            "false",
            "1",
            "-1",
            "1.5e3",
            " ",
            "\n",
        ),
        *(
            "\\u0041",
            "\\n",
            "\\",
            "é",
            "0",
            "00",
            "-",
            "e",
            "E+1",
            ".",
            "\t",
            "1e5",
            "x",
            "'",
            "/",
            "//",
            "/**/",
            "nul",
            "True",
        ),
    )

    def is_json(self, data):
        try:
            text = data.decode("utf-8")
            json.loads(text, parse_constant=lambda name: 1 / 0)
            # Python lets a lone half of a surrogate pair pass; RFC 8259 8.2 leaves it open, and we refuse it.
            json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
            return True
        except (ValueError, ZeroDivisionError, RecursionError):
            return False

    def documents(self, count):
        chooser = random.Random(20261121)
        records = expected()["records"]
        for index in range(count):
            rows = [chooser.choice(records) for _ in range(chooser.randint(1, 3))]
            text = json.dumps(rows if chooser.random() < 0.5 else rows[0])
            if chooser.random() < 0.3:
                text = "".join(chooser.choice(self.pieces) for _ in range(chooser.randint(1, 12)))
            for _ in range(chooser.randint(0, 3)):
                at = chooser.randrange(len(text) + 1)
                kind = chooser.randrange(3)
                if kind == 0:
                    text = text[:at] + chooser.choice(self.pieces) + text[at:]
                elif kind == 1:
                    text = text[:at] + text[at + chooser.randint(1, 3) :]
                else:
                    text = text[:at] + text[at:][::-1][:5] + text[at:]
            yield index, text.encode()

    def test_both_agree_on_what_json_is(self):
        with self.server.connect() as connection:
            counts = {}
            for index, body in self.documents(size(50_000, 3_000)):
                connection.send(head("POST", "/predict", f"Content-Length: {len(body)}") + body)
                answer = connection.answer()
                self.assertLess(answer.status, 500, (index, body))
                counts[answer.status] = counts.get(answer.status, 0) + 1
                is_syntax = answer.status == 400 and b"is not valid JSON" in answer.body
                if self.is_json(body):
                    # Reading stops at the first value that fits no model, so a later duplicate is not looked for.
                    self.assertFalse(is_syntax and b"out of range" not in answer.body, (index, body, answer))
                else:
                    self.assertNotEqual(answer.status, 200, (index, body, answer))
        self.assertGreater(counts[200], 100)
        self.assertGreater(counts[400], 100)

    def test_floats_are_read_as_the_other_parser_reads_them(self):
        chooser = random.Random(7)
        for _ in range(100):
            values = []
            for _ in range(10):
                digits = "".join(chooser.choice("0123456789") for _ in range(chooser.randint(1, 25))).lstrip("0") or "0"
                text = f"{digits}.{chooser.randrange(10**chooser.randint(1, 18))}e{chooser.randint(-330, 280)}"
                values.append(text)
            sent = "[" + ",".join(f'{{"RM":{text}}}' for text in values) + "]"
            again = json.dumps([{"RM": float(text)} for text in values])
            answer, wanted = self.server.predict(sent.encode()), self.server.predict(again.encode())
            self.assertEqual((answer.status, answer.body), (wanted.status, wanted.body), values)
