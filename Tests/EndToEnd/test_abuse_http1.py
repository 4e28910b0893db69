"""Attacks over HTTP/1.1: chunks by the million, slow clients, lying lengths, stopped readers, no descriptors left.

During each, somebody else predicts every 50 ms; after each, memory and descriptors are as they were.
"""

import contextlib
import json
import resource
import select
import selectors
import socket
import struct
import threading
import time
import unittest

from abuse import MEBIBYTE, RECORD, AttackTestCase, Prober, Watch, allow_descriptors, metrics, size
from harness import HOST, HOUSE, PATIENCE, Server, head, post, until, until_still

CHUNKED = head("POST", "/predict", "Transfer-Encoding: chunked")
BODY = json.dumps(RECORD).encode()


class Chunks(AttackTestCase):
    """T1: memory in proportion to the number of chunks is how others have been overthrown (CVE-2025-23310)."""

    def attack(self, part, count, status=200, times=2, **bounds):
        data = CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY) + part * count + b"0\r\n\r\n"
        with self.unharmed(**bounds):
            for _ in range(times):
                with self.server.connect() as connection:
                    with contextlib.suppress(OSError):
                        connection.send(data)
                    answer = connection.answer()
                    self.assertEqual(answer.status, status, answer)
                    if status == 200:
                        self.assertEqual(answer.body, self.server.predict(RECORD).body)

    def test_a_million_chunks_of_one_byte(self):
        self.attack(b"1\r\n \r\n", 1_000_000)

    def test_a_million_chunks_of_six_bytes(self):
        self.attack(b"6\r\n      \r\n", 1_000_000)

    def test_a_million_chunks_of_six_bytes_in_an_upload(self):
        data = head("PUT", "/models/x", "Transfer-Encoding: chunked", f"Authorization: Bearer {self.server.token}")
        count = size(1_000_000, 300_000)
        with self.unharmed():
            with self.server.connect() as connection:
                connection.send(data + b"6\r\nabcdef\r\n" * count + b"0\r\n\r\n")
                self.assertEqual(connection.answer().status, 422)

    def test_chunks_each_in_a_packet_of_its_own(self):
        """Each is an event: the cost of many small reads, spread over many connections at once."""
        with self.unharmed(), contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.server.connect()) for _ in range(50)]
            for connection in connections:
                connection.send(CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY))
            for _ in range(size(1000, 100)):
                for connection in connections:
                    connection.send(b"1\r\n \r\n")
            for connection in connections:
                connection.send(b"0\r\n\r\n")
                self.assertEqual(connection.answer().status, 200)

    def test_extensions_are_paid_for_together(self):
        self.attack(b"1;" + b"e" * 100 + b"\r\n \r\n", 100_000, status=400, times=1)

    def test_trailers_are_bounded(self):
        for trailers in (b"X: y\r\n" * 100_000, b"X: " + b"y" * MEBIBYTE + b"\r\n", b"X" * MEBIBYTE):
            with self.subTest(trailers=trailers[:10]), self.unharmed():
                with self.server.connect() as connection:
                    with contextlib.suppress(OSError):
                        connection.send(CHUNKED + b"2\r\n{}\r\n0\r\n" + trailers + b"\r\n")
                    self.assertEqual(connection.answer().status, 431)


