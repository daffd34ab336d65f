"""What a first recognition left out: how much it is, a page that shows only that, and the words found on it added."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Word
from transformer.structure.changes import change_lines, with_words
from transformer.structure.excerpt import Excerpt, excerpt, whole
from transformer.structure.noise import is_readable, text_length, usual_height
from transformer.structure.separators import NO_SEPARATORS, Separators

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float64]
"""``(n, 4)``: left, top, right and bottom edge of components that may be letters, in pixels of the page."""

MARGIN = 2
"""Pixels around a word that are painted over with it."""
TALL = 3.0
"""Usual heights of a word from which its box says nothing about what was read in it."""
STACKED_HEIGHT, STACKED_WIDTH = 2.4, 0.35
"""Usual heights and width per letter of several short rows that were read as one word."""
RULE_LEVEL = 160
"""Darker pixels are a rule's ..."""
ERASED_MARGIN = 4
"""... which may lie this many pixels beside its box, since rules are found on a smaller copy."""
LETTER_HEIGHT = (0.5, 1.8)
LETTER_WIDTH = (0.15, 3.0)
"""Size of a component that may be a letter, in usual heights of words."""
MOST_UNREAD = 0.5
"""Share of components that were left out, from which the whole page is looked at again."""
ADDED_CONFIDENCE = 0.75
"""Confidence of words that are added."""
ADDED_HEIGHT = (0.5, 2.0)
"""Their height, in usual heights; lines that are surer and longer may have any ..."""
SURE_CONFIDENCE, SURE_LETTERS = 0.9, 6
"""... from this confidence and number of letters on."""
SHORT = 3
"""Letters below which a word that stands alone must be as sure."""
MAX_OVERLAP = 0.2
"""Share of an added word's box, or of the box of a word that was there before, that both have in common."""


def unread_share(layout: PageLayout, letters: Boxes) -> float:
    """Share of the letter-like components whose middle lies outside every word; 0 with no such components."""
    fit, outside = _fit_and_outside(layout, letters)
    return float(np.mean(outside[fit])) if fit.any() else 0.0


