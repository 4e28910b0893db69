"""gRPC against the real server, with Python's grpcio as the client: the health service, deadlines, compression, drain.

grpcio and its health messages stand in requirements.txt; without them these tests are skipped.
"""

import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

try:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc
except ImportError:
    grpc = None

from harness import (
    HOST,
    HOUSE,
    PATIENCE,
    ROOT,
    Connection,
    Server,
    ServerTestCase,
    contents,
    free_port,
    head,
    until,
)

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

SERVING = 1
NOT_SERVING = 2
SERVICE_UNKNOWN = 3


class Client:
    """A channel of its own connection, with the health service's stub and raw calls."""

    def __init__(self, port, **options):
        settings = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)] + list(options.items())
        self.channel = grpc.insecure_channel(f"{HOST}:{port}", options=settings)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def check(self, service="", **options):
        request = health_pb2.HealthCheckRequest(service=service)
        return self.health.Check(request, timeout=PATIENCE, wait_for_ready=True, **options).status

    def watch(self, service="", timeout=None):
        return self.health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=timeout, wait_for_ready=True)

    def unary(self, path, request=b"", timeout=PATIENCE, **options):
        """A call of bytes, whatever the method's messages are."""
        return self.channel.unary_unary(path)(request, timeout=timeout, wait_for_ready=True, **options)


class Reader:
    """Takes a stream's answers on a thread of its own, so that a test can wait for the next one for so long."""

    def __init__(self, stream):
        self.stream = stream
        self.answers = queue.Queue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            for answer in self.stream:
                self.answers.put(answer.status)
            self.answers.put(None)
        except grpc.RpcError as error:
            self.answers.put(error)

    def next(self, seconds=PATIENCE):
        return self.answers.get(timeout=seconds)

    def is_silent(self, seconds=0.3):
        try:
            self.answers.get(timeout=seconds)
            return False
        except queue.Empty:
            return True


