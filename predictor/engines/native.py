"""The part of Tesseract's C interface that sharing a page needs and tesserocr does not offer.

The symbols are those of the Tesseract library that tesserocr itself has loaded: looking them up through its extension
module finds the right one in a wheel as well as in a distribution. Importing this raises AttributeError where that
library hides them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int, c_void_p
from typing import Any

from predictor.engines.linking import loaded
from protocol.layout import Box

BLOCK, PARAGRAPH, LINE, WORD = range(4)
"""Levels of an iterator over a page."""

CancelFunction = ctypes.CFUNCTYPE(c_bool, c_void_p, c_int)
"""Asked before each word, with the number of words; True ends the recognition."""


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = getattr(loaded, name)
    function.restype, function.argtypes = result, arguments
    found: Callable[..., Any] = function
    return found


_Handle = c_void_p
create = _function("TessBaseAPICreate", _Handle)
delete = _function("TessBaseAPIDelete", None, _Handle)
init = _function("TessBaseAPIInit2", c_int, _Handle, c_char_p, c_char_p, c_int)
set_variable = _function("TessBaseAPISetVariable", c_int, _Handle, c_char_p, c_char_p)
set_page_segmentation = _function("TessBaseAPISetPageSegMode", None, _Handle, c_int)
set_image = _function("TessBaseAPISetImage", None, _Handle, c_void_p, c_int, c_int, c_int, c_int)
set_resolution = _function("TessBaseAPISetSourceResolution", None, _Handle, c_int)
input_image = _function("TessBaseAPIGetInputImage", c_void_p, _Handle)
recognize = _function("TessBaseAPIRecognize", c_int, _Handle, c_void_p)
result_iterator = _function("TessBaseAPIGetIterator", c_void_p, _Handle)
clear = _function("TessBaseAPIClear", None, _Handle)

# The C interface has no argument to merge the words of a line, as recognition does, and no row attributes.
analyse_layout = _function("_ZN9tesseract11TessBaseAPI13AnalyseLayoutEb", c_void_p, _Handle, c_bool)
_row_attributes = _function(
    "_ZNK9tesseract12PageIterator13RowAttributesEPfS1_S1_", None, c_void_p, *[POINTER(c_float)] * 3
)

_page_iterator = _function("TessResultIteratorGetPageIterator", c_void_p, c_void_p)
_delete_page_iterator = _function("TessPageIteratorDelete", None, c_void_p)
_delete_result_iterator = _function("TessResultIteratorDelete", None, c_void_p)
_next = _function("TessPageIteratorNext", c_int, c_void_p, c_int)
_is_at_beginning = _function("TessPageIteratorIsAtBeginningOf", c_int, c_void_p, c_int)
_bounding_box = _function("TessPageIteratorBoundingBox", c_int, c_void_p, c_int, *[POINTER(c_int)] * 4)
_baseline = _function("TessPageIteratorBaseline", c_int, c_void_p, c_int, *[POINTER(c_int)] * 4)
_block_type = _function("TessPageIteratorBlockType", c_int, c_void_p)
_text = _function("TessResultIteratorGetUTF8Text", c_void_p, c_void_p, c_int)
_confidence = _function("TessResultIteratorConfidence", c_float, c_void_p, c_int)
_delete_text = _function("TessDeleteText", None, c_void_p)

_create_monitor = _function("TessMonitorCreate", c_void_p)
_delete_monitor = _function("TessMonitorDelete", None, c_void_p)
_set_cancel_function = _function("TessMonitorSetCancelFunc", None, c_void_p, CancelFunction)

set_pix_height = _function("pixSetHeight", c_int, c_void_p, c_int)


@contextmanager
def monitor(ask: Any) -> Iterator[Any]:
    """A monitor that calls ``ask``, a :data:`CancelFunction`, before each word."""
    created = _create_monitor()
    try:
        _set_cancel_function(created, ask)
        yield created
    finally:
        _delete_monitor(created)


class Cursor:
    """Walks over a page. Results of recognition only on an iterator that :data:`result_iterator` gave."""

    def __init__(self, iterator: int, *, results: bool) -> None:
        self._iterator = iterator
        self._results = results
        self._page = _page_iterator(iterator) if results else iterator

    def close(self) -> None:
        """Free the iterator."""
        (_delete_result_iterator if self._results else _delete_page_iterator)(self._iterator)

    def next(self, level: int) -> bool:
        """Go on; False at the end of the page."""
        return bool(_next(self._page, level))

    def begins(self, level: int) -> bool:
        """Whether a new element of ``level`` begins here."""
        return bool(_is_at_beginning(self._page, level))

    def block_type(self) -> int:
        """Tesseract's ``PolyBlockType`` of the block here."""
        return int(_block_type(self._page))

    def box(self, level: int) -> Box | None:
        """The box of the element here."""
        return _four(_bounding_box, self._page, level)

    def baseline(self) -> tuple[int, int, int, int] | None:
        """The baseline of the line here, as x0, y0, x1, y1."""
        return _four(_baseline, self._page, LINE)

    def row_height(self) -> float:
        """Height of the line here, from descenders to ascenders."""
        values = [c_float() for _ in range(3)]
        _row_attributes(self._page, *values)
        return values[0].value

    def text(self, level: int) -> str:
        """The text of the element here."""
        found = _text(self._iterator, level)
        if not found:
            return ""
        try:
            return ctypes.string_at(found).decode()
        finally:
            _delete_text(found)

    def confidence(self) -> float:
        """The confidence of the word here, from 0 to 1."""
        return float(_confidence(self._iterator, WORD)) / 100


def _four(function: Callable[..., int], page: int, level: int) -> tuple[int, int, int, int] | None:
    a, b, c, d = (c_int() for _ in range(4))
    if not function(page, level, a, b, c, d):
        return None
    return a.value, b.value, c.value, d.value
