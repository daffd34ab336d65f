"""Spares Tesseract the compression of every line.

Tesseract hands each line to its neural network as an image in memory, which it writes as a PNG and reads back at once
(``ImageData`` in its sources): 2 to 4 % of a page's time. Leptonica's own raw format "spix" is as good there, as the
reader knows a format by its first bytes. So the entry by which the Tesseract library calls ``pixWriteMem`` is led to
``pixWriteMemSpix``, which takes the same first three arguments. The pixels, and so the text, are the same.

The entry is found as the dynamic linker does it: in the procedure linkage table's relocations (ELF gABI, chapter 5).
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ssize_t, c_uint32, c_void_p
from typing import Any

import tesserocr.tesserocr

_NAME = b"pixWriteMem\0"

_LINK_MAP = 2
"""RTLD_DL_LINKMAP of ``dladdr1``."""

_TABLE_SIZE, _STRINGS, _SYMBOLS, _FLAGS, _TABLE, _FLAGS_1 = 2, 5, 6, 30, 23, 0x6FFFFFFB
"""Tags of the dynamic section: PLTRELSZ, STRTAB, SYMTAB, FLAGS, JMPREL, FLAGS_1."""

_loaded = ctypes.CDLL(tesserocr.tesserocr.__file__)

_BIND_NOW, _NOW_1 = 8, 1
_RELOCATION = struct.Struct("=QQq")
_SYMBOL_BYTES = 24


class _Entry(ctypes.Structure):
    _fields_ = (("tag", c_ssize_t), ("value", c_size_t))


class _Library(ctypes.Structure):
    """The beginning of ``struct link_map``."""

    _fields_ = (("base", c_size_t), ("name", c_char_p), ("dynamic", POINTER(_Entry)))


def keep_raw() -> bool:
    """Lead Tesseract's line images past the compression, in this process; False, and no change, where that cannot be.

    It cannot be in a library that was linked in another way: statically, or with a table that is read-only.
    """
    if ctypes.sizeof(c_void_p) != 8:
        return False
    try:
        slots = list(_slots(_library_of(_loaded.TessBaseAPICreate)))
        given = ctypes.cast(_loaded.pixWriteMemSpix, c_void_p)
    except AttributeError:  # a name is hidden, or the C library has no dladdr1
        return False
    for slot in slots:
        slot.value = given.value
    return bool(slots)


def _library_of(function: Any) -> _Library:
    """The loaded library in which a function is."""
    dladdr1 = ctypes.CDLL(None).dladdr1
    dladdr1.argtypes = c_void_p, c_void_p, c_void_p, c_int
    about, found = (c_void_p * 4)(), POINTER(_Library)()
    if not dladdr1(ctypes.cast(function, c_void_p), about, ctypes.byref(found), _LINK_MAP):
        raise AttributeError("the function is in no library")
    return found.contents


def _slots(library: _Library) -> Iterator[c_void_p]:
    """Where a library keeps the address of the function, if it calls it and the place is writable."""
    entries = _dynamic(library)
    if entries.get(_FLAGS, 0) & _BIND_NOW or entries.get(_FLAGS_1, 0) & _NOW_1 or _TABLE not in entries:
        return
    table, symbols, strings = (_address(library, entries[tag]) for tag in (_TABLE, _SYMBOLS, _STRINGS))
    for offset, info, _ in _RELOCATION.iter_unpack(ctypes.string_at(table, entries[_TABLE_SIZE])):
        name = c_uint32.from_address(symbols + (info >> 32) * _SYMBOL_BYTES).value
        if ctypes.string_at(strings + name, len(_NAME)) == _NAME:
            yield c_void_p.from_address(library.base + offset)


def _dynamic(library: _Library) -> dict[int, int]:
    entries: dict[int, int] = {}
    for entry in library.dynamic:
        if entry.tag == 0:
            break
        entries[entry.tag] = entry.value
    return entries


def _address(library: _Library, value: int) -> int:
    """The linker has made some of these absolute, and some not."""
    base: int = library.base
    return value if value >= base else base + value
