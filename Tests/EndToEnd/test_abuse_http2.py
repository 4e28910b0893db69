"""Attacks over HTTP/2: what has brought down others, each with somebody else predicting meanwhile over HTTP/1.

An attacker is thrown out for what he does, or costs a bounded amount for as long as he does it.
"""

import contextlib
import json
import select
import socket
import struct
import threading
import time

import http2_client as wire
from abuse import MEBIBYTE, RECORD, AttackTestCase, Prober, Watch, allow_descriptors, metrics, size
from harness import HOST, HOUSE, PATIENCE, Server, until
from http2_client import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    HTTP2,
    PREFACE,
    block,
    fields,
    frame,
    integer,
    literal,
    settings,
)

BODY = json.dumps(RECORD).encode()
GET = block(fields())
POST = block(fields("POST", "/predict"))


def number_of(value):
    return struct.pack(">I", value)


class HTTP2Attack(AttackTestCase):
    @classmethod
    def setUpClass(cls):
        wire.need_hpack()
        super().setUpClass()

    def connect(self, *entries, **more):
        return HTTP2(self.server.port, *entries, **more)

    def flood(self, client, data, seconds=PATIENCE, reads=False):
        """Sends as fast as the server takes it: "closed" by it, "blocked" by its not reading on, or all "sent".

        `seconds` ends what may go on for ever: give fewer only where being blocked is as good as being closed.
        """
        received, is_over = [], threading.Event()

        def read():
            # Only kept for later: an acknowledgement of ours between the parts of a frame would be another attack.
            while not is_over.is_set():
                if select.select([client.socket], [], [], 0.05)[0]:
                    with contextlib.suppress(BlockingIOError):
                        try:
                            received.append(client.socket.recv(1 << 18, socket.MSG_DONTWAIT))
                        except ConnectionResetError:
                            received.append(b"")
                    if received and not received[-1]:
                        return

        reader = threading.Thread(target=read, daemon=True)
        if reads:
            reader.start()
        client.socket.settimeout(seconds)
        try:
            view = memoryview(data)
            deadline = time.monotonic() + seconds
            for start in range(0, len(view), 1 << 16):
                if time.monotonic() > deadline:
                    return "blocked"
                client.socket.sendall(view[start : start + (1 << 16)])
            return "sent"
        except TimeoutError:
            return "blocked"
        except OSError:
            return "closed"
        finally:
            is_over.set()
            if reads:
                reader.join()
                for part in received:
                    client.receive(part)

    def assert_closed(self, client, data, **more):
        """The attacker is thrown out for what he does: no time of the server's is short enough to have run out."""
        before = metrics(self.server)
        result = self.flood(client, data, **more)
        self.assertTrue(client.closes(), f"{result}, and still open; GOAWAY {client.goaway}")
        if client.goaway:
            self.assertNotEqual(client.goaway[1], wire.NO_ERROR)
        name = 'vencejo_connections_closed_total{reason="failure"}'
        self.assertTrue(until(lambda: metrics(self.server)[name] > before[name]), "closed for another reason")
        timeouts = {name: value for name, value in metrics(self.server).items() if "timeouts_total" in name}
        self.assertEqual(timeouts, {name: before[name] for name in timeouts})

    def assert_good(self):
        """A new connection is served as ever."""
        with self.connect() as client:
            self.assertEqual(client.ask("POST", "/predict", BODY).status, 200)


