"""Where the Tesseract library that tesserocr has loaded keeps the addresses of functions that it calls from others.

They are found as the dynamic linker finds them: in the procedure linkage table's relocations (ELF gABI, chapter 5).
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ssize_t, c_uint32, c_void_p
from typing import Any

import tesserocr.tesserocr

loaded = ctypes.CDLL(tesserocr.tesserocr.__file__)
"""Tesseract's and Leptonica's functions, by name. AttributeError where a build hides one."""

_LINK_MAP = 2
"""RTLD_DL_LINKMAP of ``dladdr1``."""

_TABLE_SIZE, _STRINGS, _SYMBOLS, _FLAGS, _TABLE, _FLAGS_1 = 2, 5, 6, 30, 23, 0x6FFFFFFB
"""Tags of the dynamic section: PLTRELSZ, STRTAB, SYMTAB, FLAGS, JMPREL, FLAGS_1."""

_BIND_NOW, _NOW_1 = 8, 1
_RELOCATION = struct.Struct("=QQq")
_SYMBOL_BYTES = 24


class _Entry(ctypes.Structure):
    _fields_ = (("tag", c_ssize_t), ("value", c_size_t))


class Library(ctypes.Structure):
    """The beginning of ``struct link_map``."""

    _fields_ = (("base", c_size_t), ("name", c_char_p), ("dynamic", POINTER(_Entry)))


def tesseract() -> Library:
    """The loaded Tesseract library. Raises AttributeError where the C library has no ``dladdr1``."""
    return library_of(loaded.TessBaseAPICreate)


def lead(name: str, function: Any) -> bool:
    """Have Tesseract call ``function`` where it calls ``name``; False, and no change, where that cannot be.

    It cannot be in a library that was linked in another way: statically, or with a table that is read-only.
    """
    if ctypes.sizeof(c_void_p) != 8:
        return False
    try:
        places = list(slots(tesseract(), name))
    except AttributeError:
        return False
    for place in places:
        place.value = ctypes.cast(function, c_void_p).value
    return bool(places)


def library_of(function: Any) -> Library:
    """The loaded library in which a function is."""
    dladdr1 = ctypes.CDLL(None).dladdr1
    dladdr1.argtypes = c_void_p, c_void_p, c_void_p, c_int
    about, found = (c_void_p * 4)(), POINTER(Library)()
    if not dladdr1(ctypes.cast(function, c_void_p), about, ctypes.byref(found), _LINK_MAP):
        raise AttributeError("the function is in no library")
    return found.contents


def slots(library: Library, name: str) -> Iterator[c_void_p]:
    """Where a library keeps the address of a function, if it calls it and the place is writable."""
    wanted = name.encode() + b"\0"
    entries = _dynamic(library)
    if entries.get(_FLAGS, 0) & _BIND_NOW or entries.get(_FLAGS_1, 0) & _NOW_1 or _TABLE not in entries:
        return
    table, symbols, strings = (_address(library, entries[tag]) for tag in (_TABLE, _SYMBOLS, _STRINGS))
    for offset, info, _ in _RELOCATION.iter_unpack(ctypes.string_at(table, entries[_TABLE_SIZE])):
        offset_of_name = c_uint32.from_address(symbols + (info >> 32) * _SYMBOL_BYTES).value
        if ctypes.string_at(strings + offset_of_name, len(wanted)) == wanted:
            yield c_void_p.from_address(library.base + offset)


def _dynamic(library: Library) -> dict[int, int]:
    entries: dict[int, int] = {}
    for entry in library.dynamic:
        if entry.tag == 0:
            break
        entries[entry.tag] = entry.value
    return entries


def _address(library: Library, value: int) -> int:
    """The linker has made some of these absolute, and some not."""
    base: int = library.base
    return value if value >= base else base + value
