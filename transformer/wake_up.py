"""The first thing that a starting transformer does: it has a predictor that is scaled to zero started too.

A request to the predictor makes Knative's activator report it to the autoscaler, which creates a pod at once. So that
both components start side by side, this request leaves before anything heavy is imported: only the standard library, no
settings, a plain socket. It ends with its answer, or after a moment: the activator holds a request until a pod is
ready, and would count this one beside the page that comes next, for which the autoscaler would start a second pod.
Readiness does not wait for the answer: periodic probes would keep the predictor from scaling to zero.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence

from kserve_ocr.arguments import argument

SETTING = "OCR_WAKE_PREDICTOR"
_OFF = frozenset({"0", "f", "false", "n", "no", "off"})
HOLD_SECONDS = 0.3
"""How long the request stays open: the activator reports the first request for a revision without delay."""
_CONNECT_SECONDS = 5.0
_SENT_SECONDS = 0.05
"""How long the start waits for the request to leave; resolving the name takes a few milliseconds."""


def wake_predictor(arguments: Sequence[str], environment: Mapping[str, str]) -> threading.Thread | None:
    """Send the request in a thread of its own and return when it has left, at the latest after 50 ms.

    ``arguments`` are the process's own, KServe's ``--predictor_host`` among them. Returns the thread, which ends after
    ``HOLD_SECONDS``; None if there is no such argument or the setting is off. Failures are ignored: the first page
    then starts the predictor.
    """
    address = argument(arguments, "--predictor_host")
    if not address or environment.get(SETTING, "").strip().lower() in _OFF:
        return None
    secure = argument(arguments, "--predictor_use_ssl").lower() in ("true", "1", "yes")
    sent = threading.Event()
    thread = threading.Thread(target=_call, args=(address, secure, sent), daemon=True, name="wake-predictor")
    thread.start()
    sent.wait(_SENT_SECONDS)
    return thread


def _call(address: str, secure: bool, sent: threading.Event) -> None:
    host, _, port = address.partition(":")
    request = f"GET /v2/health/ready HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kserve-ocr\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError, ValueError):
        connection = socket.create_connection((host, int(port or (443 if secure else 80))), timeout=_CONNECT_SECONDS)
        with _encrypted(connection, host) if secure else connection as stream:
            stream.sendall(request.encode())
            sent.set()
            stream.settimeout(HOLD_SECONDS)
            stream.recv(1)
    sent.set()


def _encrypted(connection: socket.socket, host: str) -> socket.socket:
    import ssl  # noqa: PLC0415  # 10 ms that a plain connection does not need

    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