class Resets(HTTP2Attack):
    def test_rapid_reset(self):
        """CVE-2023-44487: streams opened and cancelled at once never count as open."""
        count = size(100_000, 20_000)
        cancel = number_of(wire.CANCEL)
        for lines, flags in ((POST, END_HEADERS), (block(fields("GET", "/metrics")), END_HEADERS | END_STREAM)):
            data = b"".join(
                frame(HEADERS, flags, stream, lines) + frame(wire.RST_STREAM, 0, stream, cancel)
                for stream in range(1, 2 * count, 2)
            )
            with self.unharmed(), self.connect() as client:
                self.assert_closed(client, data)
        self.assert_good()

    def test_rapid_reset_over_many_connections(self):
        cancel = number_of(wire.CANCEL)
        data = b"".join(
            frame(HEADERS, END_HEADERS, stream, POST) + frame(wire.RST_STREAM, 0, stream, cancel)
            for stream in range(1, 400, 2)
        )
        with self.unharmed():
            for _ in range(size(500, 100)):
                with self.connect() as client:
                    client.send(data)
        self.assert_good()

    def test_made_to_reset(self):
        """CVE-2025-8671: frames that make the server do the resetting."""
        count = size(20_000, 5_000)
        increments = frame(wire.WINDOW_UPDATE, 0, 0, number_of(1))
        for name, one in (
            (
                "a window of 0",
                lambda n: frame(HEADERS, END_HEADERS, n, POST) + frame(wire.WINDOW_UPDATE, 0, n, number_of(0)),
            ),
            (
                "a window too large",
                lambda n: frame(HEADERS, END_HEADERS, n, POST) + frame(wire.WINDOW_UPDATE, 0, n, b"\x7f\xff\xff\xff"),
            ),
            ("upper case", lambda n: frame(HEADERS, END_HEADERS | END_STREAM, n, GET + literal(b"X", b"y"))),
            (
                "no path",
                lambda n: frame(HEADERS, END_HEADERS | END_STREAM, n, block([(":method", "GET"), (":scheme", "http")])),
            ),
            (
                "a length too small",
                lambda n: frame(HEADERS, END_HEADERS, n, POST + literal(b"content-length", b"1"))
                + frame(DATA, END_STREAM, n, b"{}"),
            ),
            (
                "a second head",
                lambda n: frame(HEADERS, END_HEADERS, n, POST) + frame(HEADERS, END_HEADERS, n, literal(b"x", b"y")),
            ),
            ("a wrong priority", lambda n: frame(HEADERS, END_HEADERS, n, POST) + frame(wire.PRIORITY, 0, n, b"1234")),
            (
                "data after the end",
                lambda n: frame(HEADERS, END_HEADERS | END_STREAM, n, POST) + frame(DATA, 0, n, b"x") + increments,
            ),
        ):
            with self.subTest(name=name):
                data = b"".join(one(stream) for stream in range(1, 2 * count, 2))
                with self.unharmed(), self.connect() as client:
                    self.assert_closed(client, data)
        self.assert_good()

    def test_streams_above_the_limit_are_refused(self):
        with self.unharmed(), self.connect() as client:
            client.until(lambda: client.settings)
            allowed = client.settings[wire.MAX_CONCURRENT_STREAMS]
            numbers = [client.open(POST, END_HEADERS) for _ in range(allowed + 50)]
            client.until(lambda: sum(client.streams[n].reset is not None for n in numbers) >= 50)
            resets = [client.streams[n].reset for n in numbers]
            if client.is_closed:
                # Harsher than RFC 9113 5.1.2 asks for, to one who was told the limit and has acknowledged it.
                self.assertIn(client.goaway[1], (wire.PROTOCOL_ERROR, wire.ENHANCE_YOUR_CALM, wire.REFUSED_STREAM))
                return
            self.assertEqual(resets[:allowed], [None] * allowed)
            self.assertLessEqual(set(resets[allowed:]), {wire.REFUSED_STREAM, wire.PROTOCOL_ERROR})
            for number in numbers[:allowed]:
                client.send(frame(DATA, END_STREAM, number, BODY))
            for number in numbers[:allowed]:
                self.assertEqual(client.answer(number).status, 200)

    def test_streams_without_end_above_the_limit_close_it(self):
        data = b"".join(frame(HEADERS, END_HEADERS, stream, POST) for stream in range(1, 2 * size(50_000, 10_000), 2))
        with self.unharmed(), self.connect() as client:
            self.assert_closed(client, data)
        self.assert_good()


