"""The Open Inference Protocol against the real server, with Triton's own client over HTTP and gRPC.

tritonclient stands in requirements.txt; without it the tests that need it are skipped. Whatever a client sends, its
predictions are those of the native protocol, bit for bit.
"""

import gzip
import json
import random
import struct
import unittest
import zlib

import guide
from harness import BAND, HOUSE, HOUSE_2, PATIENCE, Server, ServerTestCase, contents, head, until

try:
    import numpy
    import tritonclient.grpc as over_grpc
    import tritonclient.http as over_http
    from tritonclient.utils import InferenceServerException
except ImportError:
    numpy = None

COLUMNS = ["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"]


def numbers(rows, seed=7):
    """Rows of numbers that a float16 holds, so that each type carries the same."""
    generator = random.Random(seed)
    return [[float(generator.randrange(0, 100)) for _ in COLUMNS] for _ in range(rows)]


def tensor(rows, **members):
    data = [value for row in rows for value in row]
    return {"name": "x", "shape": [len(rows), len(COLUMNS)], "datatype": "FP64", "data": data, **members}


class Served(ServerTestCase):
    models = {"house-price": HOUSE, "price-band": BAND}

    def native(self, model, rows):
        answer = self.server.request("POST", f"/models/{model}/predict", {"instances": rows})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def infer(self, body, model="house-price", headers=None, path=""):
        return self.server.request("POST", f"/v2/models/{model}{path}/infer", body, headers)

    def refused(self, answer, status=400):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.field("Content-Type"), "application/json")
        error = answer.json()
        self.assertEqual(list(error), ["error"])
        self.assertIsInstance(error["error"], str)
        return error["error"]


