"""Finds the PLT entries through which the loaded Tesseract library calls functions of other libraries.

A dynamically linked library calls a function of another one through a table of addresses, its procedure linkage table
(PLT) with the relocations that the dynamic linker fills in (ELF gABI, chapter 5, "Dynamic Linking"). Writing another
address into an entry redirects the calls of that library and of no other.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ssize_t, c_uint32, c_void_p
from typing import Any

import tesserocr.tesserocr

loaded = ctypes.CDLL(tesserocr.tesserocr.__file__)
"""Tesseract's and Leptonica's functions by name. AttributeError where a build hides one."""

_LINK_MAP = 2
"""``RTLD_DL_LINKMAP`` of ``dladdr1``."""

_PLTRELSZ, _STRTAB, _SYMTAB, _FLAGS, _JMPREL, _FLAGS_1 = 2, 5, 6, 30, 23, 0x6FFFFFFB
"""Tags of the dynamic section."""

_BIND_NOW, _NOW_1 = 8, 1
_RELOCATION = struct.Struct("=QQq")
_SYMBOL_BYTES = 24


class _DynamicEntry(ctypes.Structure):
    _fields_ = (("tag", c_ssize_t), ("value", c_size_t))


class Library(ctypes.Structure):
    """The first fields of ``struct link_map``."""

    _fields_ = (("base", c_size_t), ("name", c_char_p), ("dynamic", POINTER(_DynamicEntry)))


def tesseract() -> Library:
    """The loaded Tesseract library. Raises AttributeError where the C library has no ``dladdr1``."""
    return library_of(loaded.TessBaseAPICreate)


def library_of(function: Any) -> Library:
    """The loaded library that contains a function. Raises AttributeError if there is none."""
    dladdr1 = ctypes.CDLL(None).dladdr1
    dladdr1.argtypes = c_void_p, c_void_p, c_void_p, c_int
    symbol, library = (c_void_p * 4)(), POINTER(Library)()
    if not dladdr1(ctypes.cast(function, c_void_p), symbol, ctypes.byref(library), _LINK_MAP):
        raise AttributeError("the function is in no library")
    return library.contents


def entries(library: Library, name: str) -> Iterator[c_void_p]:
    """The writable PLT entries for a function; none in a library that does not call it or was linked with ``-z now``.

    Assigning to an entry's ``value`` redirects the calls. 64-bit libraries only.
    """
    if ctypes.sizeof(c_void_p) != 8:
        return
    expected = name.encode() + b"\0"
    dynamic = _dynamic_section(library)
    read_only = dynamic.get(_FLAGS, 0) & _BIND_NOW or dynamic.get(_FLAGS_1, 0) & _NOW_1
    if read_only or _JMPREL not in dynamic:
        return
    relocations, symbols, strings = (_address(library, dynamic[tag]) for tag in (_JMPREL, _SYMTAB, _STRTAB))
    for offset, info, _ in _RELOCATION.iter_unpack(ctypes.string_at(relocations, dynamic[_PLTRELSZ])):
        offset_of_name = c_uint32.from_address(symbols + (info >> 32) * _SYMBOL_BYTES).value
        if ctypes.string_at(strings + offset_of_name, len(expected)) == expected:
            yield c_void_p.from_address(library.base + offset)


def _dynamic_section(library: Library) -> dict[int, int]:
    section: dict[int, int] = {}
    for entry in library.dynamic:
        if entry.tag == 0:
            break
        section[entry.tag] = entry.value
    return section


def _address(library: Library, value: int) -> int:
    """The dynamic linker has made some of these values absolute, and others not."""
    base: int = library.base
    return value if value >= base else base + value
