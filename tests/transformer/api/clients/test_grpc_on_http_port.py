"""gRPC calls to the HTTP port of either server, beside HTTP."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from PIL import Image

from tests.support.drawn_pages import LINE, draw_line, encode
from tests.support.http_calls import TIMEOUT, assert_reads, grpc_request, grpc_stub, grpc_text
from tools.local_stack import Server

PNG = encode(draw_line())
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes(3) + b"\x04" + bytes(5)
"""An empty frame of HTTP/2 settings."""


def large() -> bytes:
    """One line on a page of 16 MB."""
    page = Image.new("L", (4000, 4000), 255)
    page.paste(draw_line(size=80), (100, 200))
    return encode(page, "TIFF")


def test_calls_of_several_clients(server: Server) -> None:
    def call(document: bytes) -> str:
        with grpc_stub(server, port=server.port) as stub:
            assert stub.ServerReady(pb.ServerReadyRequest(), timeout=TIMEOUT).ready
            return grpc_text(stub.ModelInfer(grpc_request(document), timeout=TIMEOUT)).strip()

    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(call, document) for document in (PNG, PNG, PNG, large())]
        assert_reads(server)
        assert [answer.result() for answer in answers] == [LINE] * 4


def test_a_connection_whose_start_comes_in_pieces(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)) as client:
        for piece in (PREFACE[:1], PREFACE[1:9], PREFACE[9:] + SETTINGS):
            client.sendall(piece)
        assert client.recv(9)[3] == SETTINGS[3]


def test_a_method_that_begins_like_http_2(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)) as client:
        for piece in (b"P", b"R", b"OPFIND / HTTP/1.1\r\nHost: here\r\n\r\n"):
            client.sendall(piece)
        assert client.recv(12) == b"HTTP/1.1 405"