class REST(Served):
    def test_health_and_metadata(self):
        for path, body in [
            ("/v2/health/live", {"live": True}),
            ("/v2/health/ready", {"ready": True}),
            ("/v2/models", {"models": ["house-price", "price-band"]}),
            ("/v2/models/price-band/ready", {"name": "price-band", "ready": True}),
            ("/v2/models/price-band/versions/1/ready", {"name": "price-band", "ready": True}),
        ]:
            answer = self.server.request("GET", path)
            self.assertEqual((answer.status, answer.json()), (200, body), path)
        for path in ("/v2", "/v2/"):
            self.assertEqual(set(self.server.request("GET", path).json()), {"name", "version", "extensions"})
        page = self.server.request("GET", "/v2/models/price-band").json()
        self.assertEqual([column["name"] for column in page["inputs"]], COLUMNS)
        self.assertEqual(page["outputs"][0], {"name": "prediction", "datatype": "INT64", "shape": [-1, 1]})
        self.assertEqual(json.loads(page["outputs"][1]["parameters"]["classes"]), [0, 1])
        self.assertEqual(self.server.request("GET", "/v2/models/price-band/versions/1").json(), page)

    def test_a_matrix_and_columns_are_answered_as_native_rows(self):
        rows = numbers(5)
        native = self.native("price-band", rows)
        columns = [
            {"name": name, "shape": [5, 1], "datatype": "FP64", "data": [row[place] for row in rows]}
            for place, name in enumerate(COLUMNS)
        ]
        random.Random(3).shuffle(columns)
        for inputs in ([tensor(rows)], [tensor(rows, data=rows)], columns):
            answer = self.infer({"id": "an id", "inputs": inputs, "model_name": "price-band"}, "price-band")
            self.assertEqual(answer.status, 200, answer)
            body = answer.json()
            self.assertEqual((body["id"], body["model_name"], body["model_version"]), ("an id", "price-band", "1"))
            labels, chances = body["outputs"]
            self.assertEqual((labels["shape"], labels["data"]), ([5, 1], native["predictions"]))
            self.assertEqual(chances["shape"], [5, 2])
            self.assertEqual(
                chances["data"], [row[name] for row in native["probabilities"] for name in sorted(row)], body
            )

    def test_outputs_by_the_names_of_other_servers(self):
        body = {"inputs": [tensor(numbers(1))], "outputs": [{"name": "predict_proba"}, {"name": "predict"}]}
        outputs = self.infer(body, "price-band").json()["outputs"]
        self.assertEqual([output["name"] for output in outputs], ["predict_proba", "predict"])

    def test_any_content_type_will_do(self):
        body = json.dumps({"inputs": [tensor(numbers(1))]})
        for kind in ("application/octet-stream", "text/csv", "multipart/form-data; boundary=x", "nonsense"):
            self.assertEqual(self.infer(body, headers={"Content-Type": kind}).status, 200, kind)

    def test_bodies_and_answers_may_be_coded(self):
        body = json.dumps({"inputs": [tensor(numbers(400))]}).encode()
        plain = self.infer(body)
        for coding, coded, decode in [
            ("gzip", gzip.compress(body), gzip.decompress),
            ("deflate", zlib.compress(body), zlib.decompress),
        ]:
            answer = self.infer(coded, headers={"Content-Encoding": coding, "Accept-Encoding": coding})
            self.assertEqual(answer.field("Content-Encoding"), coding)
            self.assertEqual(decode(answer.body), plain.body)
        self.refused(self.infer(body, headers={"Content-Encoding": "compress"}), 415)

    def test_binary_tensors_stand_behind_the_json(self):
        rows = numbers(3)
        tail = b"".join(struct.pack("<13d", *row) for row in rows)
        asked = tensor(rows, parameters={"binary_data_size": len(tail)})
        del asked["data"]
        text = json.dumps({"inputs": [asked], "parameters": {"binary_data_output": True}}).encode()
        fields = {"Inference-Header-Content-Length": str(len(text))}
        answer = self.infer(text + tail, headers=fields)
        self.assertEqual(answer.field("Content-Type"), "application/octet-stream")
        length = int(answer.field("Inference-Header-Content-Length"))
        output = json.loads(answer.body[:length])["outputs"][0]
        self.assertEqual(output["parameters"], {"binary_data_size": 24})
        answered = struct.unpack("<3d", answer.body[length:])
        self.assertEqual(list(answered), self.native("house-price", rows)["predictions"])
        for wrong in ("-1", "x", "", str(len(text + tail) + 1), "99999999999", str(len(text) - 1)):
            self.refused(self.infer(text + tail, headers={"Inference-Header-Content-Length": wrong}))

    def test_the_length_of_the_json_does_not_frame_the_request(self):
        text = json.dumps({"inputs": [tensor(numbers(1))]}).encode()
        with self.server.connect() as connection:
            for _ in range(2):
                connection.send(
                    head(
                        "POST",
                        "/v2/models/house-price/infer",
                        f"Inference-Header-Content-Length: {len(text)}",
                        f"Content-Length: {len(text)}",
                    )
                    + text
                )
                self.assertEqual(connection.answer().status, 200)

    def test_errors_are_one_text(self):
        good = {"inputs": [tensor(numbers(1))]}
        for body in (b"", b"{", b"[]", {}, {"inputs": []}, {"inputs": [{}]}):
            self.refused(self.infer(body))
        self.assertIn("LSTATE", self.refused(self.infer({"inputs": [
            {"name": "LSTATE", "shape": [1, 1], "datatype": "FP64", "data": [1]}]})))
        self.assertIn("prediction", self.refused(self.infer({**good, "outputs": [{"name": "zip"}]})))
        self.assertIn("house-price", self.refused(self.infer(good, path="/versions/7"), 404))
        self.refused(self.infer(good, "nobody"), 404)
        self.refused(self.server.request("GET", "/v2/models/nobody"), 404)
        self.refused(self.server.request("GET", "/v2/models/nobody/ready"), 404)
        self.refused(self.server.request("GET", "/v2/models/house-price/stats"), 404)
        self.refused(self.server.request("POST", "/v2/repository/index"), 404)
        self.refused(self.server.request("PUT", "/v2/models/house-price/infer", b"{}"), 405)

    def test_terms_are_read(self):
        good = {"inputs": [tensor(numbers(1))]}
        for parameters in ({"timeout": 60_000_000, "priority": 1}, {"timeout": 0}, {"unknown": True}):
            self.assertEqual(self.infer({**good, "parameters": parameters}).status, 200)
        for parameters in ({"timeout": -1}, {"timeout": "1"}, {"priority": -1}, {"sequence_id": 3}):
            self.refused(self.infer({**good, "parameters": parameters}))
        self.refused(self.infer(good, headers={"X-Request-Timeout-Ms": "soon"}))
        answer = self.infer(good, headers={"X-Min-Generation": "0"})
        self.assertEqual(answer.status, 200)
        self.refused(self.infer(good, headers={"X-Min-Generation": "99"}), 503)
        for page in ("", "/house-price", "/house-price/ready", "/house-price/versions/1/ready"):
            for generation, status in (("0", 200), ("99", 503)):
                answer = self.server.request("GET", f"/v2/models{page}", headers={"X-Min-Generation": generation})
                self.assertEqual(answer.status, status, page)

    def test_a_body_over_the_loops_bound_is_answered_by_the_compute_threads(self):
        rows = numbers(3000)
        answer = self.infer({"parameters": {"priority": 3}, "inputs": [tensor(rows)]})
        self.assertEqual(answer.json()["outputs"][0]["data"], self.native("house-price", rows)["predictions"])