class Slow(unittest.TestCase):
    """T2: clients that hold what they can for as long as they can. One wait for all of them: it is the longest."""

    head_seconds = 3
    body_seconds = 5  # What a body may take whatever its rate.
    stall_seconds = 4
    times = {
        "VENCEJO_HEAD_TIMEOUT_SECONDS": str(head_seconds),
        "VENCEJO_BODY_BYTES_PER_SECOND_MIN": "240",
        "VENCEJO_WRITE_TIMEOUT_SECONDS": str(stall_seconds),
    }

    def test_slow_heads_bodies_and_readers_are_closed_when_their_time_is_over(self):
        with Server({"house-price": HOUSE}, loops=1, env=self.times) as server, Prober(server), Watch(server):
            slow = SlowClients(server.port)
            try:
                started = time.monotonic()
                for _ in range(100):
                    slow.add("head", b"POST /predict HTTP/1.1\r\nHost: x\r\nX: ", b"a")
                    slow.add("fields", b"POST /predict HTTP/1.1\r\nHost: x\r\n", b"X-a: b\r\n")
                    slow.add("empty", b"", b"")
                    slow.add("body", head("POST", "/predict", "Content-Length: 100000"), b" ")
                    slow.add("short body", head("POST", "/predict", "Content-Length: 100000") + BODY, b"")
                    slow.add("chunks", CHUNKED, b"1\r\n \r\n")
                    slow.add("extension", CHUNKED + b"1;", b"e")
                for _ in range(5):
                    # Enough answers that neither side's buffers hold them.
                    slow.add("reader reset", head("GET", "/metrics") * 400, b"", reads=False)
                slow.run()
                counted = metrics(server)
                for kind, count in (("head", 200), ("body", 400), ("write", 5), ("idle", 0)):
                    with self.subTest(timeout=kind):
                        self.assertEqual(counted[f'vencejo_timeouts_total{{kind="{kind}"}}'], count)
                self.assertEqual(counted['vencejo_connections_closed_total{reason="write_stall"}'], 5)
                for kind, least in (
                    ("head", self.head_seconds),
                    ("fields", self.head_seconds),
                    ("body", self.body_seconds),
                    ("short body", self.body_seconds),
                    ("chunks", self.body_seconds),
                    ("extension", self.body_seconds),
                    # From the last byte it took on, and it takes some at first.
                    # A close alone would leave megabytes in the kernel until the peer takes them: it has to be a reset.
                    ("reader reset", self.stall_seconds),
                ):
                    ends = [client.ended - started for client in slow.clients if client.kind == kind and client.ended]
                    count = sum(client.kind == kind for client in slow.clients)
                    with self.subTest(kind=kind):
                        self.assertEqual(len(ends), count, "some are still open")
                        self.assertGreater(min(ends), least - 0.1)
                        if kind != "reader reset":
                            first = {bytes(client.received[:12]) for client in slow.clients if client.kind == kind}
                            self.assertEqual(first, {b"HTTP/1.1 408"})
                # Nothing was ever asked on these: idle ones may stay until the idle time.
                self.assertTrue(all(client.ended is None for client in slow.clients if client.kind == "empty"))
            finally:
                slow.close()

    def test_a_body_at_the_least_rate_is_taken(self):
        """Slow is not the same as hostile. Ten times the least rate: a pause of ours is no failure of the server."""
        times = {"VENCEJO_BODY_BYTES_PER_SECOND_MIN": "50"}
        with Server({"house-price": HOUSE}, loops=1, env=times) as server, server.connect() as connection:
            body = BODY + b" " * (3_000 - len(BODY))
            connection.send(head("POST", "/predict", f"Content-Length: {len(body)}"))
            for start in range(0, len(body), 250):
                connection.send(body[start : start + 250])
                time.sleep(0.5)
            self.assertEqual(connection.answer().status, 200)

    def test_ten_thousand_idle_connections(self):
        count = allow_descriptors(size(10_000))

        def more_descriptors():
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            wanted = count + 256 if hard == resource.RLIM_INFINITY else min(hard, count + 256)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

        with Server({"house-price": HOUSE}, loops=1, preexec=more_descriptors) as server:
            with Prober(server), Watch(server, peak=128 * MEBIBYTE, kept=64 * MEBIBYTE):
                sockets = []
                try:
                    for index in range(count):
                        # From several addresses, so that no port runs short.
                        address = (f"127.0.0.{1 + index % 4}", 0)
                        sockets.append(socket.create_connection((HOST, server.port), PATIENCE, address))
                        if index % 2:
                            sockets[-1].sendall(post("/predict", RECORD))
                    for one in sockets[1::2]:
                        self.assertIn(b"HTTP/1.1 200", one.recv(4096))
                    self.assertGreaterEqual(metrics(server)['vencejo_connections_open{loop="0"}'], count)
                    # What each costs, and that all of them are still good for a request.
                    for one in sockets[:: max(1, count // 200)]:
                        one.sendall(post("/predict", RECORD))
                        self.assertIn(b"HTTP/1.1 200", one.recv(4096))
                finally:
                    for one in sockets:
                        one.close()


class SlowClient:
    def __init__(self, kind, connection, drip, reads):
        self.kind = kind
        self.socket = connection
        self.drip = drip
        self.reads = reads
        self.received = bytearray()
        self.ended = None


class SlowClients:
    """Many sockets that send a little each half second, and note when the server has had enough."""

    def __init__(self, port):
        self.port = port
        self.clients = []
        self.selector = selectors.DefaultSelector()

    def add(self, kind, first, drip, reads=True):
        connection = socket.socket()
        if not reads:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        client = SlowClient(kind, connection, drip, reads)
        self.clients.append(client)
        with contextlib.suppress(OSError):
            connection.send(first)
        self.selector.register(connection, selectors.EVENT_READ if reads else selectors.EVENT_WRITE, client)

    def run(self):
        """Until all but the idle ones have been closed."""
        deadline = time.monotonic() + PATIENCE
        drips = 0.0
        while time.monotonic() < deadline:
            if all(client.ended or client.kind == "empty" for client in self.clients):
                return
            if time.monotonic() >= drips:
                drips = time.monotonic() + 0.5
                self.drip()
            for key, _ in self.selector.select(0.1):
                if key.data.reads:
                    self.read(key.data)
            time.sleep(0.02)

    def drip(self):
        for client in self.clients:
            if client.ended:
                continue
            if not client.reads:
                # The one way to see a reset without reading: the socket's state (tcp(7), TCP_INFO; 1 is ESTABLISHED).
                state = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0]
                if state != 1:
                    self.end(client)
                continue
            try:
                if client.drip:
                    client.socket.send(client.drip)
            except BlockingIOError:
                pass
            except OSError:
                self.end(client)

    def read(self, client):
        try:
            data = client.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.received += data
        if not data:
            self.end(client)

    def end(self, client):
        client.ended = time.monotonic()
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(client.socket)

    def close(self):
        for client in self.clients:
            client.socket.close()
        self.selector.close()


class Lengths(AttackTestCase):
    """T4: bodies about the limit of 32 MiB, and lengths that lie."""

    limit = 32 * MEBIBYTE

    def test_the_limit_is_exact_at_its_real_size(self):
        text = BODY + b" " * (self.limit + 1 - len(BODY))
        with self.unharmed(peak=200 * MEBIBYTE, kept=64 * MEBIBYTE):
            for length, status in ((self.limit - 1, 200), (self.limit, 200), (self.limit + 1, 413)):
                with self.subTest(length=length), self.server.connect() as connection:
                    with contextlib.suppress(OSError):
                        connection.send(head("POST", "/predict", f"Content-Length: {length}"))
                        connection.send(memoryview(text)[:length])
                    self.assertEqual(connection.answer().status, status)

    def test_the_limit_is_exact_in_chunks_too(self):
        text = BODY + b" " * (self.limit + 1 - len(BODY))
        with self.unharmed(peak=200 * MEBIBYTE, kept=64 * MEBIBYTE):
            for length, status in ((self.limit, 200), (self.limit + 1, 413)):
                with self.subTest(length=length), self.server.connect() as connection:
                    with contextlib.suppress(OSError):
                        connection.send(CHUNKED)
                        for start in range(0, length, MEBIBYTE):
                            part = memoryview(text)[start : min(length, start + MEBIBYTE)]
                            connection.send(b"%x\r\n" % len(part))
                            connection.send(part)
                            connection.send(b"\r\n")
                        connection.send(b"0\r\n\r\n")
                    self.assertEqual(connection.answer().status, status)

    def test_a_length_that_is_never_met_holds_no_memory(self):
        """200 clients announce 32 MiB each and send a byte: room is made as bytes come, not as they are promised."""
        with self.unharmed(), contextlib.ExitStack() as stack:
            for _ in range(200):
                connection = stack.enter_context(self.server.connect())
                connection.send(head("POST", "/predict", f"Content-Length: {self.limit}") + b"{")
            waiting = 'vencejo_connections{state="reading_body"}'
            self.assertTrue(until(lambda: metrics(self.server)[waiting] == 200))

    def test_lengths_of_ten_gigabytes_and_more(self):
        with self.unharmed():
            for length in (10_000_000_000, (1 << 63) - 1, self.limit + 1):
                for target, fields, status in (
                    ("/predict", (), 413),
                    ("/models/x", (f"Authorization: Bearer {self.server.token}",), 413),
                ):
                    if target == "/models/x" and length < 10_000_000_000:
                        continue
                    method = "PUT" if fields else "POST"
                    with self.subTest(length=length, target=target), self.server.connect() as connection:
                        connection.send(head(method, target, f"Content-Length: {length}", *fields))
                        self.assertEqual(connection.answer().status, status)
                        self.assertTrue(connection.is_closed())

    def test_bodies_on_their_way_have_one_bound_together(self):
        """Eight clients hold 31 MiB each, unfinished: the loop's bound is 128 MiB, and four of them are told 503."""
        part = b" " * (31 * MEBIBYTE)
        with self.unharmed(peak=220 * MEBIBYTE, kept=64 * MEBIBYTE), contextlib.ExitStack() as stack:
            connections = []
            for _ in range(8):
                connection = stack.enter_context(self.server.connect())
                connections.append(connection)
                with contextlib.suppress(OSError):
                    connection.send(head("POST", "/predict", f"Content-Length: {self.limit}"))
                    connection.send(part)
            refused = []
            while len(refused) < 4:
                waiting = [one.socket for one in connections if one not in refused]
                ready = select.select(waiting, [], [], PATIENCE)[0]
                self.assertTrue(ready, f"{len(refused)} are refused, and no more")
                for connection in [one for one in connections if one.socket in ready]:
                    answer = connection.answer()
                    self.assertEqual(answer.status, 503, answer)
                    self.assertIsNotNone(answer.field("retry-after"))
                    refused.append(connection)
            self.assertEqual(len(refused), 4)
            held = 'vencejo_connections{state="reading_body"}'
            self.assertTrue(until(lambda: metrics(self.server)[held] == 4), "the others are let go on")


class Multipart(AttackTestCase):
    """T6: a boundary of a megabyte of dashes made another server's parser quadratic (CVE-2024-9056)."""

    def test_it_is_refused_unread(self):
        boundary = "-" * MEBIBYTE
        with self.unharmed():
            for body, kind, status in (
                (b"{}", f"multipart/form-data; boundary={boundary}", 431),
                (boundary.encode() * 2, "multipart/form-data; boundary=x", 415),
                (boundary.encode() * 2, f"multipart/form-data; boundary={'-' * 70}", 415),
                (b"\r\n--x" * 200_000, "multipart/form-data; boundary=x", 415),
                (b"--x\r\n" * 200_000, "multipart/mixed", 415),
            ):
                with self.subTest(kind=kind[:60]), self.server.connect() as connection:
                    with contextlib.suppress(OSError):
                        connection.send(post("/predict", body, f"Content-Type: {kind}"))
                    self.assertEqual(connection.answer().status, status)


class Pipelines(AttackTestCase):
    """T7: who sends and does not read is not read either."""

    def test_a_hundred_thousand_requests_with_a_stopped_reader(self):
        count = size(100_000)
        two = [self.server.predict(RECORD).body, self.server.predict({}).body]
        data = (post("/predict", RECORD) + post("/predict", b"{}")) * (count // 2)
        with self.unharmed(peak=16 * MEBIBYTE, kept=8 * MEBIBYTE) as prober:
            with self.server.connect() as connection:
                sender = threading.Thread(target=self.send, args=(connection, data), daemon=True)
                sender.start()
                name = 'vencejo_model_requests_total{model="house-price"}'

                def predicted():
                    """For the reader that has stopped; roughly, since others are predicted for meanwhile."""
                    return (metrics(self.server)[name] - prober.answered) // 50

                self.assertTrue(until_still(predicted), "it goes on predicting for a reader that has stopped")
                self.assertTrue(sender.is_alive(), "the server has read all of it")
                self.read(connection, two, count)
                sender.join(PATIENCE)
                self.assertFalse(sender.is_alive())

    def send(self, connection, data):
        with contextlib.suppress(OSError):
            connection.send(data)

    def read(self, connection, bodies, count):
        """All answers, in order; by hand, since there are many."""
        received, place = 0, 0
        buffer = b""
        while received < count:
            data = connection.socket.recv(1 << 18)
            self.assertTrue(data, f"closed after {received} answers")
            buffer += data
            place = 0
            while True:
                body = bodies[received % 2]
                end = buffer.find(b"\r\n\r\n", place)
                if end < 0 or len(buffer) < end + 4 + len(body):
                    break
                self.assertTrue(buffer.startswith(b"HTTP/1.1 200", place))
                self.assertTrue(buffer.startswith(body, end + 4), f"answer {received} is another's")
                place = end + 4 + len(body)
                received += 1
            buffer = buffer[place:]
        self.assertEqual((received, buffer), (count, b""))

    def test_many_stopped_readers_at_once(self):
        """Each may keep a mebibyte of answers waiting, and no more."""
        with self.unharmed(peak=100 * MEBIBYTE, kept=48 * MEBIBYTE), contextlib.ExitStack() as stack:
            for _ in range(12):
                connection = stack.enter_context(self.server.connect())
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.socket.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    connection.socket.send(head("GET", "/metrics") * 2_000)
            self.rest()

    def test_clients_that_reset_in_the_middle(self):
        data = post("/predict", RECORD) * 200
        with self.unharmed():
            for index in range(300):
                connection = socket.create_connection((HOST, self.server.port), PATIENCE)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(data[: 137 * (index % 97 + 1)])
                connection.close()

    def test_a_storm_of_connections(self):
        with self.unharmed():
            for _ in range(size(5_000, 1_500)):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.connect((HOST, self.server.port))
                connection.close()


class Descriptors(unittest.TestCase):
    """No descriptor left: accepting pauses, what is open goes on, and afterwards all is as before."""

    limit = 64

    def few(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.limit, self.limit))

    def test_what_is_open_goes_on_and_the_rest_is_recovered(self):
        with Server({"house-price": HOUSE}, loops=1, preexec=self.few) as server:
            with server.connect() as kept:
                kept.send(post("/predict", RECORD))
                wanted = kept.answer().body
                for _ in range(2):
                    with contextlib.ExitStack() as stack:
                        for _ in range(self.limit * 3):
                            stack.enter_context(server.connect())
                        began, before = time.monotonic(), self.sample(kept, 'vencejo_loop_ticks_total{loop="0"}')
                        for _ in range(20):
                            kept.send(post("/predict", RECORD))
                            self.assertEqual(kept.answer().body, wanted)
                            time.sleep(0.05)
                        ticks = self.sample(kept, 'vencejo_loop_ticks_total{loop="0"}') - before
                        # Spinning is ten thousands a second; a pause is looked at a few times a second.
                        most = 200 + 100 * (time.monotonic() - began)
                        self.assertLess(ticks, most, "it spins while it cannot accept")

                    # All have left: whoever comes now is served, at once or after the pause.
                    def is_served():
                        try:
                            with server.connect() as connection:
                                connection.send(post("/predict", RECORD))
                                return connection.answer().body == wanted
                        except (OSError, EOFError):
                            return False

                    self.assertTrue(until(is_served), "accepting does not come back")
                self.assertGreater(self.sample(kept, "vencejo_connections_shed_total"), 0)

    def sample(self, connection, name):
        """A value of /metrics, asked for on a connection that is open."""
        connection.send(head("GET", "/metrics"))
        return float(connection.answer().body.decode().split(f"\n{name} ")[1].split()[0])


if __name__ == "__main__":
    unittest.main()
