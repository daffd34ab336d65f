"""One end of an HTTP/2 connection: what arrives goes to its streams, and what they send is written."""

from __future__ import annotations

import asyncio
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from kserve_ocr.serving.http2.frame_reader import FrameReader
from kserve_ocr.serving.http2.limits import FrameError, Http2Limits
from kserve_ocr.serving.http2.stream import Fields, Http2Stream


def _state(limits: Http2Limits, *, client_side: bool, header_bytes: int) -> H2Connection:
    """The library's state of a connection, with our limits from the start and the room for all streams' windows.

    The window of the connection is never what a stream waits for: otherwise bodies that nobody reads yet, as those of
    gRPC calls that wait for their turn, would keep back the one whose turn it is.
    """
    # What is relayed was checked as it came in.
    state = H2Connection(H2Configuration(client_side=client_side, validate_outbound_headers=not client_side))
    state.local_settings = Settings(
        client=client_side,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: limits.stream_window,
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams,
            SettingCodes.MAX_FRAME_SIZE: limits.frame_bytes,
            SettingCodes.MAX_HEADER_LIST_SIZE: header_bytes,
        },
    )
    state.max_inbound_frame_size = limits.frame_bytes
    state.decoder.max_header_list_size = 2 * header_bytes  # up to which a request is answered with what is wrong
    state.initiate_connection()
    window = limits.streams * limits.stream_window
    state.increment_flow_control_window(window - state.inbound_flow_control_window)
    return state


class Http2Endpoint:
    """Base of both: the connections of clients, and those to the gRPC server."""

    write_seconds: float | None = None
    """Time after which a stream of which the other side takes nothing is reset."""

    def __init__(
        self,
        transport: asyncio.Transport,
        reader: FrameReader,
        *,
        limits: Http2Limits,
        client_side: bool,
        header_bytes: int,
    ) -> None:
        self.state = _state(limits, client_side=client_side, header_bytes=header_bytes)
        self.write_paused = False
        self.streams: dict[int, Http2Stream] = {}
        self._limits = limits
        self._transport = transport
        self._reader = reader
        self._loop = asyncio.get_running_loop()
        self._flushing: asyncio.Handle | None = None
        self._reading: asyncio.Handle | None = None
        self._turn = 0
        self.flush()

    def receive(self, data: bytes) -> None:
        """Take what has arrived."""
        self._reader.feed(data)
        if self._reading is None:
            self._read()

    def _read(self) -> None:
        """Process a batch of frames; the rest has to wait for other connections."""
        self._reading = None
        try:
            for event in self.state.receive_data(self._reader.batch()):
                self.on_event(event)
        except FrameError as error:
            self.end(error.code)
            return
        except ProtocolError:
            self.abandon()
            return
        self.flush()
        if self._reader.has_more:
            self._reading = self._loop.call_soon(self._read)
        self._set_reading()
        self.on_received()

    def on_event(self, event: Event) -> None:
        """Pass an event to its stream."""
        match event:
            case RequestReceived() if event.stream_id is not None:
                self.on_request(event.stream_id, event.headers or ())
            case DataReceived():
                self._on_data(event)
            case RemoteSettingsChanged():
                self._on_settings(event)
            case WindowUpdated(stream_id=0):
                self._wake_writers()
            case ResponseReceived() | TrailersReceived() | StreamEnded() | StreamReset() | WindowUpdated():
                if event.stream_id in self.streams:
                    self._on_stream(self.streams[event.stream_id], event)

    def _on_stream(self, stream: Http2Stream, event: Event) -> None:
        match event:
            case ResponseReceived(headers=fields):
                stream.on_head(fields or ())
            case TrailersReceived(headers=fields):
                stream.trailers = fields or ()
            case StreamEnded():
                stream.on_end()
            case StreamReset():
                stream.on_lost()
            case WindowUpdated():
                stream.on_writable()

    def _on_settings(self, event: RemoteSettingsChanged) -> None:
        """Settings that are not known would be kept, and the table of headers be as large as the other side allows."""
        for unknown in event.changed_settings.keys() - set(SettingCodes):
            del self.state.remote_settings[unknown]
        # To set it to what it is would keep the change that h2 has just made from the other side.
        largest = self._limits.header_table_bytes
        if self.state.encoder.header_table_size > largest:  # noqa: PLR1730
            self.state.encoder.header_table_size = largest
        self._wake_writers()

    def _on_data(self, event: DataReceived) -> None:
        size = event.flow_controlled_length or 0
        if event.stream_id in self.streams:
            self.streams[event.stream_id].on_data(event.data or b"", size)
        else:
            self.state.acknowledge_received_data(size, event.stream_id)

    def on_request(self, number: int, fields: Fields) -> None:
        """A stream was opened by the other side; a client's connection has none of those."""
        self.state.reset_stream(number, ErrorCodes.REFUSED_STREAM)

    def on_received(self) -> None:
        """A batch was processed."""

    def flush(self) -> None:
        """Write what is to be sent."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        data = self.state.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def flush_soon(self) -> None:
        """Write what is to be sent, together with what else is sent in this turn of the event loop."""
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self.flush)

    def pause(self) -> None:
        """The other side takes no more for now; and nothing of it is read that would have to be answered."""
        self.write_paused = True
        self._set_reading()

    def resume(self) -> None:
        """It takes more."""
        self.write_paused = False
        self._set_reading()
        self._wake_writers()

    def _wake_writers(self) -> None:
        """Each time it begins with another stream, so that none is always the last."""
        streams = list(self.streams.values())
        self._turn += 1
        first = self._turn % len(streams) if streams else 0
        for stream in streams[first:] + streams[:first]:
            stream.on_writable()

    def _set_reading(self) -> None:
        """uvloop raises RuntimeError for what is so already, and for a transport that is closing."""
        wanted = not self.write_paused and self._reading is None
        if self._transport.is_closing() or self._transport.is_reading() == wanted:
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def say_goodbye(self) -> None:
        """Announce that no more streams are taken, while those that there are go on; ``h2`` would end them too."""
        frame = GoAwayFrame(0, last_stream_id=self.state.highest_inbound_stream_id, error_code=ErrorCodes.NO_ERROR)
        self.flush()
        self._transport.write(frame.serialize())

    def end(self, code: ErrorCodes) -> None:
        """Close the connection and say why."""
        self.state.close_connection(code)
        self.abandon()

    def abandon(self) -> None:
        """Close the connection after what is to be sent."""
        self.lost()
        self.flush()
        self._transport.close()

    def lost(self) -> None:
        """The connection is no more."""
        if self._reading is not None:
            self._reading.cancel()
        for stream in list(self.streams.values()):
            stream.on_lost()


def transport_of(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """The transport of a connection, which asyncio gives by its base class."""
    return cast("asyncio.Transport", transport)