class Guide(Served):
    def test_each_command_does_what_the_page_says(self):
        guide.run(self, "open-inference.md", self.server, guide.directory(self), least=4)


class Versions(unittest.TestCase):
    def test_versions_and_aliases(self):
        with Server({}, env={"VENCEJO_KEEP_VERSIONS": "3"}) as server:
            for model in (HOUSE, HOUSE_2):
                self.assertIn(server.request("PUT", "/models/m", contents(model)).status, (200, 201))
            self.assertEqual(server.request("PATCH", "/models/m", {"aliases": {"champion": 1}}).status, 200)
            page = server.request("GET", "/v2/models/m").json()
            self.assertEqual(page["versions"], ["1", "2"])
            body = {"inputs": [tensor(numbers(1))]}
            for path, version in (("", "2"), ("/versions/1", "1"), ("/versions/2", "2"), ("/versions/champion", "1")):
                answer = server.request("POST", f"/v2/models/m{path}/infer", body)
                self.assertEqual(answer.json()["model_version"], version, path)

    def test_the_token_for_predictions(self):
        token = "a-token-of-letters-only"
        with Server({"m": HOUSE}, env={"VENCEJO_PREDICT_TOKEN": token}) as server:
            for method, path in (("POST", "/v2/models/m/infer"), ("GET", "/v2/models/m"), ("GET", "/v2/models")):
                answer = server.request(method, path, b"{}")
                self.assertEqual((answer.status, list(answer.json())), (401, ["error"]), path)
            for path in ("/v2", "/v2/health/live", "/v2/health/ready"):
                self.assertEqual(server.request("GET", path).status, 200, path)
            fields = {"Authorization": f"Bearer {token}"}
            answer = server.request("POST", "/v2/models/m/infer", {"inputs": [tensor(numbers(1))]}, fields)
            self.assertEqual(answer.status, 200)
            if numpy is None:
                return
            with over_grpc.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
                asked = over_grpc.InferInput("x", [1, len(COLUMNS)], "FP64")
                asked.set_data_from_numpy(numpy.array(numbers(1)))
                with self.assertRaises(InferenceServerException) as caught:
                    client.infer("m", [asked])
                self.assertIn("UNAUTHENTICATED", caught.exception.status())
                answer = client.infer("m", [asked], headers={"authorization": f"Bearer {token}"})
                self.assertEqual(answer.as_numpy("prediction").shape, (1, 1))


