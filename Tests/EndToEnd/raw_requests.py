"""Requests whose framing is in doubt, as bytes: the table that is sent to the server and to nginx in front of it.

Each is followed by a complete request in the same write. Whoever answers that one too has taken bytes of the first for
a request, or the other way round: what smugglers live on (RFC 9112 11.2).
"""


class Row:
    """A request: `number` is that of the table's row, `statuses` what the server may answer."""

    def __init__(self, number, name, data, *statuses):
        self.number = number
        self.name = name
        self.data = data
        self.statuses = statuses

    def __repr__(self):
        return f"{self.number}: {self.name}"


def request(*lines, body=b"", method=b"POST", target=b"/predict", version=b"HTTP/1.1", host=(b"Host: x",)):
    """Lines are sent as they are, each with its CR LF."""
    start = b" ".join((method, target, version))
    return b"".join(line + b"\r\n" for line in (start, *host, *lines)) + b"\r\n" + body


def chunked(body, *lines):
    return request(b"Transfer-Encoding: chunked", *lines, body=body)


def refused():
    """Every row of the table that is refused: one answer, `Connection: close`, closed, nothing else."""
    end = b"0\r\n\r\n"
    yield Row(1, "both framings", request(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=end), 400)
    yield Row(1, "both, reversed", request(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=end), 400)
    yield Row(1, "both, length 0", request(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=end), 400)
    yield Row(1, "both, far apart", request(b"content-length:5", b"X: y", b"TRANSFER-ENCODING:chunked", body=end), 400)
    for lines in (
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: 6", b"X: y", b"content-length: 5"),
        (b"Content-Length: 0", b"Content-Length: 5"),
    ):
        yield Row(2, f"lengths {lines}", request(*lines, body=b"{}   "), 400)
    for lines in (
        (b"Content-Length: 5, 5",),
        (b"Content-Length: 5,5",),
        (b"Content-Length: 5, 6",),
        (b"Content-Length: 5", b"Content-Length: 5"),
        (b"Content-Length: 5,",),
        (b"Content-Length: ,5",),
    ):
        yield Row(3, f"lengths {lines}", request(*lines, body=b"{}   "), 400)
    for value in (
        *(b"+5", b"-5", b"0x5", b"5_0", b"5 5", b"", b"12345678901234567890", b"18446744073709551621", b"5.0", b"5e0"),
        *(b"9223372036854775808", b"-0", b"\xb2", b"5;q=1", b'"5"', b"5\t5", b"0b1", b"5h", b"\xd9\xa5"),
    ):
        yield Row(4, f"length {value}", request(b"Content-Length: " + value, body=b"{}   "), 400)
    for value in (
        *(b"xchunked", b"chunked, identity", b"identity", b"gzip, chunked", b"chunked, chunked", b"\x0bchunked"),
        *(
            b'"chunked"',
            b"chunked;q=1",
            b"",
            b",chunked",
            b"chunked,",
            b"chunked\x0b",
            b"\x0cchunked",
            b"chunk",
            b"gzip",
        ),
        *(b"chunked chunked", b"chunked\x00", b"identity, chunked", b"chunked\xa0", b"'chunked'", b"trailers, chunked"),
    ):
        yield Row(5, f"coding {value}", request(b"Transfer-Encoding: " + value, body=end), 400, 501)
    for lines in (
        (b"Transfer-Encoding : chunked",),
        (b"Transfer-Encoding\t: chunked",),
        (b"X: y", b" Transfer-Encoding: chunked"),
        (b"X: y", b"\tTransfer-Encoding: chunked"),
        (b"Transfer-Encoding:\n chunked",),
        (b"Transfer-Encoding:\r\n chunked",),
        (b"Transfer-Encoding: chun\r\n ked",),
        (b"Content-Length : 5",),
        (b"Content-Length: 5\r\n 0",),
        (b"Transfer-Encoding\x0b: chunked",),
        (b"Transfer-Encoding\x00: chunked",),
        (b"Transfer Encoding: chunked",),
    ):
        yield Row(6, f"space {lines}", request(*lines, body=end), 400, 501)
    yield Row(6, "a folded first field", request(b" X: y", host=()), 400)
    yield Row(6, "space before Host", request(b"Content-Length: 2", body=b"{}", host=(b" Host: x",)), 400)
    for first, second in (
        (b"chunked", b"identity"),
        (b"identity", b"chunked"),
        (b"chunked", b"chunked"),
        (b"gzip", b"chunked"),
    ):
        lines = (b"Transfer-Encoding: " + first, b"Transfer-Encoding: " + second)
        yield Row(7, f"codings {first} {second}", request(*lines, body=end), 400, 501)
    for line in (b"Transfer-Encoding: chunked", b"transfer-encoding:chunked"):
        yield Row(
            8, "chunked in HTTP/1.0", request(line, b"Connection: keep-alive", body=end, version=b"HTTP/1.0"), 400
        )
    for line in (
        *(b"X: a\nY: b", b"X: a\rb", b"X: a\x00b", b"X\x00: a", b"X: \r", b"X: a\r\r", b"\rX: a", b"X\r: a", b"X\n: a"),
        *(
            b"X: a\x01",
            b"X: a\x7f",
            b"X: \x1b[0m",
            b"X y: a",
            b": a",
            b"X",
            b"X\x7f: a",
            b"(X): a",
            b"X\xe9: a",
            b"X: a\n",
        ),
        *(b"X: a\nTransfer-Encoding: chunked", b"X: a\rTransfer-Encoding: chunked", b"\n"),
    ):
        yield Row(9, f"line {line}", request(line, b"Content-Length: 2", body=b"{}"), 400)
    yield Row(9, "all lines in bare LF", request(b"Content-Length: 2").replace(b"\r\n", b"\n") + b"{}", 400)
    yield Row(9, "a bare LF at the head's end", request(b"Content-Length: 2")[:-2] + b"\n{}", 400)
    yield Row(
        9, "a bare LF after the request line", request(b"Content-Length: 2").replace(b"\r\n", b"\n", 1) + b"{}", 400
    )
    for body in (
        *(b"5 \r\n{}   \r\n0\r\n\r\n", b"5\n{}   \r\n0\r\n\r\n", b"g\r\n{}   \r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n"),
        *(
            b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            b"5\r\n{}   0\r\n\r\n",
            b"5\r\n{}   XX0\r\n\r\n",
            b"+5\r\n{}   \r\n0\r\n\r\n",
        ),
        *(
            b"0x5\r\n{}   \r\n0\r\n\r\n",
            b"5_0\r\n",
            b"\r\n5\r\n{}   \r\n0\r\n\r\n",
            b" 5\r\n{}   \r\n0\r\n\r\n",
            b"5\t\r\n{}   \r\n",
        ),
        *(
            b"5\r{}   \r\n0\r\n\r\n",
            b"5\r\r\n{}   \r\n",
            b"5;e\n{}   \r\n0\r\n\r\n",
            b"5;\x00\r\n{}   \r\n",
            b"5;a\rb\r\n{}   \r\n",
        ),
        *(b"8000000000000000\r\n{}", b"ffffffffffffffff\r\n{}", b"00000000000000005\r\n{}   \r\n"),
        *(
            b"5\r\n{}   \n0\r\n\r\n",
            b"5\r\n{}   \r0\r\n\r\n",
            b"5,5\r\n{}   \r\n",
            b";e\r\n{}\r\n",
            b"0\n\n",
            b"0\r\n\n",
            b"0\r\nX: y\n\r\n",
        ),
        *(
            b"0\r\n X: y\r\n\r\n",
            b"0\r\nX y: z\r\n\r\n",
            b"0\r\nX\r\n\r\n",
            b"0\r\nX: a\x00\r\n\r\n",
            b"0\r\nX: a\rb\r\n\r\n",
            b"0\r\n: a\r\n\r\n",
        ),
    ):
        yield Row(10, f"chunks {body[:24]}", chunked(body), 400)
    for host in (
        *((), (b"Host: x", b"Host: x"), (b"Host: x", b"host: y"), (b"Host: a b",), (b"Host: a,b",), (b"Host: a/b",)),
        *(
            (b"Host: a@b",),
            (b"Host: http://a",),
            (b"Host: a:b",),
            (b"Host: a:80:80",),
            (b"Host: [::1",),
            (b"Host: a\\b",),
        ),
        *((b"Host: a?b",), (b"Host: a#b",), (b"Host: a\tb",), (b"Host: \xe9",), (b"Host: a:123456",), (b"Host: x, x",)),
    ):
        yield Row(12, f"host {host}", request(b"Content-Length: 2", body=b"{}", host=host), 400)
    for line, status in (
        *(
            (b"GET * HTTP/1.1", 400),
            (b"GET  /models HTTP/1.1", 400),
            (b"GET /models HTTP/1.1 ", 400),
            (b"GET /models HTTP/2.0", 505),
        ),
        *(
            (b"get /models HTTP/1.1", 501),
            (b"Get /models HTTP/1.1", 501),
            (b"GETX /models HTTP/1.1", 501),
            (b"GET /models HTTP/0.9", 505),
        ),
        *(
            (b"GET /models HTTP/1.", 400),
            (b"GET /models HTTP/1", 400),
            (b"GET /models HTTP/1.10", 400),
            (b"GET /models http/1.1", 400),
        ),
        *(
            (b"GET /models HTTP/11", 400),
            (b"GET /models HTP/1.1", 400),
            (b"GET /models", 400),
            (b"GET", 400),
            (b"GET ", 400),
            (b" GET / HTTP/1.1", 400),
        ),
        *(
            (b"GET models HTTP/1.1", 400),
            (b"GET /a#b HTTP/1.1", 400),
            (b"GET /a b HTTP/1.1", 400),
            (b"GET /a\x00b HTTP/1.1", 400),
        ),
        *(
            (b"GET /a\x7fb HTTP/1.1", 400),
            (b"GET /\xc3\xa9 HTTP/1.1", 400),
            (b"GET\t/models\tHTTP/1.1", 400),
            (b"GET /models\tHTTP/1.1", 400),
        ),
        *(
            (b"GET ftp://x/models HTTP/1.1", 400),
            (b"GET http:///models HTTP/1.1", 400),
            (b"GET http://a b/ HTTP/1.1", 400),
        ),
        *(
            (b"GET http://a@b/models HTTP/1.1", 400),
            (b"GET x:80 HTTP/1.1", 400),
            (b"CONNECT x:80 HTTP/1.1", 501),
            (b"BREW / HTTP/1.1", 501),
        ),
        *(
            (b"G\x00T / HTTP/1.1", 400),
            (b"(GET) / HTTP/1.1", 400),
            (b"A" * 100 + b" / HTTP/1.1", 501),
            (b"GET /models HTTP/ 1.1", 400),
        ),
        *(
            (b"GET /\rx HTTP/1.1", 400),
            (b"GET / HTTP/1.1\r", 400),
            (b"GET /models HTTP/3.0", 505),
            (b"\x16\x03\x01\x02\x00\x01", 400),
        ),
    ):
        yield Row(13, f"line {line[:30]}", line + b"\r\nHost: x\r\n\r\n", status)
    many = tuple(b"X-%d: a" % index for index in range(200))
    yield Row(16, "200 fields", request(*many, b"Content-Length: 2", body=b"{}"), 431)
    yield Row(16, "a field of 100 kB", request(b"X: " + b"a" * 100_000), 431)
    yield Row(16, "a name of 100 kB", request(b"a" * 100_000 + b": x"), 431)
    yield Row(16, "a target of 20 kB", request(target=b"/" + b"a" * 20_000, method=b"GET"), 414)
    yield Row(16, "a target of 20 kB without an end", b"GET /" + b"a" * 20_000, 414)
    yield Row(17, "a length over the limit", request(b"Expect: 100-continue", b"Content-Length: 99999999999"), 413)
    for value in (b"foo", b"100-continue, foo", b"100-continue;x", b"", b"200-ok"):
        yield Row(17, f"expects {value}", request(b"Expect: " + value, b"Content-Length: 2", body=b"{}"), 417)


