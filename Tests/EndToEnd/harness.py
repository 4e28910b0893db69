"""Starts the real server on a free loopback port and talks to it: what every end-to-end test stands on.

    python3 Tests/EndToEnd/run.py

`VENCEJO_BINARY` names the binary; otherwise it is .build/debug/vencejo, or else .build/release/vencejo.

Python's standard library alone. Every wait ends, by `PATIENCE` if by nothing else. Each server has its own port, its own
directory and its own token, so that several runs may go on at the same time.
"""

import atexit
import http.client
import io
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import zipfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
EXAMPLES = os.path.join(ROOT, "Examples", "house-price")
HOUSE = os.path.join(EXAMPLES, "house-price.pkl")
HOUSE_2 = os.path.join(EXAMPLES, "house-price-v2.pkl")
BAND = os.path.join(EXAMPLES, "price-band.ubj")
HOST = "127.0.0.1"

# The seconds after which a wait is given up as a hang. It measures nothing: only what never happens takes that long,
# however slow or busy the machine is.
PATIENCE = 60
# The server's own times, longer than any wait: no client of a test that is not about them is too slow for the server.
UNHURRIED = {
    "VENCEJO_DRAIN_SECONDS": "45",
    "VENCEJO_HEAD_TIMEOUT_SECONDS": "600",
    "VENCEJO_BODY_TIMEOUT_SECONDS": "600",
    "VENCEJO_BODY_BYTES_PER_SECOND_MIN": "1",
    "VENCEJO_IDLE_TIMEOUT_SECONDS": "600",
    "VENCEJO_WRITE_TIMEOUT_SECONDS": "600",
}


def find_binary():
    named = os.environ.get("VENCEJO_BINARY")
    candidates = [named] if named else [os.path.join(ROOT, ".build", kind, "vencejo") for kind in ("debug", "release")]
    for path in candidates:
        if os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise unittest.SkipTest(f"no server binary at {', '.join(candidates)}: build it, or set VENCEJO_BINARY")


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def expected():
    with open(os.path.join(EXAMPLES, "expected.json"), encoding="utf-8") as file:
        return json.load(file)


# Bound, not listening, and kept: nobody else is given these ports, and a server may bind them as well (SO_REUSEADDR).
reserved_ports = []
atexit.register(lambda: [port.close() for port in reserved_ports])


def large_bundle(size=5_000_000):
    """A model in a folder, beside a file that makes it large."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("vencejo.json", json.dumps({"vencejo": 1}))
        archive.write(HOUSE, os.path.basename(HOUSE))
        archive.writestr("notes.txt", random.Random(1).randbytes(size))
    return out.getvalue()


def free_port():
    """A port for a server to listen on, which is nobody else's until this process ends."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((HOST, 0))
    reserved_ports.append(probe)
    return probe.getsockname()[1]


