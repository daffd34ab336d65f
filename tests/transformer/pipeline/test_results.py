from __future__ import annotations

import pytest

from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.results import PageResult


@pytest.mark.parametrize(
    ("language", "warning", "expected"),
    [
        (None, "", ()),
        (LanguageChoice("eng", 0.4, "install deu"), "", ("install deu",)),
        (
            LanguageChoice("eng", 0.4, "install deu", "Latin"),
            "a frame is not read",
            ("install deu", "a frame is not read"),
        ),
    ],
)
def test_a_page_lists_its_warnings_under_one_name(
    language: LanguageChoice | None, warning: str, expected: tuple[str, ...]
) -> None:
    page = PageResult(number=1, text="", confidence=0, layout=None, dpi=None, language=language, warning=warning)
    assert page.warnings == expected
    assert tuple(page.details.get("warnings", ())) == expected
    assert "warning" not in page.details
    assert page.details.get("script") == (language.script if language and language.script else None)


def test_a_label_is_stated_where_there_is_one() -> None:
    page = PageResult(number=4, text="", confidence=0, layout=None, dpi=(300, 300), label="iv")
    assert page.details["label"] == "iv"
    assert page.warnings == ()


@pytest.mark.parametrize(("dpi", "stated"), [(None, None), ((300, 300), 300), ((204, 98), (204, 98))])
def test_a_resolution_is_a_pair_only_where_it_has_to_be(dpi: tuple[int, int] | None, stated: object) -> None:
    assert PageResult(number=1, text="", confidence=0, layout=None, dpi=dpi).details["dpi"] == stated