def accepted():
    """Every row that is answered as a prediction, or as what `statuses` tells, and whose connection goes on."""
    for body in (
        *(b"5;ext\r\n{}   \r\n0\r\n\r\n", b"05\r\n{}   \r\n0\r\n\r\n", b'5;a=b;c="d"\r\n{}   \r\n0;last\r\n\r\n'),
        *(
            b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            b"0000000000000005\r\n{}   \r\n000\r\n\r\n",
            b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
        ),
    ):
        yield Row(10, f"chunks {body}", chunked(body), 200)
    yield Row(10, "upper-case digits", chunked(b"A\r\n{}        \r\n0\r\n\r\n"), 200)
    for trailer in (
        *(b"Content-Length: 3\r\n", b"Transfer-Encoding: x\r\n", b"Host: y\r\n", b"Authorization: Bearer x\r\n"),
        *(b"Content-Length: 3\r\nTransfer-Encoding: x\r\n", b"Connection: close\r\n", b"Expect: foo\r\n"),
    ):
        yield Row(11, f"trailer {trailer}", chunked(b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n"), 200)
    yield Row(5, "Chunked in other letters", request(b"Transfer-Encoding: ChUnKeD", body=b"2\r\n{}\r\n0\r\n\r\n"), 200)
    yield Row(5, "white space around", request(b"Transfer-Encoding: \t chunked \t", body=b"2\r\n{}\r\n0\r\n\r\n"), 200)
    yield Row(4, "white space around", request(b"Content-Length:\t2 \t", body=b"{}"), 200)
    yield Row(4, "leading zeros", request(b"Content-Length: 0002", body=b"{}"), 200)
    yield Row(12, "host with a port", request(b"Content-Length: 2", body=b"{}", host=(b"Host: a:80",)), 200)
    yield Row(12, "host of IPv6", request(b"Content-Length: 2", body=b"{}", host=(b"Host: [::1]:80",)), 200)
    yield Row(12, "an empty host", request(b"Content-Length: 2", body=b"{}", host=(b"Host:",)), 200)
    yield Row(13, "an absolute target", b"GET http://other/models HTTP/1.1\r\nHost: x\r\n\r\n", 200)
    yield Row(13, "HTTP/1.2 is 1.1", b"GET /models HTTP/1.2\r\nHost: x\r\n\r\n", 200)
    yield Row(13, "an empty line before", b"\r\n\r\nGET /models HTTP/1.1\r\nHost: x\r\n\r\n", 200)
    for method, status in ((b"GET", 405), (b"DELETE", 405), (b"OPTIONS", 204)):
        body = b"GET "
        data = request(b"Content-Length: 4", method=method, target=b"/predict", body=body)
        yield Row(14, f"a body of {method}", data, status)
        data = request(b"Transfer-Encoding: chunked", method=method, target=b"/predict", body=b"4\r\nGET \r\n0\r\n\r\n")
        yield Row(14, f"a chunked body of {method}", data, status)
    for number in (b"1", b"0", b"3", b"-1", b"x", b"99999999999999999999"):
        lines = (b"Inference-Header-Content-Length: " + number, b"Content-Length: 2")
        yield Row(18, f"another length {number} ahead", request(*lines, body=b"{}"), 200)
        yield Row(18, f"another length {number} behind", request(*reversed(lines), body=b"{}"), 200)
    for name in (b"X-Content-Length", b"Content-Length-X", b"Content_Length", b"X-Transfer-Encoding"):
        yield Row(18, f"{name} is another field", request(name + b": 7", b"Content-Length: 2", body=b"{}"), 200)
    lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    yield Row(19, "an upgrade", request(*lines, b"Content-Length: 2", body=b"{}"), 200)
    yield Row(19, "an upgrade of GET", request(*lines, method=b"GET", target=b"/models"), 200)
    yield Row(
        19,
        "an upgrade to a web socket",
        request(b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 2", body=b"{}"),
        200,
    )
