"""The table of settings in docs/configuration.md: ``python -m tools.generate.configuration_table [--check]``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from kserve_ocr.setting_fields import SettingField, number, setting_fields
from predictor.settings import PredictorSettings
from transformer.settings import TransformerSettings

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
BEGIN: Final = "<!-- configuration:begin -->"
END: Final = "<!-- configuration:end -->"


class MarkersMissingError(ValueError):
    """The document has no place for the table."""


def table() -> str:
    """Markdown: the settings that both services have alike, then those of each."""
    transformer, predictor = setting_fields(TransformerSettings), setting_fields(PredictorSettings)
    shared = {name: field for name, field in transformer.items() if _same(field, predictor.get(name))}
    groups: dict[str, Mapping[str, SettingField]] = {
        "Both services": shared,
        "Transformer": {name: field for name, field in transformer.items() if name not in shared},
        "Predictor": {name: field for name, field in predictor.items() if name not in shared},
    }
    return "\n\n".join(f"**{title}**\n\n{_rows(fields)}" for title, fields in groups.items())


def _same(one: SettingField, other: SettingField | None) -> bool:
    return other is not None and (one.default, one.description, _takes(one)) == (
        other.default,
        other.description,
        _takes(other),
    )


def _rows(fields: Mapping[str, SettingField]) -> str:
    rows = [
        f"| `{field.variable}` | {_default(field.default)} | {_takes(field)} | {field.description} |"
        for _, field in sorted(fields.items())
    ]
    return "\n".join(["| Variable | Default | Takes | What it is |", "|---|---|---|---|", *rows])


def _default(value: Any) -> str:
    if value == "":
        return "empty"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{number(value)}`"


def _takes(field: SettingField) -> str:
    """What a setting takes, its words as code; descriptions explain the other texts."""
    if field.type is bool:
        return "`true`, `false`"
    if get_origin(field.type) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.type))
    return "text" if field.type is str else field.takes().removeprefix("a ")


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
