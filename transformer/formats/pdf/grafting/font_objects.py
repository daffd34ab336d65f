"""The font of a text layer as objects of a PDF."""

from __future__ import annotations

from typing import Any, Final

from pikepdf import Array, Dictionary, Name, Object, Pdf

from transformer.formats.pdf.text_layer import glyphless_font
from transformer.formats.pdf.text_layer.compression import compress
from transformer.formats.pdf.text_layer.font_program import UNITS_PER_EM
from transformer.formats.pdf.text_layer.glyphless_font import Face, GlyphlessFont

_NAME: Final = Name(f"/{glyphless_font.NAME}")


def write_font(pdf: Pdf, font: GlyphlessFont) -> tuple[dict[str, Object], list[Object]]:
    """The font as objects of ``pdf``: its faces by resource name, and every object added.

    A simple font if its codes have one byte, else a Type 0 font (ISO 32000-1, 9.6.3 and 9.7).
    """
    program = font.program()
    file = _compressed(pdf, program, Length1=len(program))
    to_unicode = _compressed(pdf, font.to_unicode())
    added: list[Object] = [file, to_unicode]
    if font.is_wide:
        mapped = _compressed(pdf, b"".join(gid.to_bytes(2) for gid in (0, *font.glyphs())))
        widths = pdf.make_indirect(Array([part for code, run in font.widths() for part in (code, Array(run))]))
        system = pdf.make_indirect(Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0))
        shared: dict[str, Any] = {"CIDToGIDMap": mapped, "W": widths, "CIDSystemInfo": system}
        added += [mapped, widths, system]
    else:
        widths = pdf.make_indirect(Array(font.advances()))
        shared = {"Widths": widths, "LastChar": len(font.advances())}
        added.append(widths)
    faces: dict[str, Object] = {}
    for name, face in font.faces.items():
        descriptor: Object = pdf.make_indirect(_descriptor(face, file))
        kind = _type_0(descriptor, shared) if font.is_wide else _simple(descriptor, shared)
        faces[name] = pdf.make_indirect(Dictionary(Type=Name.Font, BaseFont=_NAME, ToUnicode=to_unicode, **kind))
        added += [descriptor, faces[name]]
    return faces, added


def _compressed(pdf: Pdf, data: bytes, **entries: int) -> Object:
    return pdf.make_stream(compress(data), Filter=Name.FlateDecode, **entries)


def _descriptor(face: Face, file: Object) -> Dictionary:
    ascent, descent = glyphless_font.vertical_extent(face)
    return Dictionary(
        Type=Name.FontDescriptor,
        FontName=_NAME,
        Flags=glyphless_font.FLAGS,
        FontBBox=Array([0, descent, UNITS_PER_EM, ascent]),
        Ascent=ascent,
        Descent=descent,
        ItalicAngle=0,
        StemV=80,
        FontFile2=file,
    )


def _simple(descriptor: Object, shared: dict[str, Any]) -> dict[str, Any]:
    return {"Subtype": Name.TrueType, "FirstChar": 1, "FontDescriptor": descriptor, **shared}


def _type_0(descriptor: Object, shared: dict[str, Any]) -> dict[str, Any]:
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=_NAME,
        DW=glyphless_font.DEFAULT_ADVANCE,
        FontDescriptor=descriptor,
        **shared,
    )
    return {"Subtype": Name.Type0, "Encoding": Name("/Identity-H"), "DescendantFonts": Array([descendant])}
