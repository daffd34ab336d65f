"""An HTTP/2 client that sends what it is told to, on one connection without TLS."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes

from tests.support.http_calls import TIMEOUT


@dataclass
class Answer:
    """What has come on a stream so far."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> str:
        return self.headers.get(":status", "")


class Http2Client:
    """One connection. ``takes`` says whether windows are opened again for what arrives."""

    def __init__(self, connection: socket.socket, *, window: int | None = None, takes: bool = True) -> None:
        self.socket = connection
        self.takes = takes
        self.answers: dict[int, Answer] = {}
        self.goaway: int | None = None
        self.closed = False
        self.state = H2Connection(
            H2Configuration(header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        self.state.initiate_connection()
        if window is not None:
            self.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.flush()

    def flush(self) -> None:
        """Send what the library has made."""
        with contextlib.suppress(ConnectionError):  # what the server said before can still be received
            self.socket.sendall(self.state.data_to_send())

    def begin(self, method: str, path: str, headers: Mapping[str, str] | None = None, *, end: bool = True) -> int:
        """Send the headers of a request; the number of its stream."""
        number = self.state.get_next_available_stream_id()
        special = {":method": method, ":scheme": "http", ":authority": "here", ":path": path}
        self.state.send_headers(number, [*special.items(), *(headers or {}).items()], end_stream=end)
        self.answers[number] = Answer()
        self.flush()
        return number

    def send(self, number: int, body: bytes, *, end: bool = True) -> None:
        """Send a body as the server takes it."""
        rest = memoryview(body)
        while rest:
            self.until(lambda: self.state.local_flow_control_window(number) > 0)
            size = min(self.state.local_flow_control_window(number), self.state.max_outbound_frame_size)
            self.state.send_data(number, rest[:size].tobytes(), end_stream=end and size >= len(rest))
            self.flush()
            rest = rest[size:]

    def until(self, condition: Callable[[], bool]) -> None:
        """Receive until the condition holds or the server has closed the connection."""
        while not (condition() or self.closed):
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            self.closed = not data
            for event in self.state.receive_data(data) if data else ():
                self._take(event)
            if not self.closed:
                self.flush()

    def answer(self, number: int) -> Answer:
        """The whole answer to a request."""
        found = self.answers[number]
        self.until(lambda: found.ended or found.reset is not None)
        return found

    def until_closed(self) -> int | None:
        """The code with which the server closes the connection; None if it was reset before the code was read."""
        self.until(lambda: self.goaway is not None)
        return self.goaway

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived() if event.stream_id is not None:
                self.answers[event.stream_id].headers = _texts(event.headers)
            case TrailersReceived() if event.stream_id is not None:
                self.answers[event.stream_id].trailers = _texts(event.headers)
            case DataReceived():
                self.answers[event.stream_id].body += event.data
                if self.takes:
                    self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded() if event.stream_id is not None:
                self.answers[event.stream_id].ended = True
            case StreamReset() if event.stream_id is not None and event.error_code != ErrorCodes.NO_ERROR:
                self.answers[event.stream_id].reset = int(event.error_code or 0)
            case ConnectionTerminated():
                self.goaway = int(event.error_code or 0)


def _texts(fields: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in fields} if isinstance(fields, list) else {}


@contextmanager
def http2_connection(
    port: int, *, source: str = "127.0.0.1", window: int | None = None, takes: bool = True
) -> Iterator[Http2Client]:
    """A connection to a local port for the block; streams of the server's answers begin with this window."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT, source_address=(source, 0)) as connection:
        yield Http2Client(connection, window=window, takes=takes)
