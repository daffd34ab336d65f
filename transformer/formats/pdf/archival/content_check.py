"""What PDF/A does not allow in the content of pages and forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pikepdf
from pikepdf import Dictionary, Name, Object, Pdf, Stream

_OPERATORS: Final = frozenset(
    {"b", "B", "b*", "B*", "BDC", "BI", "BMC", "BT", "BX", "c", "cm", "CS", "cs", "d", "d0", "d1", "Do", "DP", "EI",
     "EMC", "ET", "EX", "f", "F", "f*", "G", "g", "gs", "h", "i", "ID", "j", "J", "K", "k", "l", "m", "M", "MP", "n",
     "q", "Q", "re", "RG", "rg", "ri", "s", "S", "SC", "sc", "SCN", "scn", "sh", "T*", "Tc", "Td", "TD", "Tf", "Tj",
     "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz", "v", "w", "W", "W*", "y", "'", '"', "INLINE IMAGE"}
)  # fmt: skip
"""Of ISO 32000-1, annex A; an image in the content counts as one."""
_CMYK: Final = frozenset({"K", "k"})
_LARGEST: Final = 2**31 - 1
_DEEPEST: Final = 28
"""Of saved graphics states (ISO 32000-1, annex C)."""
_NO_MORE: Final = "a page of it has operators that no reader knows"


def find_in_content(pdf: Pdf) -> str:
    """What keeps the pages and forms of a document from PDF/A, for a sentence; empty if nothing does."""
    for content, resources in _contents(pdf):
        fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
        try:
            instructions: Any = pikepdf.parse_content_stream(content)
            reason = _of_instructions(instructions, fonts)
        except (pikepdf.PdfError, RuntimeError, ValueError, TypeError):
            reason = _NO_MORE
        if reason:
            return reason
    return ""


def _contents(pdf: Pdf) -> Iterator[tuple[Object, Object | None]]:
    for page in pdf.pages:
        yield page.obj, page.obj.get("/Resources")
    for found in pdf.objects:
        if isinstance(found, Stream) and found.get("/Subtype") == Name.Form:
            yield found, found.get("/Resources")


def _of_instructions(instructions: Any, fonts: Object | None) -> str:
    depth = 0
    for instruction in instructions:
        name = _name(instruction.operator)
        depth += (name == "q") - (name == "Q")
        if name not in _OPERATORS or not 0 <= depth <= _DEEPEST:
            return _NO_MORE
        if name in _CMYK or (name in ("CS", "cs") and instruction.operands[0] == Name.DeviceCMYK):
            return "it has colors in CMYK without a profile"
        if name == "Tf" and (not isinstance(fonts, Dictionary) or str(instruction.operands[0]) not in fonts):
            return "a page of it names a font that is not there"
        if any(isinstance(operand, int) and abs(operand) > _LARGEST for operand in instruction.operands):
            return "a page of it has numbers that are too large"
    return ""


def _name(operator: Any) -> str:
    """The operator; empty for bytes that are none."""
    try:
        return str(operator)
    except UnicodeDecodeError:
        return ""
