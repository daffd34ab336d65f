"""Layouts that no page has: whatever the engine gives, every step after recognition ends with a result."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around
from transformer.formats.markdown import markdown
from transformer.formats.structured import StructuredPage
from transformer.structure import alternatives
from transformer.structure.content.page_structure import analyze
from transformer.structure.content.paragraphs import join_paragraphs
from transformer.structure.corrections.correct import corrected
from transformer.structure.noise import without_noise
from transformer.structure.order.page_order import ORDERS, order_page
from transformer.structure.order.table_rows import has_table_rows
from transformer.structure.remainder import merged, unread_part
from transformer.structure.ruled.text_at_rules import is_spoiled, part_without_rules, with_recovered
from transformer.structure.separators import Separators
from transformer.structure.surer_words import with_surer_words

WIDTH, HEIGHT = 600, 800
TEXTS = (
    *(
        "a",
        "I",
        "|",
        "—",
        "1.",
        "(a)",
        "12.50",
        "$3",
        "£5",
        "'tis",
        '"Hello',
        "{b)",
        "foo",
        "fe\u017fte",
        "mit",
        "vie",
        "@",
        "...",
    ),
    *(
        "=",
        "ab=cd",
        "0x1F",
        "3",
        "•",
        "—112—",
        "x" * 40,
        "e\u0301",
        "\u200f",
        "שלום",
        "日本語",
        "ก",
        "»",
        "550e8400-e29b",
    ),
)
LANGUAGES = (("eng",), ("deu",), ("frk",), ("fra",), ("heb",), ("frk", "fra", "eng"))
SEEDS = 40


def a_line(chance: random.Random, x: int, y: int, size: int) -> Line:
    words = []
    for _ in range(chance.choice([1, 1, 2, 3, 8, 15])):
        text = chance.choice(TEXTS)
        top, height = y + chance.choice([0, 0, 0, chance.randint(-5, 5)]), chance.choice([size, size, size, 0, 50])
        width = chance.choice([0, 1, chance.randint(0, 40), 10 * len(text)])
        words.append(Word(text, (x, top, x + width, top + height), chance.choice([0.0, 0.3, 0.6, 0.9, 0.95])))
        x += width + chance.choice([0, 5, 8, 30, 200, -10])
    box = around(word.bbox for word in words)
    fall = chance.choice([0.0, 0.0, 0.05, -0.05, 5.0]) * (box[2] - box[0])
    return Line(
        box, tuple(words), (float(box[0]), y + size, float(box[2]), y + size + fall), chance.choice([size, 1.0])
    )


def a_layout(chance: random.Random) -> PageLayout:
    blocks = []
    y = 0
    for _ in range(chance.choice([0, 1, 2, 5, 12])):
        paragraphs = []
        x, size = chance.choice([0, 50, 400]), chance.choice([10, 20, 40])
        y = chance.choice([y, y, chance.randint(0, 500)])
        for _ in range(chance.choice([1, 1, 2, 4])):
            lines = []
            for _ in range(chance.choice([1, 2, 6])):
                lines.append(a_line(chance, x + chance.choice([0, 0, 20]), y, size))
                y += int(size * chance.choice([1.4, 1.4, 0.0, 2.0, 0.5]))
            paragraphs.append(Paragraph(around(line.bbox for line in lines), tuple(lines)))
        blocks.append(Block(around(paragraph.bbox for paragraph in paragraphs), tuple(paragraphs)))
    return PageLayout(WIDTH, HEIGHT, tuple(blocks))


def rules(chance: random.Random, count: int) -> tuple[tuple[int, int, int, int], ...]:
    corners = [(chance.randint(0, WIDTH - 2), chance.randint(0, HEIGHT - 2)) for _ in range(count)]
    return tuple((x, y, chance.randint(x + 1, WIDTH), chance.randint(y + 1, HEIGHT)) for x, y in corners)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_layout_gets_through(seed: int) -> None:
    chance = random.Random(seed)
    first, second = without_noise(a_layout(chance)), without_noise(a_layout(chance))
    separators = Separators(horizontal=rules(chance, chance.choice([0, 1, 7])), vertical=rules(chance, 2))
    languages = chance.choice(LANGUAGES)
    pixels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for x0, y0, x1, y1 in (word.bbox for word in first.iter_words()):
        pixels[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0
    letters = np.array([word.bbox for word in second.iter_words()], np.float64).reshape(-1, 4)

    has_table_rows(letters)
    alternatives.has_unread_text(first, letters)
    is_spoiled(first, separators)
    if len(letters):
        part_without_rules(pixels, first, letters, separators)
        unread_part(pixels, first, letters, separators)
    whole = with_recovered(with_surer_words(merged(first, second), second), second)
    for order in ORDERS:
        ordered = order_page(whole, order=order, separators=separators).layout
        assert Counter(ordered.iter_words()) == Counter(whole.iter_words())
        page = corrected(ordered, languages=languages)
        assert all(line.words and all(word.text for word in line.words) for line in page.iter_lines())
        joined = join_paragraphs(page)
        assert list(joined.iter_lines()) == list(page.iter_lines())
        markdown([StructuredPage(1, joined, analyze(joined, separators))]).decode()
