"""Parameters that a client may set: each is declared once, with its check, its description and its JSON schema.

OpenAPI, the model's metadata, forms, queries, V2 and gRPC all use the same declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.language import languages

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
_MODEL = re.compile(r"[A-Za-z0-9_]{1,64}(?:/[A-Za-z0-9_]{1,64})?\Z")
_MAX_LANGUAGES = 8
_MAX_LANG_CHARACTERS = 512
_MAX_CHARACTERS = 1000
_MAX_WORDS = 1000
_MAX_WORDS_CHARACTERS = 65_536


class Parameter(Protocol[T_co]):
    """One parameter: its name on the wire and its description."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    def read(self, value: Any) -> T_co:
        """The value that was sent, checked. Raises InvalidParameterError."""
        ...

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value, with its description."""
        ...


class Integer(Struct, frozen=True, kw_only=True):
    """A whole number from ``low`` to ``high``, also as digits."""

    name: str
    description: str
    low: int
    high: int

    def read(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise InvalidParameterError(f"{self.name} must be a whole number from {self.low} to {self.high}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high, "description": self.description}


class Share(Struct, frozen=True, kw_only=True):
    """A number from 0 to 1, also as text."""

    name: str
    description: str

    def read(self, value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise InvalidParameterError(f"{self.name} must be a number from 0 to 1, such as 0.6")
        return float(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": 1, "description": self.description}


class Choice(Struct, frozen=True, kw_only=True):
    """One of a few words."""

    name: str
    description: str
    choices: tuple[str, ...]

    def read(self, value: Any) -> str:
        if value not in self.choices:
            raise InvalidParameterError(f"{self.name} must be one of {', '.join(self.choices)}")
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices), "description": self.description}


class Text(Struct, frozen=True, kw_only=True):
    """A text that is checked where it is used; a number is accepted as its digits."""

    name: str
    description: str
    form: str
    """What to send, for the error."""
    example: str

    def read(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InvalidParameterError(f"{self.name} must be {self.form}")
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": [self.example], "description": self.description}


class Characters(Struct, frozen=True, kw_only=True):
    """A set of characters, written one after the other; white space is left out."""

    name: str
    description: str

    def read(self, value: Any) -> str:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        found = "".join(dict.fromkeys("".join(text.split())))
        if not found or len(text) > _MAX_CHARACTERS or not found.isprintable():
            raise InvalidParameterError(
                f"{self.name} must be 1 to {_MAX_CHARACTERS} characters one after the other, such as 0123456789"
            )
        return found

    def schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": _MAX_CHARACTERS,
            "examples": ["0123456789"],
            "description": self.description,
        }


class WordList(Struct, frozen=True, kw_only=True):
    """Words or patterns of words, divided by ``separator`` or as a list; each matches ``word``."""

    name: str
    description: str
    example: str
    kind: str = "words"
    separator: re.Pattern[str] = re.compile(r"[\s,;]+")
    word: re.Pattern[str] = re.compile(r".{1,64}")

    def read(self, value: Any) -> tuple[str, ...]:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str) and len(part) <= _MAX_WORDS_CHARACTERS for part in parts[: _MAX_WORDS + 1]):
            parts = []
        found = tuple(dict.fromkeys(word for part in parts for word in self.separator.split(part) if word))
        if not 0 < len(found) <= _MAX_WORDS or not all(
            self.word.fullmatch(word) and word.isprintable() for word in found
        ):
            raise InvalidParameterError(
                f"{self.name} must be 1 to {_MAX_WORDS} {self.kind} of at most 64 characters, such as {self.example}"
            )
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": [self.example], "description": self.description}


class Languages(Struct, frozen=True, kw_only=True):
    """Languages as people name them, read as Tesseract models joined by ``+``."""

    name: str
    description: str

    def read(self, value: Any) -> str:
        text = "+".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
        if isinstance(text, str) and len(text) <= _MAX_LANG_CHARACTERS:
            models = languages.models_of(text)
            if 0 < len(models) <= _MAX_LANGUAGES and all(_MODEL.match(model) for model in models):
                return "+".join(models)
        raise InvalidParameterError(
            f"{self.name} must name 1 to {_MAX_LANGUAGES} languages, for example eng, en or English; "
            "join several by '+', as in eng+deu"
        )

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": ["eng", "en", "English, Deutsch"], "description": self.description}


LANG: Final = Languages(
    name=names.LANG,
    description="Languages of the text, by code or name, several joined by `+`, `,` or a space or given repeatedly; "
    "`auto` finds the language of each page. It may also be called `language`.",
)
PSM: Final = Integer(name=names.PSM, description="Page segmentation mode of Tesseract; 3 if not given.", low=0, high=13)
OEM: Final = Integer(
    name=names.OEM, description="Engine mode of Tesseract that the models allow; 1 if not given.", low=0, high=3
)
DPI: Final = Integer(name=names.DPI, description="Resolution of the page, pixels per inch.", low=70, high=2400)
WHITELIST: Final = Characters(
    name=names.WHITELIST,
    description="The only characters that may be recognized. Others are replaced by the likeliest of these, and left "
    "out where none is likely.",
)
BLACKLIST: Final = Characters(
    name=names.BLACKLIST, description="Characters that are not recognized but replaced by others or left out."
)
ALTERNATIVES: Final = Integer(
    name=names.ALTERNATIVES, description="Largest number of other readings of each word in `words`.", low=0, high=10
)
USER_WORDS: Final = WordList(
    name=names.USER_WORDS,
    description="Words that the text may contain and no dictionary has, such as names; they are preferred where the "
    "image leaves a choice.",
    example="Kubernetes,Knative",
)
PATTERNS: Final = WordList(
    name=names.PATTERNS,
    description="Forms of words, such as numbers of invoices, divided by spaces; words of such a form are preferred "
    "where the image leaves a choice. `\\d` is a digit, `\\c` a letter, `\\A` a capital, `\\a` a small letter, `\\n` a "
    "letter or digit, `\\p` a punctuation mark; `\\*` means any number of the sign before it; others mean themselves.",
    kind="forms of words",
    example=r"RE-\d\d\d\d \A\A\d\*",
    separator=re.compile(r"\s+"),
    word=re.compile(r"(?=.{1,64}\Z)(?:(?:\\[cdnpaA\\]|[^\\])(?:\\\*)?)+"),
)
ENGINE_PARAMETERS: Final[tuple[Parameter[Any], ...]] = (
    LANG,
    PSM,
    OEM,
    DPI,
    WHITELIST,
    BLACKLIST,
    ALTERNATIVES,
    USER_WORDS,
    PATTERNS,
)
"""Parameters of both services: how Tesseract recognizes a page; fields of :class:`RecognitionOptions`, by name."""


class RecognitionOptions(Struct, frozen=True):
    """How Tesseract recognizes a page.

    ``lang`` is one model or several joined by ``+``; ``psm`` is the page segmentation mode, 0-13; ``oem`` the
    engine mode, 0-3; ``dpi`` a resolution hint, 70-2400, or None to let Tesseract estimate it. ``whitelist`` are the
    only characters allowed, ``blacklist`` those that are not, empty for any; ``alternatives`` is the largest number of
    other readings of a word; ``words`` are added to the dictionary, and so are the words of the forms in ``patterns``.
    """

    lang: str = "eng"
    psm: int = 3
    oem: int = 1
    dpi: int | None = None
    whitelist: str = ""
    blacklist: str = ""
    alternatives: int = 0
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    dark_ink: bool = False
    """Whether all text is known to be darker than its ground; otherwise lines read poorly are tried inverted."""

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.lang.split("+"))

    @property
    def needs_choices(self) -> bool:
        """Whether the engine's second choices of characters are needed."""
        return bool(self.whitelist or self.blacklist or self.alternatives)