@unittest.skipIf(numpy is None, "tritonclient is not installed")
class Triton(Served):
    """Each test over HTTP and over gRPC."""

    TYPES = {"FP64": "float64", "FP32": "float32", "FP16": "float16", "INT64": "int64", "INT32": "int32"}
    TYPES.update({"INT16": "int16", "INT8": "int8", "UINT64": "uint64", "UINT32": "uint32", "UINT8": "uint8"})

    def clients(self):
        address = f"127.0.0.1:{self.server.port}"
        for module in (over_http, over_grpc):
            client = module.InferenceServerClient(address)
            with self.subTest(module.__name__):
                yield module, client
            client.close()

    def input(self, module, rows, kind="FP64", **options):
        asked = module.InferInput("x", [len(rows), len(COLUMNS)], kind)
        values = numpy.array(rows).reshape(len(rows), len(COLUMNS))
        asked.set_data_from_numpy(values.astype(self.TYPES[kind]), **options)
        return asked

    def test_health_and_metadata(self):
        for module, client in self.clients():
            self.assertTrue(client.is_server_live())
            self.assertTrue(client.is_server_ready())
            self.assertTrue(client.is_model_ready("house-price"))
            self.assertTrue(client.is_model_ready("house-price", "1"))
            self.assertFalse(client.is_model_ready("nobody"))
            self.assertFalse(client.is_model_ready("house-price", "9"))
            options = {} if module is over_http else {"as_json": True}
            self.assertEqual(client.get_server_metadata(**options)["name"], "vencejo")
            page = client.get_model_metadata("price-band", **options)
            self.assertEqual([column["name"] for column in page["inputs"]], COLUMNS)
            with self.assertRaises(InferenceServerException) as caught:
                client.get_model_metadata("nobody")
            self.assertIn("nobody", str(caught.exception))

    def test_each_type_is_answered_as_native_rows(self):
        rows = numbers(4)
        native = self.native("price-band", rows)
        chances = [[row[name] for name in sorted(row)] for row in native["probabilities"]]
        for module, client in self.clients():
            for kind in self.TYPES:
                answer = client.infer("price-band", [self.input(module, rows, kind)], request_id="r-1")
                self.assertEqual(answer.as_numpy("prediction").tolist(), [[label] for label in native["predictions"]])
                self.assertEqual(answer.as_numpy("probabilities").dtype, numpy.float32)
                self.assertTrue(
                    (answer.as_numpy("probabilities") == numpy.array(chances, numpy.float32)).all(), kind
                )

    def test_json_and_binary_and_coded(self):
        rows = numbers(4)
        native = self.native("house-price", rows)["predictions"]
        with over_http.InferenceServerClient(f"127.0.0.1:{self.server.port}") as client:
            for binary_in in (True, False):
                for binary_out in (True, False):
                    for coding in (None, "gzip", "deflate"):
                        asked = self.input(over_http, rows, binary_data=binary_in)
                        wanted = over_http.InferRequestedOutput("prediction", binary_data=binary_out)
                        answer = client.infer(
                            "house-price",
                            [asked],
                            outputs=[wanted],
                            request_compression_algorithm=coding,
                            response_compression_algorithm=coding,
                        )
                        self.assertEqual(answer.as_numpy("prediction").ravel().tolist(), native)

    def test_text_columns_no_rows_and_many_rows(self):
        rows = numbers(2)
        native = self.native("house-price", rows)["predictions"]
        many = numbers(2500)
        for module, client in self.clients():
            asked = module.InferInput("x", [2, len(COLUMNS)], "BYTES")
            asked.set_data_from_numpy(numpy.array([[str(value) for value in row] for row in rows], dtype=object))
            self.assertEqual(client.infer("house-price", [asked]).as_numpy("prediction").ravel().tolist(), native)
            answer = client.infer("price-band", [self.input(module, [])])
            self.assertEqual(answer.as_numpy("probabilities").shape, (0, 2))
            answer = client.infer("house-price", [self.input(module, many)])
            self.assertEqual(
                answer.as_numpy("prediction").ravel().tolist(), self.native("house-price", many)["predictions"]
            )

    def test_errors_reach_the_client(self):
        for module, client in self.clients():
            good = self.input(module, numbers(1))
            narrow = module.InferInput("x", [1, 2], "FP64")
            narrow.set_data_from_numpy(numpy.zeros((1, 2)))
            for call, text in [
                (lambda: client.infer("nobody", [good]), "nobody"),
                (lambda: client.infer("house-price", [good], model_version="9"), "9"),
                (lambda: client.infer("house-price", [narrow]), "shape"),
                (lambda: client.infer("house-price", [good], outputs=[module.InferRequestedOutput("zip")]), "zip"),
                (lambda: client.infer("house-price", [good], sequence_id=5), "sequences"),
                (lambda: client.get_model_config("house-price"), ""),
                (lambda: client.get_inference_statistics("house-price"), ""),
                (lambda: client.get_model_repository_index(), ""),
            ]:
                with self.assertRaises(InferenceServerException) as caught:
                    call()
                self.assertIn(text, str(caught.exception))

    def test_deadlines_and_priorities(self):
        for module, client in self.clients():
            good = self.input(module, numbers(1))
            options = {} if module is over_http else {"client_timeout": PATIENCE}
            answer = client.infer("house-price", [good], timeout=60_000_000, priority=1, **options)
            self.assertEqual(answer.as_numpy("prediction").shape, (1, 1))

    def test_many_at_once_on_one_connection(self):
        rows = numbers(64)
        native = self.native("house-price", rows)["predictions"]
        with over_grpc.InferenceServerClient(f"127.0.0.1:{self.server.port}") as client:
            done = {}

            def take(place):
                return lambda result, error: done.__setitem__(place, (result, error))

            for place, row in enumerate(rows):
                client.async_infer("house-price", [self.input(over_grpc, [row])], callback=take(place))
            self.assertTrue(until(lambda: len(done) == len(rows)))
            for place, (result, error) in done.items():
                self.assertIsNone(error)
                self.assertEqual(result.as_numpy("prediction").ravel().tolist(), [native[place]])


if __name__ == "__main__":
    unittest.main()
