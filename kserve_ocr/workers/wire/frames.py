"""Frames of bytes between two processes on this machine, over a ``SOCK_SEQPACKET`` socket pair.

A frame is a list of parts. Small frames are one message; larger ones are written once into an anonymous memory file
whose descriptor travels with the message, and the receiver maps it: the parts are read-only views of that mapping,
which lives exactly as long as they do. The memory file is sealed, so that the sender can neither change it nor cut it
short afterwards. No name in any file system is involved, so nothing can be left behind.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

INLINE_BYTES = 131_072
"""Frames up to this size stay in the socket: a line of text, 85 KB, takes 0.04 ms there and 0.13 in a memory file."""
MAX_PARTS = 4000
"""Parts of a frame."""
MAX_FRAME_BYTES = 2 << 30
"""Bytes of a frame."""

_ALIGNMENT = 64
_PADDING = bytes(_ALIGNMENT)
_PARTS_AT_ONCE = 512  # the kernel takes at most 1024 buffers in one call
_HEADER = struct.Struct("=II")
"""Number of parts, and whether they are in a memory file; the size of each part follows."""
_MAX_HEADER = _HEADER.size + 8 * MAX_PARTS
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL

Part = bytes | memoryview


class FrameError(ValueError):
    """A frame that breaks the rules of this module."""


class Frame(NamedTuple):
    """What was received. The descriptors in ``files`` are the receiver's to close."""

    parts: list[memoryview]
    files: list[int]


def send(channel: socket.socket, parts: Sequence[Part], *, files: Sequence[int] = ()) -> None:
    """Send a frame, and at most one open file with it.

    Raises OSError when the other side is gone, FrameError for a frame with too many parts or bytes.
    """
    sizes = [len(part) for part in parts]
    if len(sizes) > MAX_PARTS or sum(sizes) > MAX_FRAME_BYTES:
        raise FrameError(f"{len(sizes)} parts of {sum(sizes)} bytes are more than a frame holds")
    padded = _pad(parts, sizes)
    sizes_sent = struct.pack(f"={len(sizes)}Q", *sizes)
    if sum(sizes) <= INLINE_BYTES and len(padded) <= _PARTS_AT_ONCE:
        try:
            socket.send_fds(channel, [_HEADER.pack(len(sizes), 0) + sizes_sent, *padded], list(files))
            return
        except OSError as error:
            if error.errno != errno.EMSGSIZE:  # socket buffers smaller than Linux's default
                raise
    descriptor = _memory_file(padded)
    try:
        socket.send_fds(channel, [_HEADER.pack(len(sizes), 1) + sizes_sent], [descriptor, *files])
    finally:
        os.close(descriptor)


def receive(channel: socket.socket) -> Frame:
    """The next frame.

    Raises EOFError when the other side has exited, BlockingIOError when there is none yet, FrameError for anything
    that :func:`send` would not send.
    """
    message, descriptors, flags, _ = socket.recv_fds(
        channel, _MAX_HEADER + 2 * INLINE_BYTES, 2, socket.MSG_CMSG_CLOEXEC
    )
    try:
        if not message:
            raise EOFError
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise FrameError("a message was cut off")
        body, sizes, mapped = _open(message, descriptors)
        files = descriptors[mapped:]
        if len(files) > 1:
            raise FrameError("a message has more than one file")
        parts = _split(body, sizes)
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    for descriptor in descriptors[:mapped]:
        os.close(descriptor)
    return Frame(parts, files)


def _open(message: bytes, descriptors: Sequence[int]) -> tuple[memoryview, tuple[int, ...], int]:
    """Where the parts are, their sizes, and how many of the descriptors were used for that."""
    try:
        count, mapped = _HEADER.unpack_from(message)
        sizes = struct.unpack_from(f"={min(count, MAX_PARTS + 1)}Q", message, _HEADER.size)
    except struct.error:
        raise FrameError("a message has no complete header") from None
    if count > MAX_PARTS or mapped > 1 or mapped > len(descriptors):
        raise FrameError("the header of a message is wrong")
    if not mapped:
        return memoryview(message)[_HEADER.size + 8 * count :], sizes, 0
    return _map(descriptors[0]), sizes, 1


def _map(descriptor: int) -> memoryview:
    """A sealed memory file, read-only. Without its seals the sender could end this process by cutting it short."""
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError:
        raise FrameError("a frame is in something else than a memory file") from None
    if seals & _SEALS != _SEALS:
        raise FrameError("a frame is in a memory file that is not sealed")
    size = os.fstat(descriptor).st_size
    if not 0 < size <= MAX_FRAME_BYTES + MAX_PARTS * _ALIGNMENT:
        raise FrameError(f"a frame has {size} bytes")
    try:
        # Private, because kernels before 6.7 refuse a shared mapping of a sealed file.
        return memoryview(mmap.mmap(descriptor, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ))
    except (OSError, ValueError) as error:
        raise FrameError(f"a frame cannot be mapped: {error}") from None


def _split(body: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    if sum(_aligned(size) for size in sizes) > len(body):
        raise FrameError("a frame is shorter than its header says")
    parts = []
    start = 0
    for size in sizes:
        parts.append(body[start : start + size])
        start += _aligned(size)
    return parts


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _pad(parts: Sequence[Part], sizes: Sequence[int]) -> list[Part]:
    padded: list[Part] = []
    for part, size in zip(parts, sizes, strict=True):
        padded.append(part)
        if size % _ALIGNMENT:
            padded.append(_PADDING[size % _ALIGNMENT :])
    return padded


def _memory_file(parts: Sequence[Part]) -> int:
    descriptor = os.memfd_create("frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for first in range(0, len(parts), _PARTS_AT_ONCE):
            _write_all(descriptor, parts[first : first + _PARTS_AT_ONCE])
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _write_all(descriptor: int, parts: Sequence[Part]) -> None:
    remaining: list[Part] = [part for part in parts if len(part)]
    while remaining:
        written = os.writev(descriptor, remaining)
        while remaining and written >= len(remaining[0]):  # one call writes 2 GiB at most
            written -= len(remaining.pop(0))
        if written:
            remaining[0] = memoryview(remaining[0])[written:]