def check_known(values: Mapping[str, Any], declared: Iterable[Parameter[Any]]) -> None:
    """Raise InvalidParameterError for a name that is neither declared nor one that clients send to every server."""
    known = [parameter.name for parameter in declared]
    for name in values:
        if name not in known and name not in names.PASSED_PARAMETERS:
            raise InvalidParameterError(f"unknown parameter '{name}'; use one of {', '.join(sorted(known))}")


def given(values: Mapping[str, Any], parameter: Parameter[T_co], default: T) -> T_co | T:
    """The parameter's value, ``default`` if it is absent or null. Raises InvalidParameterError."""
    value = values.get(parameter.name)
    return default if value is None else parameter.read(value)


def recognition_options(values: Mapping[str, Any], *, defaults: RecognitionOptions) -> RecognitionOptions:
    """The engine's parameters among ``values``, others ignored. Raises InvalidParameterError."""
    sent = {parameter.name: given(values, parameter, None) for parameter in ENGINE_PARAMETERS}
    return replace(defaults, **{name: value for name, value in sent.items() if value is not None})


def schemas(declared: Sequence[Parameter[Any]]) -> dict[str, dict[str, Any]]:
    """JSON schemas by name, for OpenAPI and the model's metadata."""
    return {parameter.name: parameter.schema() for parameter in declared}
