"""Leptonica's functions on binary images against their replacements."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.acceleration import plt_hook
from predictor.acceleration.install import RELEASE, library

Bits = NDArray[np.bool_]


def declared(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype, function.argtypes = result, arguments
    return function


_CHECKS = """
from ctypes import CDLL, c_char_p
from predictor.acceleration import plt_hook
from predictor.acceleration.install import RELEASE, library
check = CDLL(str(library())).check
check.restype, check.argtypes = c_char_p, (c_char_p, c_char_p)
path = plt_hook.tesseract().name
print(check(b"/no/such/library.so", RELEASE.encode()), check(path, b""), check(path, RELEASE.encode()))
"""


def test_another_library_or_release_is_rejected() -> None:
    # A process of its own: once the acceleration is installed there is nothing left to check.
    done = subprocess.run([sys.executable, "-c", _CHECKS], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["b'release'", "b'release'", "b''"]


@pytest.fixture(scope="module")
def ours() -> Any:
    native = ctypes.CDLL(str(library()))
    check = declared(native.check, c_char_p, c_char_p, c_char_p)
    assert check(plt_hook.tesseract().name, RELEASE.encode()) == b""
    declared(native.open_brick, c_void_p, c_void_p, c_void_p, c_int, c_int)
    declared(native.clip_box_to_foreground, c_int, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p))
    return native


@pytest.fixture(scope="module")
def theirs() -> Any:
    """Leptonica, by a handle of its own: declarations hold for one."""
    library = ctypes.CDLL(plt_hook.library_of(plt_hook.loaded.pixOpenBrick).name.decode())
    declared(library.pixOpenBrick, c_void_p, c_void_p, c_void_p, c_int, c_int)
    declared(library.pixClipBoxToForeground, c_int, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p))
    declared(library.pixCreate, c_void_p, c_int, c_int, c_int)
    declared(library.pixGetData, c_void_p, c_void_p)
    declared(library.pixGetWpl, c_int, c_void_p)
    declared(library.pixEqual, c_int, c_void_p, c_void_p, POINTER(c_int))
    declared(library.pixDestroy, None, POINTER(c_void_p))
    declared(library.boxCreate, c_void_p, c_int, c_int, c_int, c_int)
    declared(library.boxDestroy, None, POINTER(c_void_p))
    declared(library.boxGetGeometry, c_int, c_void_p, *[POINTER(c_int)] * 4)
    declared(library.setMsgSeverity, c_int, c_int)
    library.setMsgSeverity(6)
    return library


class Images:
    """Random images: all shades of full, with blots, and with anything beyond their width."""

    def __init__(self, theirs: Any) -> None:
        self.random = np.random.default_rng(1848)
        self._theirs = theirs

    def size(self, *limits: int) -> int:
        return int(self.random.integers(1, self.random.choice(limits)))

    def draw(self, width: int, height: int) -> c_void_p:
        pix = c_void_p(self._theirs.pixCreate(width, height, 1))
        words = self._theirs.pixGetWpl(pix)
        bits = self.random.random((height, words * 32)) < self.random.choice([0.0, 0.02, 0.5, 0.95, 1.0])
        for _ in range(self.size(20)):
            x, y = int(self.random.integers(0, width)), int(self.random.integers(0, height))
            bits[y : y + self.size(5, 90), x : x + self.size(5, 200)] = self.random.random() < 0.8
        packed = np.packbits(bits, axis=1).view(">u4").astype(np.uint32)
        ctypes.memmove(self._theirs.pixGetData(pix), packed.tobytes(), packed.nbytes)
        return pix


def test_opens_as_leptonica_does(ours: Any, theirs: Any) -> None:
    images = Images(theirs)
    for _ in range(600):
        width, height = images.size(40, 300), images.size(40, 150)
        pix = images.draw(width, height)
        brick = images.size(2, 6, 40, 330), images.size(2, 6, 40, 170)
        expected = c_void_p(theirs.pixOpenBrick(None, pix, *brick))
        found = c_void_p(ours.open_brick(None, pix, *brick))
        same = c_int()
        assert theirs.pixEqual(expected, found, byref(same)) == 0
        assert same.value == 1, (width, height, brick)
        for made in (pix, expected, found):
            theirs.pixDestroy(byref(made))


def bounds(theirs: Any, clip: Any, pix: c_void_p, box: c_void_p) -> tuple[int, list[int] | None]:
    found = c_void_p(1)
    status = clip(pix, box, None, byref(found))
    if not found:
        return status, None
    values = [c_int() for _ in range(4)]
    assert theirs.boxGetGeometry(found, *map(byref, values)) == 0
    theirs.boxDestroy(byref(found))
    return status, [value.value for value in values]


def test_finds_black_where_leptonica_does(ours: Any, theirs: Any) -> None:
    images = Images(theirs)
    seen = set()
    for _ in range(150):
        width, height = images.size(40, 300), images.size(40, 150)
        pix = images.draw(width, height)
        for _ in range(20):
            x, y = (int(images.random.integers(-9, end + 9)) for end in (width, height))
            box = c_void_p(theirs.boxCreate(x, y, images.size(9, 330), images.size(9, 170)))
            if not box:  # wholly to the left of the image, or above it
                continue
            expected = bounds(theirs, theirs.pixClipBoxToForeground, pix, box)
            assert bounds(theirs, ours.clip_box_to_foreground, pix, box) == expected, (width, height, x, y)
            seen.add(expected[0])
            theirs.boxDestroy(byref(box))
        theirs.pixDestroy(byref(pix))
    assert seen == {0, 1}


def test_everything_else_goes_to_leptonica(ours: Any, theirs: Any) -> None:
    gray = c_void_p(theirs.pixCreate(40, 30, 8))
    white = c_void_p(theirs.pixCreate(40, 30, 1))
    box = c_void_p(theirs.boxCreate(0, 0, 10, 10))
    found = c_void_p()
    assert ours.open_brick(None, gray, 3, 3) is None
    assert ours.open_brick(None, None, 3, 3) is None
    assert ours.open_brick(None, white, 0, 3) is None
    assert ours.open_brick(white, white, 3, 3) == white.value
    assert ours.clip_box_to_foreground(gray, box, None, byref(found)) == 1
    assert ours.clip_box_to_foreground(None, box, None, byref(found)) == 1
    assert ours.clip_box_to_foreground(white, box, None, None) == 1
    assert ours.clip_box_to_foreground(white, None, None, byref(found)) == 1
    for made in (gray, white):
        theirs.pixDestroy(byref(made))
    theirs.boxDestroy(byref(box))
