"""HTTP/2 with other people's clients: curl, nghttp, h2load, and the state machine of Python's h2."""

import json
import subprocess
import tempfile
import unittest

from abuse import RECORD, size, tool
from harness import HOST, HOUSE_2, PATIENCE
from http2_client import fields
from test_http2 import BODY, HTTP2TestCase


class RealClients(HTTP2TestCase):
    """Other people's implementations: curl, nghttp, h2load, and the state machine of Python's h2."""

    def run_tool(self, name, *arguments, stdin=b""):
        done = subprocess.run([tool(name), *arguments], input=stdin, capture_output=True, timeout=5 * PATIENCE)
        self.assertEqual(
            done.returncode, 0, done.stderr.decode()[-2000:] + done.stdout.decode("utf-8", "replace")[-2000:]
        )
        return done.stdout

    @property
    def url(self):
        return f"http://{HOST}:{self.server.port}"

    def test_curl(self):
        shared = ("--http2-prior-knowledge", "-sS", "--max-time", "30")
        self.assertEqual(self.run_tool("curl", *shared, f"{self.url}/predict", "-d", BODY.decode()), self.wanted)
        told = self.run_tool(
            "curl", *shared, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"{self.url}/models"
        )
        self.assertEqual(told, b"2 200")
        self.assertTrue(self.run_tool("curl", *shared, "-I", f"{self.url}/models").startswith(b"HTTP/2 200"))
        told = self.run_tool(
            "curl",
            *shared,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "Expect: 100-continue",
            f"{self.url}/predict",
            "-d",
            "{",
        )
        self.assertEqual(told, b"400")

    def test_curl_uploads_a_model_and_megabytes(self):
        shared = ("--http2-prior-knowledge", "-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}")
        token = f"Authorization: Bearer {self.server.token}"
        self.assertEqual(self.run_tool("curl", *shared, "-T", HOUSE_2, "-H", token, f"{self.url}/models/curl"), b"201")
        rows = json.dumps([RECORD] * 20_000).encode()
        self.assertEqual(
            self.run_tool("curl", *shared, "--data-binary", "@-", f"{self.url}/predict", stdin=rows), b"200"
        )
        self.assertEqual(self.run_tool("curl", *shared, "-T", HOUSE_2, f"{self.url}/models/curl"), b"401")

    def test_curl_with_an_upgrade_stays_at_http_1(self):
        told = self.run_tool(
            "curl",
            "--http2",
            "-sS",
            "--max-time",
            "30",
            "-o",
            "/dev/null",
            "-w",
            "%{http_version} %{http_code}",
            f"{self.url}/models",
        )
        self.assertEqual(told, b"1.1 200")

    def test_nghttp(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(BODY)
            file.flush()
            # With its priorities, and several at once.
            out = self.run_tool("nghttp", f"--data={file.name}", "-m", "20", f"{self.url}/predict")
            self.assertEqual(out.count(self.wanted.strip()), 20)
            out = self.run_tool("nghttp", "-nv", "-w", "1", "-W", "1", f"{self.url}/metrics").decode()
        self.assertRegex(out, r":status: 200")
        self.assertNotIn(
            "GOAWAY frame <length=8, flags=0x00, stream_id=0>\n          (last_stream_id=0, error_code=PROTOCOL", out
        )

    def test_h2load(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(BODY)
            file.flush()
            count = size(100_000, 5_000)
            for connections, streams in ((1, 1), (4, 16), (2, 100)):
                with self.subTest(connections=connections, streams=streams):
                    arguments = (
                        "-n",
                        str(count),
                        "-c",
                        str(connections),
                        "-m",
                        str(streams),
                        "-t",
                        "1",
                        "-d",
                        file.name,
                    )
                    out = self.run_tool("h2load", *arguments, f"{self.url}/predict").decode()
                    self.assertRegex(out, rf"{count} succeeded, 0 failed, 0 errored, 0 timeout")
                    self.assertRegex(out, rf"status codes: {count} 2xx")

    def test_the_state_machine_of_python_finds_no_fault(self):
        try:
            import h2.config
            import h2.connection
            import h2.events
        except ImportError:
            self.skipTest("h2 is not installed: pip install -r Tests/EndToEnd/requirements.txt")
        machine = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        machine.initiate_connection()
        bodies, ended = {}, set()
        with self.server.connect() as connection:
            connection.send(machine.data_to_send())
            for wave in range(20):
                for _ in range(20):
                    number = machine.get_next_available_stream_id()
                    machine.send_headers(number, fields("POST", "/predict", ("content-length", str(len(BODY)))))
                    machine.send_data(number, BODY, end_stream=True)
                    bodies[number] = b""
                connection.send(machine.data_to_send())
                while len(ended) < len(bodies):
                    data = connection.socket.recv(65_536)
                    self.assertTrue(data)
                    for event in machine.receive_data(data):
                        if isinstance(event, h2.events.DataReceived):
                            bodies[event.stream_id] += event.data
                            machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                        elif isinstance(event, h2.events.StreamEnded):
                            ended.add(event.stream_id)
                        self.assertNotIsInstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated))
                    connection.send(machine.data_to_send())
        self.assertEqual(set(bodies.values()), {self.wanted})


if __name__ == "__main__":
    unittest.main()
