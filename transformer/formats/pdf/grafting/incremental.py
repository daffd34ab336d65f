"""Changed and new objects appended to a PDF whose own bytes stay: an incremental update (ISO 32000-1, 7.5.6)."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
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


_PLAIN: Final = 1
_PACKED: Final = 2
"""Types of entries of a cross-reference stream (7.5.8.3, table 18): an object in the file, or in an object stream."""


class _Entry(NamedTuple):
    """Where an object is."""

    kind: int
    position: int
    """Offset in the file, or number of the object stream."""
    detail: int
    """Generation, or index in the object stream."""


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
    size = int(pdf.trailer.get("/Size", 0))
    entries: dict[int, _Entry] = {}
    packed: list[tuple[int, bytes]] = []
    for value in objects:
        number, generation = value.objgen
        size = max(size, number + 1)
        if section.is_table or generation or isinstance(value, pikepdf.Stream):
            entries[number] = _Entry(_PLAIN, len(out), generation)
            out += b"%d %d obj\n" % (number, generation) + _body(value) + b"\nendobj\n"
        else:
            packed.append((number, _body(value)))
    if packed:
        entries[size] = _Entry(_PLAIN, len(out), 0)
        entries |= {number: _Entry(_PACKED, size, index) for index, (number, _) in enumerate(packed)}
        out += b"%d 0 obj\n" % size + _object_stream(packed) + b"\nendobj\n"
        size += 1
    trailer = _trailer(pdf, section.offset, bytes(out[len(original) :]))
    start = len(out)
    if section.is_table and start <= _MAX_OFFSET:
        out += _table(entries) + b"trailer\n<< /Size %d " % size + _pairs(trailer) + b" >>\n"
    else:
        entries[size] = _Entry(_PLAIN, start, 0)
        out += _stream(size, entries, trailer)
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


def _object_stream(packed: Sequence[tuple[int, bytes]]) -> bytes:
    """Objects that are no streams, compressed together (7.5.7)."""
    head, body = b"", b""
    for number, value in packed:
        head += b"%d %d " % (number, len(body))
        body += value + b"\n"
    entries = b"/Type /ObjStm /N %d /First %d" % (len(packed), len(head))
    return _compressed(entries, head + body)


def _compressed(entries: bytes, data: bytes) -> bytes:
    """A stream with these entries in its dictionary."""
    stored = zlib.compress(data, 9)
    return b"<< " + entries + b" /Filter /FlateDecode /Length %d >>\nstream\n" % len(stored) + stored + b"\nendstream"


def _pairs(trailer: Mapping[bytes, bytes]) -> bytes:
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


def _table(entries: Mapping[int, _Entry]) -> bytes:
    out = b"xref\n"
    for run in _runs(entries):
        out += b"%d %d\n" % (run.start, len(run))
        out += b"".join(b"%010d %05d n \n" % entries[number][1:] for number in run)
    return out


def _stream(number: int, entries: Mapping[int, _Entry], trailer: Mapping[bytes, bytes]) -> bytes:
    """A cross-reference stream, which is object ``number`` (7.5.8)."""
    runs = _runs(entries)
    index = " ".join(f"{run.start} {len(run)}" for run in runs)
    rows = b"".join(struct.pack(">BQH", *entries[entry]) for run in runs for entry in run)
    dictionary = b"/Type /XRef /Size %d /W [1 8 2] /Index [%s] " % (number + 1, index.encode()) + _pairs(trailer)
    return b"%d 0 obj\n" % number + _compressed(dictionary, rows) + b"\nendobj\n"
