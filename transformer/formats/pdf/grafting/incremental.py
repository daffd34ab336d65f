"""Changed and new objects appended to a PDF whose own bytes stay: an incremental update (ISO 32000-1, 7.5.6)."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import pikepdf

_TAIL_BYTES: Final = 2048
"""The end of a file, in which readers look for ``startxref``."""
_START: Final = re.compile(rb"startxref\s+([0-9]{1,19})\s+%%EOF\s*\Z")
_TABLE: Final = re.compile(rb"xref\s")
_STREAM: Final = re.compile(rb"[0-9]+\s+[0-9]+\s+obj\b")
_SPACES: Final = re.compile(rb"(?<=[\[\]<>]) | (?=[/\[\]<>])")
_CARRIED: Final = ("/Root", "/Info")
_MAX_OFFSET: Final = 9_999_999_999
"""Of a cross-reference table, whose offsets have ten digits."""


class _Section(NamedTuple):
    """The last cross-reference section of a file."""

    offset: int
    is_table: bool


def can_append(original: bytes | memoryview) -> bool:
    """Whether the file ends so that readers will find an update appended to it."""
    return _last_section(original) is not None


def append(original: bytes | memoryview, pdf: pikepdf.Pdf, objects: Iterable[pikepdf.Object]) -> bytes:
    """``original`` followed by ``objects`` of ``pdf``, which was opened from it; each is indirect, new or changed.

    Raises ValueError for a file that :func:`can_append` says cannot be updated.
    """
    section = _last_section(original)
    if section is None:
        raise ValueError("the file does not end like a PDF")
    out = bytearray(original)
    if not out.endswith((b"\n", b"\r")):
        out += b"\n"
    offsets: dict[int, tuple[int, int]] = {}
    for value in objects:
        number, generation = value.objgen
        offsets[number] = (len(out), generation)
        out += b"%d %d obj\n" % (number, generation) + _body(value) + b"\nendobj\n"
    trailer = _trailer(pdf, section.offset, bytes(out[len(original) :]))
    size = max(int(pdf.trailer.get("/Size", 0)), *(number + 1 for number in offsets))
    if section.is_table and len(out) <= _MAX_OFFSET:
        start = len(out)
        out += _table(offsets) + b"trailer\n<< /Size %d " % size + _entries(trailer) + b" >>\n"
    else:
        start = len(out)
        offsets[size] = (start, 0)
        out += _stream(size, offsets, trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def _last_section(original: bytes | memoryview) -> _Section | None:
    match = _START.search(bytes(original[-_TAIL_BYTES:]))
    if match is None or bytes(original[:5]) != b"%PDF-":
        return None
    offset = int(match[1])
    head = bytes(original[offset : offset + 32])
    if _TABLE.match(head):
        return _Section(offset, is_table=True)
    return _Section(offset, is_table=False) if _STREAM.match(head) else None


def _body(value: pikepdf.Object) -> bytes:
    if not isinstance(value, pikepdf.Stream):
        return _compact(value.unparse(resolved=True))
    data = value.read_raw_bytes()
    entries = pikepdf.Dictionary({key: entry for key, entry in value.stream_dict.items() if key != "/Length"})
    return _compact(entries.unparse()[:-2] + b"/Length %d >>" % len(data)) + b"stream\n" + data + b"\nendstream"


def _compact(body: bytes) -> bytes:
    """The object without the spaces that no reader needs; as it is if it has strings, whose spaces count."""
    return body if b"(" in body else _SPACES.sub(b"", body)


def _trailer(pdf: pikepdf.Pdf, previous: int, added: bytes) -> dict[bytes, bytes]:
    """The entries of the new trailer but ``/Size``. Equal updates of equal files get equal identifiers."""
    trailer = {key.encode(): pdf.trailer[key].unparse() for key in _CARRIED if key in pdf.trailer}
    trailer[b"/Prev"] = b"%d" % previous
    identifiers = pdf.trailer.get("/ID")
    if isinstance(identifiers, pikepdf.Array) and len(identifiers) == 2:
        first = bytes(identifiers[0])
        changed = hashlib.md5(first + added, usedforsecurity=False).hexdigest()
        trailer[b"/ID"] = f"[<{first.hex()}> <{changed}>]".encode()
    return trailer


def _entries(trailer: Mapping[bytes, bytes]) -> bytes:
    return b" ".join(key + b" " + value for key, value in trailer.items())


def _runs(numbers: Iterable[int]) -> list[range]:
    """Consecutive numbers together, in order."""
    runs: list[range] = []
    for number in sorted(numbers):
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs


def _table(offsets: Mapping[int, tuple[int, int]]) -> bytes:
    out = b"xref\n"
    for run in _runs(offsets):
        out += b"%d %d\n" % (run.start, len(run))
        out += b"".join(b"%010d %05d n \n" % offsets[number] for number in run)
    return out


def _stream(number: int, offsets: Mapping[int, tuple[int, int]], trailer: Mapping[bytes, bytes]) -> bytes:
    """A cross-reference stream, which is object ``number`` (7.5.8)."""
    runs = _runs(offsets)
    index = " ".join(f"{run.start} {len(run)}" for run in runs)
    rows = b"".join(struct.pack(">BQH", 1, *offsets[entry]) for run in runs for entry in run)
    return (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 8 2] /Index [%s] " % (number, number + 1, index.encode())
        + _entries(trailer)
        + b" /Length %d >>\nstream\n" % len(rows)
        + rows
        + b"\nendstream\nendobj\n"
    )
