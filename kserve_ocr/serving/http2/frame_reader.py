"""Whole frames of HTTP/2 (RFC 9113, 4.1) out of what has arrived, bounded before anything is made of them.

The ``h2`` library checks the size of a frame once it is complete, takes any number of frames at once, and makes no
events of some; so frames are counted here, by their first nine bytes.
"""

from __future__ import annotations

from typing import Final

from h2.errors import ErrorCodes

from kserve_ocr.serving.http2.limits import Allowance, FrameError

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADER: Final = 9
_DATA, _HEADERS, _GOAWAY, _CONTINUATION = 0x0, 0x1, 0x7, 0x9
_END_STREAM, _END_HEADERS = 0x1, 0x4
_BATCH: Final = 128
"""Frames after which the event loop goes on with other connections, some 5 ms of work."""


class FrameReader:
    """The frames of one side of a connection."""

    def __init__(self, *, preface: bytes, frame_bytes: int, header_bytes: int, control: Allowance | None) -> None:
        """``preface`` has to come first. ``header_bytes`` bounds a header block, ``control`` other frames."""
        self._preface = preface
        self._frame_bytes = frame_bytes
        self._header_bytes = header_bytes
        self._control = control
        self._buffer = bytearray()
        self._block = 0
        self._in_block = False
        self._began = False
        self.goaway = False
        """Whether the other side has said that it begins no more streams; ``h2`` would end those that there are."""
        self.has_more = False
        """Whether there may be another batch."""

    @property
    def is_incomplete(self) -> bool:
        """Whether the first frame, or the rest of a frame or of a header block, has yet to come."""
        return bool(self._buffer or self._in_block or not self._began)

    def feed(self, data: bytes) -> None:
        """Add what has arrived."""
        self._buffer += data

    def batch(self) -> bytes:
        """The next whole frames without GOAWAY, empty if there are none.

        Raises FrameError for what is over a bound or does not begin as HTTP/2.
        """
        self._take_preface()
        buffer = self._buffer
        kept: list[bytes] = []
        start = at = frames = 0
        while frames < _BATCH and len(buffer) - at >= _HEADER:
            length = int.from_bytes(buffer[at : at + 3], "big")
            kind, flags = buffer[at + 3], buffer[at + 4]
            if length > self._frame_bytes:
                raise FrameError(ErrorCodes.FRAME_SIZE_ERROR)
            end = at + _HEADER + length
            if end > len(buffer):
                break
            self._check(kind, flags, length)
            if kind == _GOAWAY:
                self.goaway = True
                kept.append(bytes(buffer[start:at]))
                start = end
            at = end
            frames += 1
            self._began = True
        kept.append(bytes(buffer[start:at]))
        del buffer[:at]
        self.has_more = frames == _BATCH
        return b"".join(kept)

    def _take_preface(self) -> None:
        size = min(len(self._preface), len(self._buffer))
        if self._buffer[:size] != self._preface[:size]:
            raise FrameError(ErrorCodes.PROTOCOL_ERROR)
        self._preface = self._preface[size:]
        del self._buffer[:size]

    def _check(self, kind: int, flags: int, length: int) -> None:
        if kind in (_HEADERS, _CONTINUATION):
            self._block = length + (self._block if kind == _CONTINUATION else 0)
            self._in_block = not flags & _END_HEADERS
            if self._block > self._header_bytes:
                raise FrameError(ErrorCodes.ENHANCE_YOUR_CALM)
        useful = kind == _HEADERS or (kind == _DATA and (length or flags & _END_STREAM))
        if self._control is not None and not useful:
            self._control.use()