@unittest.skipIf(grpc is None, "grpcio and grpcio-health-checking are not installed")
class GRPC(ServerTestCase):
    models = {"house-price": HOUSE}

    def refused(self, call):
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        return caught.exception.code()

    def test_check_tells_that_it_serves(self):
        with Client(self.server.port) as client:
            for service in ("", "grpc.health.v1.Health"):
                self.assertEqual(client.check(service), SERVING)

    def test_check_does_not_know_other_services(self):
        with Client(self.server.port) as client:
            self.assertEqual(self.refused(lambda: client.check("nobody")), grpc.StatusCode.NOT_FOUND)

    def test_list_tells_all_services(self):
        with Client(self.server.port) as client:
            answer = client.unary("/grpc.health.v1.Health/List")
            self.assertIn(b"grpc.health.v1.Health", answer)

    def test_many_checks_on_one_connection(self):
        with Client(self.server.port) as client:
            for _ in range(300):
                self.assertEqual(client.check(), SERVING)

    def test_a_hundred_calls_at_once(self):
        with Client(self.server.port) as client:
            request = health_pb2.HealthCheckRequest()
            calls = [client.health.Check.future(request, timeout=PATIENCE, wait_for_ready=True) for _ in range(100)]
            self.assertEqual([call.result().status for call in calls], [SERVING] * 100)

    def test_a_hundred_watches_at_once(self):
        with Client(self.server.port) as client:
            watches = [client.watch() for _ in range(90)]
            self.assertEqual([next(watch).status for watch in watches], [SERVING] * 90)
            self.assertEqual(client.check(), SERVING)
            for watch in watches:
                watch.cancel()
            self.assertEqual(client.check(), SERVING)

    def test_unknown_methods_and_services_are_unimplemented(self):
        with Client(self.server.port) as client:
            for path in ("/grpc.health.v1.Health/Nothing", "/no.Service/Method", "/inference.GRPCInferenceService/X"):
                self.assertEqual(self.refused(lambda: client.unary(path)), grpc.StatusCode.UNIMPLEMENTED, path)

    def test_the_message_of_a_status_arrives_whole(self):
        with Client(self.server.port) as client:
            with self.assertRaises(grpc.RpcError) as caught:
                client.unary("/no.Service/Method")
            self.assertIn("/no.Service/Method", caught.exception.details())

    def test_a_request_that_is_no_message_is_internal(self):
        with Client(self.server.port) as client:
            for request in (b"\xff", b"\x0a\x05x", b"\x0a\x02\xc3\x28", b"\x00"):
                code = self.refused(lambda: client.unary("/grpc.health.v1.Health/Check", request))
                self.assertEqual(code, grpc.StatusCode.INTERNAL, request)
            self.assertEqual(client.check(), SERVING)

    def test_a_request_that_is_too_long_is_resource_exhausted(self):
        with Client(self.server.port) as client:
            for size in (5000, 100_000, 5_000_000):
                code = self.refused(lambda: client.unary("/grpc.health.v1.Health/Check", b"\x0a" * size))
                self.assertEqual(code, grpc.StatusCode.RESOURCE_EXHAUSTED, size)
            self.assertEqual(client.check(), SERVING)

    def test_takes_compressed_requests(self):
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            with Client(self.server.port) as client:
                self.assertEqual(client.check("grpc.health.v1.Health", compression=compression), SERVING)
                code = self.refused(lambda: client.check("x" * 2000, compression=compression))
                self.assertEqual(code, grpc.StatusCode.NOT_FOUND)

    def test_a_bomb_is_resource_exhausted(self):
        with Client(self.server.port) as client:
            bomb = b"\x0a" + b"\xff\xff\x7f" + bytes(1 << 21)
            code = self.refused(
                lambda: client.unary("/grpc.health.v1.Health/Check", bomb, compression=grpc.Compression.Gzip)
            )
            self.assertEqual(code, grpc.StatusCode.RESOURCE_EXHAUSTED)
            self.assertEqual(client.check(), SERVING)

    def test_takes_much_metadata(self):
        with Client(self.server.port) as client:
            metadata = [(f"x-key-{number}", "v" * 80) for number in range(60)] + [("x-bytes-bin", bytes(range(256)))]
            self.assertEqual(client.check(metadata=metadata), SERVING)

    def test_too_much_metadata_ends_that_call_alone(self):
        with Client(self.server.port, **{"grpc.max_metadata_size": 1 << 20}) as client:
            self.assertEqual(client.check(), SERVING)
            metadata = [("x-long", "v" * 60_000)]
            self.refused(lambda: client.check(metadata=metadata))
            self.assertEqual(client.check(), SERVING)

    # Watch and time

    def test_watch_tells_the_status_at_once_and_then_is_silent(self):
        with Client(self.server.port) as client:
            watch = client.watch()
            reader = Reader(watch)
            self.assertEqual(reader.next(), SERVING)
            self.assertTrue(reader.is_silent())
            watch.cancel()

    def test_watch_of_an_unknown_service_stays_open(self):
        with Client(self.server.port) as client:
            watch = client.watch("later")
            reader = Reader(watch)
            self.assertEqual(reader.next(), SERVICE_UNKNOWN)
            self.assertTrue(reader.is_silent())
            watch.cancel()

    def test_a_deadline_ends_a_watch(self):
        with Client(self.server.port) as client:
            self.assertEqual(client.check(), SERVING)
            reader = Reader(client.watch(timeout=0.5))
            # Unless the time is over before the first answer has come.
            if (first := reader.next()) == SERVING:
                first = reader.next()
            self.assertEqual(first.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            self.assertEqual(client.check(), SERVING)

    def test_calls_are_counted_by_their_templates(self):
        with Client(self.server.port) as client:
            client.check()
            self.refused(lambda: client.unary("/no.Service/Method"))
        with Connection(self.server.port) as connection:
            connection.send(head("GET", "/metrics"))
            text = connection.answer().body.decode()
        self.assertIn('route="/grpc.health.v1.Health/Check"', text)
        self.assertNotIn("no.Service", text)

    # The life of a server

    def test_a_drain_tells_each_watch_and_is_not_held_up(self):
        with Server({"house-price": HOUSE}, env={"VENCEJO_DRAIN_SECONDS": "600"}) as server:
            with Client(server.port) as client:
                readers = [Reader(client.watch(service)) for service in ("", "grpc.health.v1.Health")]
                other = Reader(client.watch("later"))
                for reader in readers:
                    self.assertEqual(reader.next(), SERVING)
                self.assertEqual(other.next(), SERVICE_UNKNOWN)
                server.terminate()
                for reader in readers:
                    self.assertEqual(reader.next(), NOT_SERVING)
                    self.assertEqual(reader.next().code(), grpc.StatusCode.UNAVAILABLE)
                self.assertEqual(other.next().code(), grpc.StatusCode.UNAVAILABLE)
                self.assertEqual(server.wait(), 0)

    def test_serves_health_without_a_model(self):
        with Server() as server:
            with Client(server.port) as client:
                self.assertEqual(client.check(), SERVING)

    # Who is not a gRPC client

    def test_http1_is_told_that_grpc_needs_http2(self):
        with Connection(self.server.port) as connection:
            connection.send(
                head("POST", "/grpc.health.v1.Health/Check", "Content-Type: application/grpc", "Content-Length: 0")
            )
            answer = connection.answer()
            self.assertEqual(answer.status, 505)
            self.assertIn("HTTP/2", answer.json()["detail"])

    def test_another_content_type_is_told_grpcs(self):
        with Connection(self.server.port) as connection:
            connection.send(head("POST", "/grpc.health.v1.Health/Check", "Content-Length: 0"))
            self.assertEqual(connection.answer().status, 415)
            connection.send(head("GET", "/grpc.health.v1.Health/Check"))
            answer = connection.answer()
            self.assertEqual((answer.status, answer.field("allow")), (405, "POST"))


class GRPCNginx:
    """nginx with the block that docs/http.md shows, changed only in its addresses."""

    def __init__(self, upstream):
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="vencejo-nginx-")
        os.chmod(self.directory, 0o755)
        text = contents(os.path.join(ROOT, "docs", "http.md")).decode()
        block = re.search(r"```nginx\n(.*?)```", text, re.DOTALL)[1]
        for old, new in (("vencejo:8080", f"{HOST}:{upstream}"), ("listen 8001", f"listen {HOST}:{self.port}")):
            assert old in block, f"docs/http.md no longer holds {old!r}"
            block = block.replace(old, new)
        names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{name}_temp_path {self.directory}/{name};\n" for name in names)
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"pid {self.directory}/pid;\nerror_log stderr warn;\nevents {{}}\n")
            file.write(f"http {{\naccess_log off;\n{paths}{block}}}\n")
        self.log = open(os.path.join(self.directory, "log"), "w+b")
        self.process = subprocess.Popen(
            [NGINX, "-c", path, "-p", self.directory, "-g", "daemon off;"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

        def accepts():
            assert self.process.poll() is None, contents(self.log.name)
            try:
                Connection(self.port).close()
                return True
            except OSError:
                return False

        assert until(accepts), contents(self.log.name)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@unittest.skipIf(grpc is None, "grpcio and grpcio-health-checking are not installed")
@unittest.skipUnless(os.access(NGINX, os.X_OK), "nginx is not installed")
class GRPCBehindNginx(ServerTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx = GRPCNginx(cls.server.port)

    @classmethod
    def tearDownClass(cls):
        cls.nginx.close()
        super().tearDownClass()

    def test_checks_pass(self):
        with Client(self.nginx.port) as client:
            for _ in range(50):
                self.assertEqual(client.check("grpc.health.v1.Health"), SERVING)

    def test_statuses_pass(self):
        with Client(self.nginx.port) as client:
            for call, code in (
                (lambda: client.check("nobody"), grpc.StatusCode.NOT_FOUND),
                (lambda: client.unary("/no.Service/Method"), grpc.StatusCode.UNIMPLEMENTED),
                (lambda: client.unary("/grpc.health.v1.Health/Check", b"\xff"), grpc.StatusCode.INTERNAL),
            ):
                with self.assertRaises(grpc.RpcError) as caught:
                    call()
                self.assertEqual(caught.exception.code(), code)

    def test_a_watch_passes_at_once(self):
        with Client(self.nginx.port) as client:
            watch = client.watch()
            reader = Reader(watch)
            self.assertEqual(reader.next(), SERVING)
            self.assertTrue(reader.is_silent())
            watch.cancel()

    def test_many_at_once(self):
        with Client(self.nginx.port) as client:
            request = health_pb2.HealthCheckRequest()
            calls = [client.health.Check.future(request, timeout=PATIENCE, wait_for_ready=True) for _ in range(100)]
            self.assertEqual([call.result().status for call in calls], [SERVING] * 100)


if __name__ == "__main__":
    unittest.main()