def _fit_and_outside(layout: PageLayout, letters: Boxes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which components have the size of the page's letters, and which have their middle outside every word."""
    words = list(layout.iter_words())
    usual = usual_height(words) if words else _usual_letter(letters)
    width, height = letters[:, 2] - letters[:, 0], letters[:, 3] - letters[:, 1]
    fit = (
        (height >= LETTER_HEIGHT[0] * usual)
        & (height <= LETTER_HEIGHT[1] * usual)
        & (width >= LETTER_WIDTH[0] * usual)
        & (width <= LETTER_WIDTH[1] * usual)
    )
    mask = np.zeros((layout.height, layout.width), dtype=bool)
    for x0, y0, x1, y1 in _read_boxes(words, usual):
        mask[y0:y1, x0:x1] = True
    middles = ((letters[:, :2] + letters[:, 2:]) / 2).astype(int)
    x = np.clip(middles[:, 0], 0, layout.width - 1)
    y = np.clip(middles[:, 1], 0, layout.height - 1)
    return fit, ~mask[y, x]


def unread_page(pixels: Pixels, layout: PageLayout, separators: Separators = NO_SEPARATORS) -> Pixels:
    """A copy of the page, dark on light, with everything that was read and every ruled line painted white.

    The engine takes a table with a heavy grid for a picture and reads nothing in it.
    """
    words = list(layout.iter_words())
    page = without_rules(pixels, separators)
    for x0, y0, x1, y1 in _read_boxes(words, usual_height(words)):
        page[y0:y1, x0:x1] = 255
    return page


def unread_part(pixels: Pixels, layout: PageLayout, letters: Boxes, separators: Separators = NO_SEPARATORS) -> Excerpt:
    """What :func:`unread_page` shows of a page, beside the components of a letter's size that were left out.

    The whole of it if most components were left out: then what was read does not tell a letter's size.
    """
    page = unread_page(pixels, layout, separators)
    fit, outside = _fit_and_outside(layout, letters)
    part = letters[fit & outside]
    return excerpt(page, part) if len(part) and np.mean(outside) < MOST_UNREAD else whole(page)


def without_rules(pixels: Pixels, separators: Separators) -> Pixels:
    """A copy of a gray page ``(h, w)`` with dark ink and its ruled lines painted white; letters on them stay."""
    page = pixels.copy()
    for box in separators.horizontal:
        _erase(page, box)
    for x0, y0, x1, y1 in separators.vertical:
        _erase(page.T, (y0, x0, y1, x1))
    return page


def _erase(page: Pixels, box: Box) -> None:
    """Paint the horizontal rule in ``box`` white, in all columns where nothing else crosses it."""
    x0, y0, x1, y1 = box
    strip = page[max(0, y0 - ERASED_MARGIN) : y1 + ERASED_MARGIN, max(0, x0 - ERASED_MARGIN) : x1 + ERASED_MARGIN]
    thickness = np.count_nonzero(strip < RULE_LEVEL, axis=0)
    if thickness.any():
        usual = np.median(thickness[thickness > 0])
        strip[:, thickness <= usual + ERASED_MARGIN // 2] = 255


def merged(first: PageLayout, second: PageLayout) -> PageLayout:
    """The page with the reliable words of a second recognition where the first has none.

    Words of the first that are several rows in one give way to those.
    """
    words = list(first.iter_words())
    usual = usual_height(words) if words else usual_height(list(second.iter_words()))
    kept = _filtered(first.blocks, lambda word, _: not _is_stacked(word, usual))
    taken = _Occupied([word.bbox for block in kept for word in block.iter_words()], cell=2 * usual)
    added = _filtered(
        second.blocks, lambda word, line: _may_be_added(word, line, usual) and not taken.overlaps(word.bbox)
    )
    return PageLayout(first.width, first.height, kept + added)


def without_known_words(layout: PageLayout, known: PageLayout) -> PageLayout:
    """The layout without the words whose place a word of ``known`` takes; both are of one page."""
    words = list(known.iter_words())
    taken = _Occupied([word.bbox for word in words], cell=2 * usual_height(words))
    return PageLayout(
        layout.width, layout.height, _filtered(layout.blocks, lambda word, _: not taken.overlaps(word.bbox))
    )


def _usual_letter(letters: Boxes) -> float:
    """Height of a word whose letters are usual for the page, without any word to go by."""
    return float(np.median(letters[:, 3] - letters[:, 1])) * 1.3 if len(letters) else 1.0


def _read_boxes(words: Iterable[Word], usual: float) -> Iterable[Box]:
    """Boxes of the words that say where text was read, with a margin, inside the page."""
    for word in words:
        x0, y0, x1, y1 = word.bbox
        if y1 - y0 <= TALL * usual and not _is_stacked(word, usual):
            yield max(0, x0 - MARGIN), max(0, y0 - MARGIN), x1 + MARGIN, y1 + MARGIN


def _is_stacked(word: Word, usual: float) -> bool:
    """Whether a word is several short rows read as one upright word, as happens to columns of digits."""
    x0, y0, x1, y1 = word.bbox
    return len(word.text) > 1 and y1 - y0 > STACKED_HEIGHT * usual and x1 - x0 < STACKED_WIDTH * usual * len(word.text)


def _may_be_added(word: Word, line: Line, usual: float) -> bool:
    """Whether a word of a second recognition is text: pictures and textures give short words, or uncertain ones."""
    if word.confidence < ADDED_CONFIDENCE or not is_readable(word.text):
        return False
    height = word.bbox[3] - word.bbox[1]
    if not ADDED_HEIGHT[0] * usual <= height <= ADDED_HEIGHT[1] * usual:
        return _is_sure(line)
    short = len(word.text) < SHORT and word.text.isalpha() and len(line.words) == 1
    return not short or word.confidence >= SURE_CONFIDENCE


def _is_sure(line: Line) -> bool:
    """Whether the whole line was recognized so well that it is text of any size: small print below a title."""
    letters = text_length(line.words)
    return (
        letters >= SURE_LETTERS
        and sum(word.confidence * len(word.text) for word in line.words) >= SURE_CONFIDENCE * letters
    )


class _Occupied:
    """Boxes by the cells of a grid that they touch."""

    def __init__(self, boxes: Iterable[Box], *, cell: float) -> None:
        self._cell = max(1.0, cell)
        self._boxes: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            for place in self._cells(box):
                self._boxes.setdefault(place, []).append(box)

    def overlaps(self, box: Box) -> bool:
        """Whether too much of the box, or of one of those that were there, lies in both."""
        return any(
            _shared(box, other) > MAX_OVERLAP * min(_area(box), _area(other))
            for place in self._cells(box)
            for other in self._boxes.get(place, ())
        )

    def _cells(self, box: Box) -> Iterable[tuple[int, int]]:
        x0, y0, x1, y1 = (int(edge // self._cell) for edge in box)
        return ((x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1))


def _shared(first: Box, second: Box) -> int:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0, width) * max(0, height)


def _area(box: Box) -> int:
    return max(1, (box[2] - box[0]) * (box[3] - box[1]))


def _filtered(blocks: Iterable[Block], keep: Callable[[Word, Line], bool]) -> tuple[Block, ...]:
    """Blocks with the words to keep; parts without words are left out."""
    return change_lines(blocks, lambda line: with_words(line, tuple(word for word in line.words if keep(word, line))))
