"""Scripts as Tesseract's OSD names them, and the models that read them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

AUTO: Final = "auto"
"""Value of ``lang`` that has the language found."""
ENGLISH: Final = "eng"
MODELS: Final[dict[str, tuple[str, ...]]] = {
    "Latin": (ENGLISH,),
    "Fraktur": ("frk", "deu"),
    "Vietnamese": ("vie",),
    "Cyrillic": ("rus", "ukr", "bul", "srp", "bel", "mkd"),
    "Greek": ("ell",),
    "Hebrew": ("heb",),
    "Arabic": ("ara", "fas", "urd"),
    "Devanagari": ("hin", "mar", "nep"),
    "Bengali": ("ben", "asm"),
    "Gujarati": ("guj",),
    "Gurmukhi": ("pan",),
    "Kannada": ("kan",),
    "Malayalam": ("mal",),
    "Oriya": ("ori",),
    "Sinhala": ("sin",),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Thai": ("tha",),
    "Lao": ("lao",),
    "Khmer": ("khm",),
    "Myanmar": ("mya",),
    "Tibetan": ("bod",),
    "Georgian": ("kat",),
    "Armenian": ("hye",),
    "Ethiopic": ("amh",),
    "Han": ("chi_sim", "chi_tra"),
    "Japanese": ("jpn",),
    "Korean": ("kor",),
    "Hangul": ("kor",),
}
"""The models to read a page of each script with first, the most widely used language in front."""
RELATED: Final[dict[str, tuple[str, ...]]] = {
    "Han": ("Japanese", "Korean"),
    "Japanese": ("Han", "Korean"),
    "Korean": ("Han", "Japanese"),
    "Cyrillic": ("Latin",),
    "Greek": ("Latin",),
}
"""Scripts that OSD confuses with a script, besides Latin."""
COMMON: Final = ("Cyrillic", "Greek", "Hebrew", "Arabic", "Devanagari", "Thai", "Han", "Japanese", "Korean")
"""Scripts to try where OSD sees none and English reads poorly."""


def first_model(script: str, installed: Collection[str]) -> str | None:
    """The installed model that a page of the script is read with first; None if there is none."""
    return next((model for model in MODELS.get(script, ()) if model in installed), None)


def package(model: str) -> str:
    """Debian's package of a model."""
    return f"tesseract-ocr-{model.replace('_', '-')}"
