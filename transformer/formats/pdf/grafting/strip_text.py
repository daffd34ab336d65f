"""Takes the invisible text of an earlier recognition out of pages; everything visible stays."""

from __future__ import annotations

from typing import Any, Final

import pikepdf
from pikepdf import Dictionary, Name, Object, Operator, Pdf, Stream

from transformer.formats.pdf.text_layer.compression import compress

_INVISIBLE: Final = 3
_MAX_DEPTH: Final = 4
"""Of forms inside forms."""
_SHOWS: Final = frozenset({"Tj", "TJ", "'", '"'})
_STATE: Final = frozenset({"Tc", "Tw", "Tz", "TL", "Tf", "Tr", "Ts", "gs"})
"""Operators of a text object whose effect lasts beyond it."""
_MARKS: Final = frozenset({"BMC", "BDC", "EMC", "MP", "DP"})

Instruction = tuple[list[Any], Operator]


def strip_invisible_text(pdf: Pdf, page: Object) -> bool:
    """Remove text objects that show nothing visible from a page and its forms; returns whether there were any."""
    stripped = _strip_forms(page.get("/Resources"), _MAX_DEPTH)
    instructions = _instructions(page)
    kept, fonts = _without_invisible(instructions)
    if fonts is None:
        return stripped
    data = pikepdf.unparse_content_stream(kept)
    page.Contents = pdf.make_stream(compress(data), Filter=Name.FlateDecode)
    _drop_fonts(page.get("/Resources"), fonts - _used_fonts(kept))
    return True


def _instructions(source: Object) -> list[Instruction]:
    return [(list(item.operands), item.operator) for item in pikepdf.parse_content_stream(source)]


def _name(operator: Operator) -> str:
    """The operator; empty for bytes that are none."""
    try:
        return str(operator)
    except UnicodeDecodeError:
        return ""


def _strip_forms(resources: Object | None, depth: int) -> bool:
    forms = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    if not isinstance(forms, Dictionary) or not depth:
        return False
    stripped = False
    for form in forms.values():
        if not isinstance(form, Stream) or form.get("/Subtype") != Name.Form:
            continue
        stripped |= _strip_forms(form.get("/Resources"), depth - 1)
        kept, fonts = _without_invisible(_instructions(form))
        if fonts is not None:
            form.write(pikepdf.unparse_content_stream(kept))
            _drop_fonts(form.get("/Resources"), fonts - _used_fonts(kept))
            stripped = True
    return stripped


def _without_invisible(instructions: list[Instruction]) -> tuple[list[Instruction], set[str] | None]:
    """The instructions without invisible text objects, and the fonts of these; None if there are none."""
    kept: list[Instruction] = []
    fonts: set[str] | None = None
    mode, saved = 0, [0]
    start: int | None = None
    shows = visible = False
    for operands, operator in instructions:
        name = _name(operator)
        if name == "q":
            saved.append(mode)
        elif name == "Q" and len(saved) > 1:
            mode = saved.pop()
        elif name == "Tr":
            mode = int(operands[0])
        elif name == "BT":
            start, shows, visible = len(kept), False, False
        elif name in _SHOWS:
            shows = True
            visible = visible or mode != _INVISIBLE
        kept.append((operands, operator))
        if name == "ET" and start is not None and shows and not visible:
            text = kept[start:]
            fonts = (fonts or set()) | _used_fonts(text)
            kept[start:] = _state(text)
            start = None
    return kept, fonts


def _state(text: list[Instruction]) -> list[Instruction]:
    """What a text object leaves behind: the last value of each part of the text state, and its marks."""
    last = {_name(operator): index for index, (_, operator) in enumerate(text) if _name(operator) in _STATE}
    return [
        (operands, operator)
        for index, (operands, operator) in enumerate(text)
        if _name(operator) in _MARKS or last.get(_name(operator)) == index
    ]


def _used_fonts(instructions: list[Instruction]) -> set[str]:
    """Names of the fonts that text is shown in."""
    used: set[str] = set()
    current = ""
    for operands, operator in instructions:
        if _name(operator) == "Tf":
            current = str(operands[0])
        elif _name(operator) in _SHOWS and current:
            used.add(current)
    return used


def _drop_fonts(resources: Object | None, names: set[str]) -> None:
    fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
    if isinstance(fonts, Dictionary) and not fonts.is_indirect:
        for name in names & set(fonts.keys()):
            del fonts[name]
