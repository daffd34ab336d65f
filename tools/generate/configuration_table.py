"""The table of settings in docs/configuration.md: ``python -m tools.generate.configuration_table [--check]``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from kserve_ocr.settings import PREFIX
from predictor.settings import PredictorSettings
from transformer.settings import TransformerSettings

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
BEGIN: Final = "<!-- configuration:begin -->"
END: Final = "<!-- configuration:end -->"

_BOUNDS: Final = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


class MarkersMissingError(ValueError):
    """The document has no place for the table."""


def table() -> str:
    """Markdown: the settings that both services have alike, then those of each."""
    transformer, predictor = TransformerSettings.model_fields, PredictorSettings.model_fields
    shared = {name: field for name, field in transformer.items() if _same(field, predictor.get(name))}
    groups: dict[str, Mapping[str, FieldInfo]] = {
        "Both services": shared,
        "Transformer": {name: field for name, field in transformer.items() if name not in shared},
        "Predictor": {name: field for name, field in predictor.items() if name not in shared},
    }
    return "\n\n".join(f"**{title}**\n\n{_rows(fields)}" for title, fields in groups.items())


def _same(one: FieldInfo, other: FieldInfo | None) -> bool:
    return other is not None and (one.default, one.description, _takes(one)) == (
        other.default,
        other.description,
        _takes(other),
    )


def _rows(fields: Mapping[str, FieldInfo]) -> str:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {_takes(field)} | {field.description} |"
        for name, field in sorted(fields.items())
    ]
    return "\n".join(["| Variable | Default | Takes | What it is |", "|---|---|---|---|", *rows])


def _default(value: Any) -> str:
    if value == "":
        return "empty"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{_number(value)}`"


def _number(value: Any) -> str:
    """A number as it would be typed: ``60``, not ``60.0``."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _takes(field: FieldInfo) -> str:
    if field.annotation is bool:
        return "`true`, `false`"
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    if field.annotation is str:
        return next(_words(field), "text")
    kind = "whole number" if field.annotation is int else "number"
    bounds = {side: value for side in _BOUNDS for value in _bound(field, side)}
    if {"ge", "le"} <= bounds.keys():
        return f"{kind}, {_number(bounds['ge'])} to {_number(bounds['le'])}"
    return ", ".join([kind, *(_BOUNDS[side].format(_number(value)) for side, value in bounds.items())])


def _bound(field: FieldInfo, side: str) -> Iterator[float]:
    for constraint in field.metadata:
        value = getattr(constraint, side, None)
        if value is not None:
            yield value


def _words(field: FieldInfo) -> Iterator[str]:
    """The words that a pattern such as ``^(debug|info)$`` lets through; descriptions explain other patterns."""
    for constraint in field.metadata:
        pattern = str(getattr(constraint, "pattern", None) or "")
        if re.fullmatch(r"\^\(\w+(\|\w+)*\)\$", pattern):
            yield ", ".join(f"`{word}`" for word in re.findall(r"\w+", pattern))


def update(text: str) -> str:
    """The text with the table between its markers. Raises MarkersMissingError."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarkersMissingError(f"the text needs the lines {BEGIN} and {END} where the table is to stand")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: list[str], path: Path = DOCUMENT) -> int:
    """Write the table, or with ``--check`` only say whether it is current; the exit status."""
    old = path.read_text()
    new = update(old)
    if arguments == ["--check"]:
        if new != old:
            sys.stderr.write(f"{path.name} has an outdated table of settings; run make configuration\n")
        return int(new != old)
    if new != old:
        path.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
