"""HTTP/2 by hand: frames as bytes, so that every one of them can be wrong (RFC 9113 4.1).

    length (24) | type (8) | flags (8) | reserved (1) stream (31) | payload

Only the compression of fields comes from a library (hpack); nothing here checks what it sends.
"""

import os
import socket
import struct
import time
import unittest

from harness import HOST, PATIENCE

try:
    import hpack
except ImportError:
    hpack = None

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED = range(6)
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(6, 12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = (
    range(1, 7)
)
WINDOW = 65_535


def need_hpack():
    if hpack is None:
        assert not os.environ.get("CI"), "hpack is not installed, and this is continuous integration"
        raise unittest.SkipTest("hpack is not installed: pip install -r Tests/EndToEnd/requirements.txt")


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*entries):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *entry) for entry in entries))


def literal(name, value, prefix=b"\x00"):
    """A field as it stands, without table or Huffman code (RFC 7541 6.2.2)."""
    return prefix + integer(len(name), 7) + name + integer(len(value), 7) + value


def integer(value, bits):
    """RFC 7541 5.1, with the other bits of the first byte zero."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((value,))
    value -= limit
    parts = [limit]
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes((*parts, value))


def block(fields):
    """A field block of literals: legal, and the same bytes whatever came before."""
    return b"".join(
        literal(
            name if isinstance(name, bytes) else name.encode("latin-1"),
            value if isinstance(value, bytes) else value.encode("latin-1"),
        )
        for name, value in fields
    )


def fields(method="GET", path="/health/live", *more, authority="x", scheme="http"):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *more]


class Stream:
    """What has come on one stream."""

    def __init__(self):
        self.blocks = []  # Each with its fields in order; interim answers and trailers included.
        self.body = bytearray()
        self.is_ended = False
        self.reset = None

    @property
    def status(self):
        """Of the final answer."""
        for one in self.blocks:
            status = dict(one).get(":status")
            if status and not status.startswith("1"):
                return int(status)
        return None

    @property
    def is_over(self):
        return self.is_ended or self.reset is not None

    def field(self, name):
        for one in self.blocks:
            for key, value in one:
                if key == name and dict(one).get(":status", "200")[0] != "1":
                    return value
        return None

    def __repr__(self):
        return f"{self.blocks} {bytes(self.body[:200])!r} ended={self.is_ended} reset={self.reset}"


class HTTP2:
    """A connection with prior knowledge. It acknowledges settings and pings, and grants windows unless told not to."""

    def __init__(self, port, *entries, timeout=PATIENCE, start=True, grants=True, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = hpack.Decoder()
        self.buffer = bytearray()
        self.streams = {}
        self.next_stream = 1
        self.settings = {}
        self.goaway = None
        self.goaways = []
        self.pings = []
        self.acknowledged = 0
        self.granted = {}  # By stream, 0 being the connection.
        self.frames = []
        self.is_closed = False
        self.grants = grants
        self.block = None
        if start:
            self.send(PREFACE + settings(*entries))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends; a connection that the server has closed is noted, not raised."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self.socket.send(rest) :]
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    # Asking

    def request(self, method="GET", path="/health/live", body=None, *more, end=True, trailers=None, size=16_384):
        """Sends a whole request in one write and returns its stream's number."""
        stream = self.next_stream
        self.next_stream += 2
        self.streams[stream] = Stream()
        is_bare = body is None and not trailers and end
        data = frame(HEADERS, END_HEADERS | (END_STREAM if is_bare else 0), stream, block(fields(method, path, *more)))
        if body is not None:
            for start in range(0, len(body) or 1, size):
                part = body[start : start + size]
                is_last = start + size >= len(body) and not trailers and end
                data += frame(DATA, END_STREAM if is_last else 0, stream, part)
        if trailers:
            data += frame(HEADERS, END_HEADERS | END_STREAM, stream, block(trailers))
        self.send(data)
        return stream

    def open(self, payload, flags=END_HEADERS | END_STREAM, stream=None):
        """Sends a HEADERS frame with this payload as it is."""
        if stream is None:
            stream = self.next_stream
            self.next_stream += 2
        self.streams.setdefault(stream, Stream())
        self.send(frame(HEADERS, flags, stream, payload))
        return stream

    def ask(self, *arguments, **more):
        return self.answer(self.request(*arguments, **more))

    # Reading

    def answer(self, number, seconds=PATIENCE):
        """Reads until that stream is over; fails where the connection ends before."""
        stream = self.streams[number]
        self.until(lambda: stream.is_over, seconds)
        if not stream.is_over:
            raise EOFError(f"no answer on stream {number}: {stream}, closed={self.is_closed}, goaway={self.goaway}")
        return stream

    def until(self, condition, seconds=PATIENCE):
        """Reads frames until the condition holds, the server closes, or the time is over; tells whether it holds."""
        deadline = time.monotonic() + seconds
        while not condition() and not self.is_closed:
            left = deadline - time.monotonic()
            if left <= 0 or not self.fill(left):
                break
        return condition()

    def closes(self):
        """Reads until the server closes; tells whether it does."""
        return self.until(lambda: False) or self.is_closed

    def passes(self):
        """Whether all that was sent so far has been read: a PING sent behind it has come back."""
        count = len(self.pings)
        self.send(frame(PING, 0, 0, b"passing!"))
        return self.until(lambda: len(self.pings) > count)

    def fill(self, seconds):
        self.socket.settimeout(max(0.001, seconds))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            return False
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        return self.receive(data)

    def receive(self, data):
        """Takes bytes that have come; False at their end."""
        if not data:
            self.is_closed = True
            return False
        self.buffer += data
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + length:
                break
            kind, flags = self.buffer[3], self.buffer[4]
            stream = int.from_bytes(self.buffer[5:9], "big") & 0x7FFF_FFFF
            payload = bytes(self.buffer[9 : 9 + length])
            del self.buffer[: 9 + length]
            self.take(kind, flags, stream, payload)
        return True

    def take(self, kind, flags, number, payload):
        self.frames.append((kind, flags, number, len(payload)))
        if kind == SETTINGS:
            if flags & ACK:
                self.acknowledged += 1
                return
            for start in range(0, len(payload), 6):
                key, value = struct.unpack(">HI", payload[start : start + 6])
                self.settings[key] = value
            self.send(frame(SETTINGS, ACK))
        elif kind == PING:
            if flags & ACK:
                self.pings.append(payload)
            else:
                self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self.granted[number] = self.granted.get(number, 0) + struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">II", payload[:8])
            self.goaways.append(self.goaway)
        elif kind == RST_STREAM:
            self.streams.setdefault(number, Stream()).reset = struct.unpack(">I", payload)[0]
        elif kind == DATA:
            stream = self.streams.setdefault(number, Stream())
            if flags & PADDED:
                payload = payload[1 : len(payload) - payload[0]]
            stream.body += payload
            stream.is_ended |= bool(flags & END_STREAM)
            if self.grants and payload:
                grant = struct.pack(">I", len(payload))
                self.send(
                    frame(WINDOW_UPDATE, 0, 0, grant)
                    + (b"" if stream.is_ended else frame(WINDOW_UPDATE, 0, number, grant))
                )
        elif kind in (HEADERS, CONTINUATION):
            if kind == HEADERS:
                if flags & PADDED:
                    payload = payload[1 : len(payload) - payload[0]]
                if flags & HAS_PRIORITY:
                    payload = payload[5:]
                self.block = (number, flags, b"")
            start, first, so_far = self.block
            self.block = (start, first, so_far + payload)
            if flags & END_HEADERS:
                stream = self.streams.setdefault(number, Stream())
                stream.blocks.append([(key, value) for key, value in self.decoder.decode(self.block[2], raw=False)])
                stream.is_ended |= bool(first & END_STREAM)
                self.block = None
