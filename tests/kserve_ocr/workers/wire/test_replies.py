"""Replies of workers that hostile code has taken over: each is refused, and nothing of it is executed."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import stat
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool
from kserve_ocr.workers.wire import frames, replies
from kserve_ocr.workers.wire.frames import Frame, FrameError
from kserve_ocr.workers.wire.replies import Done, Failed, InvalidReplyError, ReplyDecoder, Started
from tests.support.worker_pools import with_pool


@dataclass(frozen=True)
class Answer:
    pixels: NDArray[np.uint8]
    edges: NDArray[np.float64]
    names: tuple[str, ...]


def frame_of(reply: Any) -> Frame:
    return Frame([memoryview(part).toreadonly() for part in replies.encode(reply)], [])


@pytest.mark.parametrize("shape", [(0, 4), (3, 2), (2000, 30), (1, 0, 5)])
def test_a_result_arrives_as_its_type(shape: tuple[int, ...]) -> None:
    sent = Answer(np.full(shape, 7, np.uint8), np.full(shape, 0.5), ("a", "ß"))

    reply = ReplyDecoder(Answer).decode(frame_of(Done(5, sent)))

    assert isinstance(reply, Done)
    assert isinstance(reply.result, Answer)
    np.testing.assert_array_equal(reply.result.pixels, sent.pixels)
    np.testing.assert_array_equal(reply.result.edges, sent.edges)
    assert reply.result.names == ("a", "ß")
    assert not reply.result.pixels.flags.writeable


def test_numbers_of_numpy_arrive_as_numbers() -> None:
    reply = ReplyDecoder(tuple[float, ...]).decode(frame_of(Done(5, (np.float64(2.5), np.float32(0.5), np.int64(3)))))
    assert isinstance(reply, Done)
    assert reply.result == (2.5, 0.5, 3.0)


def test_an_error_arrives_as_one_of_ours_and_any_other_as_text() -> None:
    decoder = ReplyDecoder(Answer)
    known = decoder.decode(frame_of(Failed.of(InvalidParameterError("use eng", retry_after=7), 5)))
    other = decoder.decode(frame_of(Failed.of(ZeroDivisionError("x" * 100_000), 5)))
    assert isinstance(known, Failed)
    assert isinstance(other, Failed)

    error = known.error()
    assert isinstance(error, InvalidParameterError)
    assert (error.message, error.retry_after) == ("use eng", 7)
    assert isinstance(other.error(), RuntimeError)
    assert len(str(other.error())) == 20_000


@pytest.mark.parametrize(
    "wrong",
    [
        Done(-1, Answer(np.zeros(3, np.uint8), np.zeros(3), ())),
        Done(1, {"pixels": np.zeros(3), "edges": np.zeros(3), "names": ()}),
        Done(1, Answer(np.zeros(3, np.uint8), np.zeros(3), (1,))),  # type: ignore[arg-type]
        Done(1, {"pixels": "no array"}),
        Done(1, None),
        Failed(1, "damaged_document", "m" * 30_000, None, ""),
        Failed(1, "damaged_document", "m", -5, ""),
        Started(1, 1, "d" * 2000),
    ],
)
def test_a_reply_that_breaks_the_schema_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidReplyError):
        ReplyDecoder(Answer).decode(frame_of(wrong))


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<iBBQ", 1, 1, 1, 10_000),  # more elements than bytes
        struct.pack("<iBBQQ", 1, 1, 2, 1 << 40, 1 << 40),
        struct.pack("<iBBQ", 7, 1, 1, 5000),  # no such part
        struct.pack("<iBBQ", -2, 1, 1, 5000),
        struct.pack("<iBBQ", 1, 99, 1, 5000),  # no such dtype
        struct.pack("<iBB", 1, 1, 255),
        b"",
    ],
)
def test_an_array_beyond_its_bytes_is_refused(head: bytes) -> None:
    sent = msgspec.msgpack.encode(["Done", 1, msgspec.msgpack.Ext(1, head)])
    frame = Frame([memoryview(sent), memoryview(bytes(5000))], [])
    with pytest.raises(InvalidReplyError):
        ReplyDecoder(NDArray[np.uint8]).decode(frame)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidReplyError):
        ReplyDecoder(Any).decode(Frame([memoryview(b"\x93\xa4Done\x01" + b"\x91" * 1_000_000 + b"\x01")], []))


def own_channel() -> socket.socket:
    """The worker's socket to the server."""
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=os.dup(number))
        except OSError:
            continue
    raise AssertionError


class Bomb:
    def __init__(self, marker: str) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self._marker}",)


def send_pickle(marker: str) -> None:
    frames.send(own_channel(), [pickle.dumps(("result", Bomb(marker), 0))])


def send_garbage(_: str) -> None:
    own_channel().send(os.urandom(200))


def send_long_header(_: str) -> None:
    own_channel().send(struct.pack("=IIQQ", 2, 0, 1 << 40, 1 << 62))


def send_two_replies(_: str) -> None:
    for reply in ("forged", "forged, too"):
        frames.send(own_channel(), replies.encode(Done(1, reply)))


def start_again(_: str) -> None:
    frames.send(own_channel(), replies.encode(Started(1, 1, "again")))


def send_a_file(_: str) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(1 << 20))
        file.flush()
        socket.send_fds(own_channel(), [struct.pack("=IIQ", 1, 1, 1 << 20)], [file.fileno()])


def send_an_unsealed_memory_file(_: str) -> None:
    descriptor = os.memfd_create("frame", os.MFD_ALLOW_SEALING)
    os.write(descriptor, bytes(1 << 20))
    socket.send_fds(own_channel(), [struct.pack("=IIQ", 1, 1, 1 << 20)], [descriptor])


def send_an_open_file(_: str) -> None:
    frames.send(own_channel(), replies.encode(Done(1, "text")), files=[0])


HOSTILE: dict[str, Callable[[str], None]] = {
    hostile.__name__: hostile
    for hostile in (
        send_pickle,
        send_garbage,
        send_long_header,
        start_again,
        send_a_file,
        send_an_unsealed_memory_file,
        send_an_open_file,
    )
}


def start() -> Callable[[tuple[str, str]], str]:
    return run


def run(job: tuple[str, str]) -> str:
    name, argument = job
    if name == "two":
        send_two_replies(argument)
    elif name in HOSTILE:
        HOSTILE[name](argument)
    return "right"


def hostile_pool() -> WorkerPool[tuple[str, str], str]:
    return WorkerPool(start, result=str, name="hostile", size=1, queue=5, seconds=20)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_hostile_messages_end_their_worker_and_nothing_else(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    async def scenario(pool: WorkerPool[tuple[str, str], str]) -> None:
        await pool.run(("good", ""))
        before = open_descriptors()
        for name in HOSTILE:
            with pytest.raises(WorkerCrashedError, match="invalid reply"):
                await pool.run((name, str(marker)))
            assert await pool.run(("good", "")) == "right", name
        assert open_descriptors() <= before

    with_pool(hostile_pool, scenario)
    assert not marker.exists()


def test_a_second_reply_never_answers_another_job() -> None:
    async def scenario(pool: WorkerPool[tuple[str, str], str]) -> None:
        (pid,) = pool.pids
        assert await pool.run(("two", "")) == "forged"
        while pool.pids in ([pid], []):
            await asyncio.sleep(0.01)
        assert await pool.run(("good", "")) == "right"

    with_pool(hostile_pool, scenario)


def test_a_frame_of_too_many_parts_is_not_sent() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, pytest.raises(FrameError, match="5000 parts"):
        frames.send(ours, [b""] * 5000)
