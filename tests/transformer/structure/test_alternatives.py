import numpy as np

from kserve_ocr.protocol.layout import PageLayout
from tests.support.drawn_layouts import Pen, amounts, labels, page, prose
from transformer.structure import alternatives
from transformer.structure.order.page_order import order_page

PEN = Pen(20)


def test_a_table_taken_apart_has_split_rows() -> None:
    table = page(PEN.lines(labels(8), 100, 100), PEN.lines(amounts(8), 900, 100))

    assert alternatives.has_split_rows(order_page(table))


def test_columns_and_pages_of_whole_lines_have_none() -> None:
    columns = page(PEN.lines(prose(9), 100, 100), PEN.lines(prose(9, seed=1), 900, 100))
    lines = page(PEN.lines(prose(9), 100, 100))

    assert not alternatives.has_split_rows(order_page(columns))
    assert not alternatives.has_split_rows(order_page(lines))


def test_a_recognition_that_lost_words_is_not_as_sure() -> None:
    whole, part = page(PEN.lines(prose(9), 100, 100)), page(PEN.lines(prose(7), 100, 100))
    uncertain = page(Pen(20, confidence=0.7).lines(prose(9), 100, 100))

    assert alternatives.is_as_sure(whole, part)
    assert alternatives.is_as_sure(whole, whole)
    assert not alternatives.is_as_sure(part, whole)
    assert not alternatives.is_as_sure(uncertain, whole)


def test_a_few_letters_left_out_are_not_worth_another_recognition() -> None:
    layout = page(PEN.lines(prose(9), 100, 100))
    x0, y0, *_ = next(layout.iter_words()).bbox
    inside = np.tile([x0 + 1.0, y0 + 2, x0 + 9, y0 + 18], (200, 1))
    outside = np.array([[x, 2004, x + 8, 2018] for x in range(100, 160, 10)], float)

    assert not alternatives.has_unread_text(layout, np.concatenate([inside, outside[:4]]))
    assert alternatives.has_unread_text(layout, np.concatenate([inside, outside]))


def test_a_few_specks_on_a_blank_page_are_not_worth_another_recognition() -> None:
    blank = PageLayout(1000, 1000, ())
    specks = np.array([[100 * n, 500, 100 * n + 9, 514] for n in range(1, 9)], float)

    assert not alternatives.has_unread_text(blank, specks[:3])
    assert alternatives.has_unread_text(blank, specks)
