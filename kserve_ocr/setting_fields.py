"""The fields of a settings class: the variable of each, what it takes, and how its text is read.

A settings class is a ``msgspec.Struct`` whose fields are ``Annotated[TYPE, msgspec.Meta(...)]``: bounds, lengths, a
pattern and a description, and in ``extra`` what else :class:`SettingField` names.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Literal, get_args, get_origin

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import fields

PREFIX: Final = "OCR_"
OLD: Final = "old"
"""In ``extra``: the name of the field in the last release, whose variable is accepted as well."""
CONVERT: Final = "convert"
"""In ``extra``: makes the value of a text that has passed the other checks. Raises ValueError with a message."""
_BOOLEANS: Final = {
    **dict.fromkeys(("1", "t", "true", "y", "yes", "on"), True),
    **dict.fromkeys(("0", "f", "false", "n", "no", "off"), False),
}
_BOUNDS: Final = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


class SettingField(Struct, frozen=True):
    """One field."""

    name: str
    annotated: Any
    """Its type and Meta: ``bool``, ``int``, ``float``, ``str`` or a Literal of texts."""
    default: Any

    @property
    def type(self) -> Any:
        """Its type alone."""
        return get_args(self.annotated)[0]

    @property
    def meta(self) -> Meta:
        """Its bounds and description."""
        meta: Meta = get_args(self.annotated)[1]
        return meta

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def old_variable(self) -> str:
        """The variable of the last release, if it had another name."""
        old = (self.meta.extra or {}).get(OLD, "")
        return PREFIX + str(old).upper() if old else ""

    @property
    def description(self) -> str:
        """What the setting is for, as a sentence."""
        return self.meta.description or ""

    def read(self, text: str) -> Any:
        """The value of a variable's text. Raises ValueError, which says what the variable takes."""
        try:
            value = self._parse(text)
        except (KeyError, ValidationError):
            raise ValueError(f"takes {self.takes()}") from None
        own: Callable[[str], Any] | None = (self.meta.extra or {}).get(CONVERT)
        return value if own is None else own(value)

    def _parse(self, text: str) -> Any:
        if self.type is bool:
            return _BOOLEANS[text.strip().lower()]
        if self.type in (int, float):
            value = convert(text.strip(), self.annotated, strict=False)
            if not math.isfinite(value):
                raise ValidationError
            return value
        return convert(text, self.annotated)

    def takes(self) -> str:
        """What values it takes, in words, such as ``a whole number, 0 to 600``."""
        if self.type is bool:
            return "true or false"
        if get_origin(self.type) is Literal:
            return f"one of {', '.join(get_args(self.type))}"
        if self.type is str:
            return self._takes_text()
        bounds = {side: getattr(self.meta, side) for side in _BOUNDS if getattr(self.meta, side) is not None}
        kind = "a whole number" if self.type is int else "a number"
        if {"ge", "le"} <= bounds.keys():
            return f"{kind}, {number(bounds['ge'])} to {number(bounds['le'])}"
        return ", ".join([kind, *(_BOUNDS[side].format(number(value)) for side, value in bounds.items())])

    def _takes_text(self) -> str:
        least, most = self.meta.min_length or 0, self.meta.max_length
        length = f" of {least} to {most} characters" if least else f" of at most {most} characters" if most else ""
        pattern = f" that matches {self.meta.pattern}" if self.meta.pattern else ""
        return f"text{length}{pattern}"


def setting_fields(settings_class: type[Struct]) -> dict[str, SettingField]:
    """The fields of a settings class by name."""
    return {field.name: SettingField(field.name, field.type, field.default) for field in fields(settings_class)}


def number(value: Any) -> str:
    """A number as it would be typed: ``60``, not ``60.0``."""
    return f"{value:g}" if isinstance(value, float) else str(value)