def until(condition, seconds=PATIENCE):
    """Whether it becomes true before patience ends."""
    deadline = time.monotonic() + seconds
    while not (is_true := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(is_true)


def until_still(value, looks=10):
    """Whether so many looks in a row, 50 ms apart, find the same: what went on has come to rest."""
    last, alike = value(), 0

    def is_still():
        nonlocal last, alike
        time.sleep(0.04)
        now = value()
        last, alike = now, alike + 1 if now == last else 0
        return alike >= looks

    return until(is_still)


def is_close(value, wanted, relative=1e-9):
    return abs(value - wanted) <= relative * max(1.0, abs(wanted))


def clean_environment(extra=None):
    """The caller's environment without anything that configures the server."""
    names = ("PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "K_SERVICE")
    environment = {
        key: value for key, value in os.environ.items() if key not in names and not key.startswith("VENCEJO_")
    }
    environment.update(extra or {})
    return environment


def run_command(*arguments, stdin=b"", env=None):
    """Runs the binary to its end; returns exit code, standard output and standard error as text."""
    done = subprocess.run(
        [find_binary(), *arguments], input=stdin, capture_output=True, timeout=PATIENCE, env=clean_environment(env)
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Answer:
    """One response: status, header fields (names in lower case, values in a list) and body."""

    def __init__(self, status, fields, body, version="HTTP/1.1"):
        self.status = status
        self.fields = fields
        self.body = body
        self.version = version

    def field(self, name):
        values = self.fields.get(name.lower(), [])
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class Connection:
    """A raw socket to the server, with a strict reader of responses."""

    def __init__(self, port, timeout=PATIENCE):
        self.socket = socket.create_connection((HOST, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all of it. Unlike `sendall`, which bounds the whole, it is patient with each part."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.socket.send(rest) :]

    def fill(self):
        """Receives once; False at the end of the stream. A reset counts as the end."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return False
        self.buffer += data
        return bool(data)

    def take(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError(f"the stream ended {count - len(self.buffer)} bytes early")
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def take_line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            if not self.fill():
                raise EOFError(f"the stream ended inside a line: {bytes(self.buffer[:200])!r}")
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        if b"\n" in line or b"\r" in line:
            raise ValueError(f"a bare CR or LF in {line!r}")
        return line

    def answer(self, is_head=False, with_interim=False):
        """Reads one response; interim ones (1xx) are passed over unless asked for."""
        while True:
            line = self.take_line().decode("ascii")
            match = re.fullmatch(r"(HTTP/1\.[01]) (\d{3}) ?(.*)", line)
            if not match:
                raise ValueError(f"not a status line: {line!r}")
            status = int(match[2])
            fields = {}
            while line := self.take_line():
                name, separator, value = line.decode("latin-1").partition(":")
                if not separator or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                    raise ValueError(f"not a header field: {line!r}")
                fields.setdefault(name.lower(), []).append(value.strip())
            if 100 <= status < 200 and not with_interim:
                continue
            return Answer(status, fields, self.body(status, fields, is_head), match[1])

    def body(self, status, fields, is_head):
        if is_head or status in (204, 304) or status < 200:
            return b""
        if fields.get("transfer-encoding", [""])[0].lower() == "chunked":
            parts = []
            while size := int(self.take_line().split(b";")[0], 16):
                parts.append(self.take(size))
                if self.take(2) != b"\r\n":
                    raise ValueError("no CRLF after a chunk")
            while self.take_line():
                pass
            return b"".join(parts)
        lengths = fields.get("content-length", [])
        if len(lengths) != 1:
            raise ValueError(f"a response without one length: {status} {fields}")
        return self.take(int(lengths[0]))

    def is_closed(self):
        """Whether the server closes without sending anything more."""
        self.socket.settimeout(PATIENCE)
        try:
            while not self.buffer:
                if not self.fill():
                    return True
        except TimeoutError:
            return False
        return False


def head(method, target, *fields, host="x"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(target, body, *fields):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head("POST", target, f"Content-Length: {len(data)}", *fields) + data


class Server:
    """A running `vencejo serve`. Leaving the `with` block stops it by SIGTERM and checks how it ended."""

    def __init__(
        self,
        models=None,
        *,
        store=None,
        token="make one",
        loops=None,
        env=None,
        arguments=(),
        port=None,
        wait=True,
        preexec=None,
        user=None,
        log_level=None,
    ):
        self.token = secrets.token_hex(20) if token == "make one" else token
        self.port = port or free_port()
        self.directory = tempfile.mkdtemp(prefix="vencejo-e2e-")
        self.store = store
        command = [find_binary(), "serve"]
        command += [f"{name}={path}" for name, path in (models or {}).items()]
        command += ["--host", HOST, "--port", str(self.port)]
        if store:
            command += ["--store", store]
        if loops:
            command += ["--loops", str(loops)]
        command += arguments
        settings = dict(UNHURRIED)
        if self.token:
            settings["VENCEJO_ADMIN_TOKEN"] = self.token
        settings.update(env or {})
        self.output = open(os.path.join(self.directory, "output"), "w+b")
        self.errors = open(os.path.join(self.directory, "errors"), "w+b")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.errors,
            env=clean_environment(settings),
            preexec_fn=preexec,
            user=user,
        )
        self.was_killed = False
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.kill()
                self.remove_directory()
                raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()
            self.remove_directory()

    # Starting and stopping

    def wait_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.text()}")
            try:
                connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
                connection.request("GET", "/health/ready")
                status = connection.getresponse().status
                connection.close()
                return status == 200
            except OSError:
                return False

        assert until(is_ready), f"the server does not get ready: {self.text()}"

    def is_alive(self):
        return self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def stop(self):
        """Stops by SIGTERM, and checks the exit code and what was logged."""
        if self.was_killed:
            return
        self.terminate() if self.is_alive() else None
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {PATIENCE} s after SIGTERM: {self.text()}") from None
        assert code == 0, f"exit code {code}: {self.text()}"
        self.check_logs()

    def check_logs(self):
        text = self.text()
        assert not self.token or self.token not in text, "the admin token stands in the logs"
        assert "Fatal error" not in text, text

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
        self.was_killed = True

    def remove_directory(self):
        for file in (self.output, self.errors):
            file.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def text(self):
        """What the server wrote so far to its standard output and error."""
        texts = []
        for file in (self.output, self.errors):
            with open(file.name, "rb") as written:
                texts.append(written.read().decode("utf-8", "replace"))
        return "\n".join(texts)

    # Asking

    def connect(self, timeout=PATIENCE):
        return Connection(self.port, timeout)

    def client(self, timeout=PATIENCE):
        return http.client.HTTPConnection(HOST, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, *, admin=None, client=None):
        """One request; PUT, PATCH and DELETE carry the token unless `admin` is False. Every answer is checked for leaks."""
        fields = dict(headers or {})
        if admin is None:
            admin = method in ("PUT", "PATCH", "DELETE")
        if admin and self.token:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, (bytes, str)) and not hasattr(body, "read"):
            body = json.dumps(body)
        own = client is None
        client = client or self.client()
        try:
            client.request(method, path, body=body, headers=fields)
            response = client.getresponse()
            received = {}
            for name, value in response.getheaders():
                received.setdefault(name.lower(), []).append(value)
            answer = Answer(response.status, received, response.read())
        finally:
            if own:
                client.close()
        self.check(answer)
        return answer

    def predict(self, body, model=None, **more):
        return self.request("POST", f"/models/{model}/predict" if model else "/predict", body, **more)

    def price(self, record, model=None):
        answer = self.predict(record, model)
        assert answer.status == 200, answer
        return answer.json()["prediction"]

    def put(self, model, artifact, headers=None, **more):
        data = contents(artifact) if isinstance(artifact, str) else artifact
        return self.request("PUT", f"/models/{model}", data, headers, **more)

    # What holds for every answer

    def check(self, answer):
        text = answer.body.decode("utf-8", "replace")
        assert "date" in answer.fields, f"no Date: {answer.fields}"
        if (
            answer.field("connection") or ""
        ).lower() != "close":  # The HTTP layer's own refusals have a test of their own.
            assert answer.field("x-content-type-options") == "nosniff", f"no nosniff: {answer.fields}"
        assert not self.token or self.token not in text, "the admin token stands in an answer"
        assert not re.search(r"\d", answer.field("server") or ""), f"Server tells a version: {answer.field('server')}"
        if answer.status >= 400:
            self.check_leaks(text)

    def check_leaks(self, text):
        """Nothing of the host in an error: no path, no address, no environment."""
        places = [self.directory, ROOT, os.path.dirname(find_binary()), tempfile.gettempdir() + "/", "/home/", "/root/"]
        if self.store:
            places.append(self.store)
        for place in places:
            assert place not in text, f"an error tells the path {place}: {text}"
        found = re.search(r"0x[0-9a-fA-F]{6,}|\.swift\b|/proc/|/usr/|/var/|VENCEJO_ADMIN_TOKEN=", text)
        assert not found, f"an error tells {found[0]}: {text}"

    # Watching

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self, key="VmRSS"):
        """Bytes, as /proc tells them. Only on Linux."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"no {key}")


class ServerTestCase(unittest.TestCase):
    """A test case whose tests share one server; `models`, `settings` say which."""

    models = {"house-price": HOUSE, "price-band": BAND}
    settings = {}
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.models, **cls.settings)
        cls.addClassCleanup(cls.server.remove_directory)
        cls.addClassCleanup(cls.server.kill)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def tearDown(self):
        self.assertTrue(self.server.is_alive(), f"the server has ended: {self.server.text()}")

    def assert_problem(self, answer, status, **members):
        """An RFC 9457 document with these members; a member given as a regular expression is searched."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual((answer.field("content-type") or "").split(";")[0], "application/problem+json", answer)
        document = answer.json()
        for key in ("type", "title", "detail"):
            self.assertIsInstance(document.get(key), str, answer)
        self.assertEqual(document["status"], status, answer)
        for key, wanted in members.items():
            self.assertIn(key, document, answer)
            if isinstance(wanted, re.Pattern):
                self.assertRegex(str(document[key]), wanted)
            else:
                self.assertEqual(document[key], wanted, answer)
        return document


class Load:
    """Keep-alive clients that predict until told to stop, and note what they were answered.

    `accepts(status, body)` judges each answer: None is fine, a text says what is wrong with it.
    """

    def __init__(self, port, request, accepts, clients=8):
        self.port = port
        self.request_bytes = request
        self.accepts = accepts
        self.failures = []
        # By client, each written by its own thread: the generation of each answer.
        self.generations = [[] for _ in range(clients)]
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(each,), daemon=True) for each in self.generations]

    @property
    def answered(self):
        return sum(map(len, self.generations))

    @property
    def newest(self):
        """The newest generation that a client has been answered by."""
        return max((each[-1] for each in self.generations if each), default=0)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        if any(thread.is_alive() for thread in self.threads):
            self.failures.append("a client hangs")

    def run(self, generations):
        try:
            with Connection(self.port) as connection:
                while not self.stopping.is_set():
                    connection.send(self.request_bytes)
                    answer = connection.answer()
                    fault = self.accepts(answer)
                    if fault:
                        raise AssertionError(fault)
                    generations.append(int(answer.field("vencejo-generation") or 0))
        except Exception as error:  # A thread's failure is the test's failure, whatever it was.
            self.failures.append(f"after {len(generations)} answers: {type(error).__name__}: {error}")
