"""Languages as people name them, and the Tesseract models for them.

``en``, ``en-GB``, ``English`` and ``eng`` are one model. Names and codes are those of ISO 639-1, 639-2 (both forms),
639-3 and BCP 47, and the names that a language has in English and in itself. A name that is not in the table stays as
it is: it may be a model of one's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from msgspec import Struct

from kserve_ocr.protocol.language.language_table import TABLE

_SEPARATORS = re.compile(r"[+,;|]+")
_LIST_MARKS = str.maketrans("", "", "[]'\"")
"""Of lists as JSON and Python write them."""
_ENCODING = re.compile(r"[.@].*")
"""Of a locale, as in ``de_DE.UTF-8@euro``."""
_SCRIPTS = "script/"
_LATIN_SCRIPTS = ("Latin", "Fraktur", "Vietnamese")


class Language(Struct, frozen=True):
    """One language: its Tesseract ``model``, its names, and other codes for it, the preferred BCP 47 tag first."""

    model: str
    name: str
    native: str
    tags: tuple[str, ...]


@lru_cache(maxsize=256)
def models_of(text: str) -> tuple[str, ...]:
    """The models that ``text`` names, each once, in its order: ``("eng", "deu")`` of ``"English, de"``.

    Languages are separated by ``+``, commas, semicolons or spaces; a name may itself hold spaces. Nothing is checked:
    a name that is no language's comes back as it is.
    """
    pieces = (piece.strip() for piece in _SEPARATORS.split(text.translate(_LIST_MARKS)))
    return tuple(dict.fromkeys(model for piece in pieces if piece for model in _models_of_piece(piece)))


def _models_of_piece(piece: str) -> Iterator[str]:
    """Models of a piece without separators but spaces: the longest names first, so that names with spaces are found."""
    words = piece.split()
    while words:
        for count in range(len(words), 0, -1):
            model = _model(" ".join(words[:count]))
            if model is not None or count == 1:
                yield model or words[0]
                words = words[count:]
                break


def _model(name: str) -> str | None:
    folded = _fold(name)
    known = _by_name()
    if folded in known:
        return known[folded]
    parts = folded.split("-")
    # en-GB is read as en is; a script decides for itself (zh-Hant).
    for length in range(len(parts) - 1, 0, -1):
        shorter = "-".join(parts[:length])
        if all(len(part) <= 3 for part in parts) and shorter in known:
            return known[shorter]
    return None


def _fold(name: str) -> str:
    """The name without differences of case, and with hyphens in tags: ``ZH_hans.UTF-8`` is ``zh-hans``."""
    return " ".join(_ENCODING.sub("", name).split()).casefold().replace("_", "-")


@cache
def languages() -> tuple[Language, ...]:
    """All languages of the table."""
    return tuple(_language(row) for row in TABLE.strip().splitlines())


def _language(row: str) -> Language:
    model, name, native, tags = (cell.strip() for cell in row.split("|"))
    return Language(model, name, native or name, tuple(tags.split()))


@cache
def _by_name() -> dict[str, str]:
    """Models by every folded name; models and tags win over names."""
    found: dict[str, str] = {}
    for language in languages():
        found[_fold(language.model)] = language.model
    for language in languages():
        for tag in language.tags:
            found.setdefault(_fold(tag), language.model)
    for language in languages():
        for name in (language.name, language.native, *language.native.split(" / ")):
            found.setdefault(_fold(name), language.model)
    return found


@cache
def _by_model() -> dict[str, Language]:
    return {language.model: language for language in languages()}


def describe(models: Iterable[str]) -> list[Language]:
    """The languages of installed models, in their order; a model that is not in the table has its own name."""
    known = _by_model()
    return [known.get(model) or Language(model, _plain_name(model), _plain_name(model), ()) for model in models]


def is_latin(models: Iterable[str]) -> bool:
    """Whether all these models read Latin letters only."""
    return all(_script(model) == "LATIN" for model in models)


@cache
def _script(model: str) -> str:
    """The script of a model, as the first word of its letters' names in Unicode: ``LATIN``, ``CYRILLIC``, ``CJK``."""
    if model.startswith(_SCRIPTS):
        return "LATIN" if model.removeprefix(_SCRIPTS) in _LATIN_SCRIPTS else model.removeprefix(_SCRIPTS).upper()
    (language,) = describe([model])
    letter = next((character for character in language.native if character.isalpha()), "a")
    return unicodedata.name(letter, "LATIN").split()[0]


def _plain_name(model: str) -> str:
    return model.removeprefix(_SCRIPTS).replace("_", " ")