class Floods(HTTP2Attack):
    def test_continuation(self):
        """CVE-2024-27316 and its kin: a block of fields without an end."""
        for name, part in (("empty", b""), ("one byte", b"\x00"), ("fields", literal(b"x-y", b"z" * 1000))):
            data = frame(HEADERS, END_STREAM, 1, GET) + frame(wire.CONTINUATION, 0, 1, part) * 20_000
            with self.subTest(name=name), self.unharmed(), self.connect() as client:
                self.assert_closed(client, data)
        self.assert_good()

    def test_settings_with_many_entries(self):
        data = settings(*[(wire.INITIAL_WINDOW_SIZE, 65_535)] * 2_730)
        with self.unharmed(), self.connect() as client:
            self.assert_closed(client, data * 50)
        self.assert_good()

    def test_what_has_to_be_answered_is_not_hoarded_for_who_does_not_read(self):
        """PING and SETTINGS each cost an acknowledgement; unread, those are memory."""
        for name, one in (("PING", frame(wire.PING, 0, 0, b"12345678")), ("SETTINGS", settings())):
            with self.subTest(name=name), self.unharmed(peak=24 * MEBIBYTE), self.connect(
                receive_buffer=4096
            ) as client:
                # More than the kernels on both sides keep, however small a frame is.
                count = size(34_000_000, 17_000_000) // len(one)
                result = self.flood(client, one * count, seconds=5)
                self.assertIn(result, ("closed", "blocked"))
        self.assert_good()

    def test_cheap_frames_without_end_are_bounded(self):
        """Each alone is legal. Thrown out or not: nobody else waits, and nothing grows."""
        count = size(1_000_000, 100_000)
        start = frame(HEADERS, END_HEADERS, 1, POST)
        for name, data in (
            ("PING that is read", frame(wire.PING, 0, 0, b"12345678") * count),
            ("PING acknowledgements", frame(wire.PING, wire.ACK, 0, b"12345678") * count),
            ("empty DATA", start + frame(DATA, 0, 1) * count),
            ("padding only", start + frame(DATA, wire.PADDED, 1, b"\x00") * (count // 2)),
            ("PRIORITY", b"".join(frame(wire.PRIORITY, 0, 2 * n + 1, b"\0\0\0\0\x10") for n in range(count))),
            ("PRIORITY of one", start + frame(wire.PRIORITY, 0, 1, b"\0\0\0\0\x10") * count),
            ("WINDOW_UPDATE", frame(wire.WINDOW_UPDATE, 0, 0, number_of(1)) * count),
            ("WINDOW_UPDATE of a stream", start + frame(wire.WINDOW_UPDATE, 0, 1, number_of(1)) * count),
            ("unknown frames", frame(0x55, 0, 0, b"") * count),
            ("large unknown frames", frame(0x55, 0, 0, b"x" * 16_384) * (count // 500)),
            ("GOAWAY", frame(wire.GOAWAY, 0, 0, b"\0" * 8) * count),
            ("GOAWAY with words", frame(wire.GOAWAY, 0, 0, b"\0" * 8 + b"x" * 16_000) * (count // 500)),
            ("windows up and down", (settings((4, 0)) + settings((4, 1 << 30))) * (count // 20)),
            ("tables up and down", (settings((1, 0)) + settings((1, 1 << 20))) * (count // 20)),
            ("RST_STREAM of one stream", start + frame(wire.RST_STREAM, 0, 1, number_of(8)) * count),
        ):
            with self.subTest(name=name), self.unharmed(), self.connect() as client:
                client.until(lambda: client.acknowledged)
                self.assertIn(self.flood(client, data, seconds=10, reads=True), ("closed", "sent", "blocked"))
        self.assert_good()

    def test_a_window_setting_with_many_streams_open(self):
        """Each change is work for every stream: 100 streams times 20,000 changes."""
        streams = b"".join(frame(HEADERS, END_HEADERS, stream, POST) for stream in range(1, 200, 2))
        with self.unharmed(), self.connect() as client:
            client.send(streams)
            data = (settings((4, 1)) + settings((4, 60_000))) * size(50_000, 10_000)
            self.flood(client, data, seconds=10, reads=True)
        self.assert_good()

    def test_a_hundred_thousand_frames_of_one_byte(self):
        """T1 once more, with frames for chunks."""
        count = 60_000
        data = frame(HEADERS, END_HEADERS, 1, POST) + frame(DATA, 0, 1, BODY) + frame(DATA, 0, 1, b" ") * count
        with self.unharmed(), self.connect() as client:
            client.streams[1], client.next_stream = wire.Stream(), 3
            self.flood(client, data + frame(DATA, END_STREAM, 1), reads=True)
            client.until(lambda: client.streams[1].is_over)
            self.assertTrue(client.streams[1].status == 200 or client.is_closed or client.streams[1].reset is not None)
        self.assert_good()


class Fields(HTTP2Attack):
    def ask_all(self, client, number):
        stream = client.streams[number]
        client.until(lambda: stream.is_over or client.is_closed)
        self.assertTrue(stream.status in (400, 414, 431) or stream.reset is not None or client.is_closed, stream)

    def test_lists_that_are_too_large(self):
        for name, lines in (
            ("many fields", GET + b"".join(literal(b"x-%d" % index, b"y") for index in range(1_000))),
            ("empty fields", GET + literal(b"x", b"") * 2_000),
        ):
            with self.subTest(name=name), self.unharmed(), self.connect() as client:
                for _ in range(5):
                    if client.is_closed:
                        break
                    self.ask_all(client, client.open(lines[:16_384] if len(lines) > 16_384 else lines))
        self.assert_good()

    def test_lists_that_are_too_large_over_several_frames(self):
        with self.unharmed(), self.connect() as client:
            part = literal(b"x", b"y" * 16_000)
            data = frame(HEADERS, END_STREAM, 1, GET) + frame(wire.CONTINUATION, 0, 1, part) * 3
            client.streams[1] = wire.Stream()
            client.send(data + frame(wire.CONTINUATION, END_HEADERS, 1, part))
            self.ask_all(client, 1)
        self.assert_good()

    def test_an_hpack_bomb(self):
        """A field of 4,000 bytes put into the table once, and then named by one byte 16,000 times: 64 MB of fields."""
        store = GET + literal(b"x", b"y" * 3_900, b"\x40")
        bomb = GET + b"\xbe" * 16_000
        with self.unharmed(peak=32 * MEBIBYTE), self.connect() as client:
            self.assertIsNotNone(client.open(store))
            for _ in range(20):
                if client.is_closed:
                    break
                number = client.open(bomb)
                self.ask_all(client, number)
        self.assert_good()

    def test_bombs_on_all_streams_of_many_connections(self):
        store = frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + literal(b"x", b"y" * 3_900, b"\x40"))
        data = store + b"".join(
            frame(HEADERS, END_HEADERS, stream, GET + b"\xbe" * 1_000) for stream in range(3, 100, 2)
        )
        with self.unharmed(peak=64 * MEBIBYTE, kept=32 * MEBIBYTE):
            clients = [self.connect() for _ in range(20)]
            for client in clients:
                client.send(data)
            for client in clients:
                client.until(lambda: False, 0.05)
                client.socket.close()
        self.assert_good()

    def test_a_table_that_is_emptied_ten_thousand_times(self):
        with self.unharmed(), self.connect() as client:
            for _ in range(20):
                number = client.open(b"\x20" * 10_000 + GET)
                client.until(lambda: client.streams[number].is_over)
        self.assert_good()

    def test_numbers_without_end(self):
        for name, lines in (
            ("a long number", b"\x7f" + b"\x80" * 10_000 + b"\x01"),
            ("a huge length", b"\x00" + integer(1 << 40, 7) + b"x"),
            ("a huge index", integer(1 << 40, 7)),
            ("Huffman of ones", GET + b"\x00\x01x" + b"\xff" + b"\x81" * 3 + b"\xff" * 8_000),
        ):
            with self.subTest(name=name), self.unharmed(), self.connect() as client:
                number = client.open(lines)
                self.ask_all(client, number)
        self.assert_good()


class Stalls(HTTP2Attack):
    def test_windows_that_are_never_granted(self):
        """CVE-2019-9517 and its kin: large answers asked for, no room given for them."""
        with self.unharmed(peak=80 * MEBIBYTE, kept=40 * MEBIBYTE), contextlib.ExitStack() as stack:
            for _ in range(10):
                client = stack.enter_context(self.connect((wire.INITIAL_WINDOW_SIZE, 0), grants=False))
                for _ in range(90):
                    client.request("GET", "/metrics")
                client.until(lambda: False, 0.02)
            self.rest()

    def test_a_reader_that_stops_at_the_socket(self):
        """A huge window, and nothing read."""
        with self.unharmed(peak=80 * MEBIBYTE, kept=40 * MEBIBYTE), contextlib.ExitStack() as stack:
            for _ in range(10):
                client = stack.enter_context(
                    self.connect((wire.INITIAL_WINDOW_SIZE, (1 << 31) - 1), grants=False, receive_buffer=4096)
                )
                client.send(frame(wire.WINDOW_UPDATE, 0, 0, number_of((1 << 31) - 1 - wire.WINDOW)))
                lines = block(fields("GET", "/metrics"))
                data = b"".join(
                    frame(HEADERS, END_HEADERS | END_STREAM, stream, lines) for stream in range(1, 2_000, 2)
                )
                client.socket.setblocking(False)
                with contextlib.suppress(OSError):
                    client.socket.send(data)
            self.rest()

    def test_requests_that_never_end(self):
        """Bodies begun on every stream of many connections: bounded by the windows, which are bounded by us."""
        with self.unharmed(peak=160 * MEBIBYTE, kept=64 * MEBIBYTE), contextlib.ExitStack() as stack:
            for _ in range(20):
                client = stack.enter_context(self.connect())
                client.until(lambda: client.acknowledged)
                count = min(100, client.settings[wire.MAX_CONCURRENT_STREAMS])
                data = b"".join(frame(HEADERS, END_HEADERS, 2 * n + 1, POST) for n in range(count))
                part = min(600, client.settings.get(wire.INITIAL_WINDOW_SIZE, wire.WINDOW))
                data += b"".join(frame(DATA, 0, 2 * n + 1, b" " * part) for n in range(count))
                client.send(data)
        self.assert_good()

    def test_slow_prefaces_heads_and_bodies_are_closed_in_time(self):
        """One wait for all: parts of a preface, of a block, of a body. What is counted tells that it was their time."""
        environment = {"VENCEJO_HEAD_TIMEOUT_SECONDS": "1", "VENCEJO_BODY_BYTES_PER_SECOND_MIN": "240"}
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server({"house-price": HOUSE}, loops=1, env=environment))
            stack.enter_context(Prober(server))
            stack.enter_context(Watch(server))
            clients = {}
            for name, first in (
                ("nothing of the preface's end", PREFACE[:10]),
                ("half a frame", PREFACE + settings() + b"\0\0"),
                ("a block without an end", PREFACE + settings() + frame(HEADERS, END_STREAM, 1, GET)),
                (
                    "a body without an end",
                    PREFACE + settings() + frame(HEADERS, END_HEADERS, 1, POST) + frame(DATA, 0, 1, b"{"),
                ),
            ):
                for _ in range(10):
                    client = stack.enter_context(HTTP2(server.port, start=False))
                    client.send(first)
                    clients.setdefault(name, []).append(client)
            for name, group in clients.items():
                with self.subTest(name=name):
                    for client in group:
                        over = lambda: any(stream.is_over for stream in client.streams.values()) or bool(client.goaway)
                        client.until(over)
                        self.assertTrue(client.is_closed or over(), "still open")
            counted = metrics(server)
            self.assertEqual(counted['vencejo_timeouts_total{kind="head"}'], 30)
            self.assertEqual(counted['vencejo_timeouts_total{kind="body"}'], 10)

    def test_idle_connections(self):
        count = allow_descriptors(size(10_000, 1_000))
        with self.unharmed(peak=128 * MEBIBYTE, kept=64 * MEBIBYTE):
            sockets = []
            try:
                for index in range(count):
                    one = socket.create_connection((HOST, self.server.port), PATIENCE, (f"127.0.0.{1 + index % 4}", 0))
                    one.sendall(PREFACE + settings() + frame(HEADERS, END_HEADERS | END_STREAM, 1, GET))
                    sockets.append(one)
                for one in sockets:
                    self.assertTrue(one.recv(4096))
            finally:
                for one in sockets:
                    one.close()

    def test_clients_that_leave_in_the_middle(self):
        data = (
            PREFACE
            + settings()
            + b"".join(
                frame(HEADERS, END_HEADERS, stream, POST) + frame(DATA, END_STREAM, stream, BODY)
                for stream in range(1, 100, 2)
            )
        )
        with self.unharmed():
            for index in range(200):
                one = socket.create_connection((HOST, self.server.port), PATIENCE)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(data[: 41 * (index % 150 + 1)])
                one.close()
        self.assert_good()
