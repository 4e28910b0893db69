"""What the server at hand does not do yet, asked of it once: the one place that lets tests of the coming be skipped."""

import functools
import gzip
import unittest

from harness import HOUSE, Server, post


@functools.cache
def decodes_gzip():
    with Server({"house-price": HOUSE}, loops=1) as server, server.connect() as connection:
        connection.send(post("/predict", gzip.compress(b"{}"), "Content-Encoding: gzip"))
        return connection.answer().status == 200


@functools.cache
def speaks_http2():
    with Server({"house-price": HOUSE}, loops=1) as server, server.connect() as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        connection.fill()
        # A frame of settings has its type at the fourth byte; an answer of HTTP/1 has a P there.
        return connection.buffer[3:4] == b"\4"


def needs(capability):
    if not capability():
        raise unittest.SkipTest(f"this server does not have it yet: {capability.__name__}")
