"""What is attacked: servers that are started for it, or the containers whose ports ``OCR_ATTACKED`` gives.

``OCR_ATTACKED`` holds the ports of the transformer for HTTP and gRPC, then those of the predictor, by commas. The time
limits of such servers have to be those of the fixtures; everything else may be as in the manifests.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.local_stack import Endpoint, start_service


@dataclass(frozen=True)
class Target:
    """Both servers; ``url`` is the transformer's."""

    transformer: Endpoint
    predictor: Endpoint

    @property
    def url(self) -> str:
        return self.transformer.url


@contextmanager
def attack_target(
    *, logs: Path, transformer: Mapping[str, str] | None = None, predictor: Mapping[str, str] | None = None
) -> Iterator[Target]:
    """The containers, or servers with these settings for the block."""
    if ports := os.environ.get("OCR_ATTACKED"):
        http, grpc, predictor_http, predictor_grpc = (int(port) for port in ports.split(","))
        yield Target(Endpoint(http, grpc), Endpoint(predictor_http, predictor_grpc))
        return
    with start_service(logs=logs, transformer=transformer, predictor=predictor) as running:
        yield Target(running.transformer, running.predictor)


def read_to_end(client: socket.socket) -> bytes:
    """What a server answers until it closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := client.recv(1 << 16):
            received += chunk
    return received
