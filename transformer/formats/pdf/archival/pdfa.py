"""A finished PDF made into PDF/A: what is missing is added, what is not allowed and shows nothing is removed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from html import escape
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Pdf, Stream, String
from pikepdf.models.metadata import decode_pdf_date

from kserve_ocr.protocol.errors import NotArchivableError
from transformer.formats.pdf.archival.obstacles import Part, every_dictionary, find_obstacle
from transformer.formats.pdf.archival.srgb import srgb_profile

_VERSIONS: Final[dict[Part, str]] = {1: "1.4", 2: "1.7", 3: "1.7"}
_ACTIONS: Final = frozenset(
    {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/SetOCGState", "/Rendition",
     "/Trans", "/GoTo3DView"}
)  # fmt: skip
"""Actions that ISO 19005-2, 6.5.1 forbids."""
_REDRAW: Final = "; send existing=force to have its pages drawn again"
_HIDING: Final = 0b100011
"""Bits of an annotation's flags: invisible, hidden, not viewed (ISO 32000-1, table 165)."""
_PRINTED: Final = 0b100
_INFO: Final = {
    "/Title": '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:title>',
    "/Author": "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>",
    "/Subject": '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description>',
    "/Keywords": "<pdf:Keywords>{}</pdf:Keywords>",
    "/Creator": "<xmp:CreatorTool>{}</xmp:CreatorTool>",
    "/Producer": "<pdf:Producer>{}</pdf:Producer>",
}
"""Entries of the document information and the properties that have to say the same (ISO 19005-1, 6.7.3)."""
_DATES: Final = {"/CreationDate": "xmp:CreateDate", "/ModDate": "xmp:ModifyDate"}


def to_pdfa(data: bytes, part: Part, *, redrawn: bool = False) -> tuple[bytes, tuple[str, ...]]:
    """The document as PDF/A of level B, and what its recipient should know.

    ``redrawn`` says that its pages have been drawn again, which no message then recommends.

    Raises NotArchivableError for a document that can only become PDF/A by being drawn again.
    """
    with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
        if pdf.is_encrypted:
            raise _impossible(part, "it is encrypted; save it without a password and send that")
        if obstacle := find_obstacle(pdf, part):
            helps = obstacle.in_content and not redrawn
            raise _impossible(part, obstacle.reason + (_REDRAW if helps else ""))
        removed = _remove_actions(pdf)
        for found in list(every_dictionary(pdf)):
            _repair(found)
        _prepare_catalog(pdf, part)
        pdf.Root.Metadata = pdf.make_stream(_metadata(pdf, part), Type=Name.Metadata, Subtype=Name.XML)
        profile = pdf.make_stream(zlib.compress(srgb_profile(), 9), N=3, Filter=Name.FlateDecode)
        pdf.Root.OutputIntents = Array(
            [
                Dictionary(
                    Type=Name.OutputIntent,
                    S=Name.GTS_PDFA1,
                    OutputConditionIdentifier=String("sRGB"),
                    Info=String("sRGB"),
                    DestOutputProfile=profile,
                )
            ]
        )
        out = io.BytesIO()
        pdf.save(
            out,
            force_version=_VERSIONS[part],
            object_stream_mode=ObjectStreamMode.disable if part == 1 else ObjectStreamMode.generate,
            compress_streams=False,
            fix_metadata_version=False,
            deterministic_id=True,
        )
    return out.getvalue(), ("scripts and other actions were removed, which PDF/A does not allow",) if removed else ()


def _impossible(part: Part, reason: str) -> NotArchivableError:
    return NotArchivableError(f"the document cannot become PDF/A-{part}b: {reason}")


def _remove_actions(pdf: Pdf) -> bool:
    """Remove what would run, start or play something; returns whether there was anything."""
    removed = False
    names = pdf.Root.get("/Names")
    if isinstance(names, Dictionary) and "/JavaScript" in names:
        del names["/JavaScript"]
        removed = True
    for holder in [pdf.Root, *every_dictionary(pdf)]:
        if "/AA" in holder:
            del holder["/AA"]
            removed = True
        for key in ("/OpenAction", "/A"):
            action = holder.get(key)
            if isinstance(action, Dictionary) and str(action.get("/S")) in _ACTIONS:
                del holder[key]
                removed = True
    return removed


def _repair(found: Object) -> None:
    """Entries of one object that PDF/A wants otherwise and that change nothing of what is seen."""
    if isinstance(found, Stream):
        for key in ("/Interpolate", "/Alternates", "/OPI"):
            if key in found and found.get("/Subtype") == Name.Image:
                del found[key]
        if "LZW" in str(found.get("/Filter")):
            found.write(zlib.compress(found.read_bytes(), 9), filter=Name.FlateDecode)
    else:
        if "/Rect" in found and "/Subtype" in found and found.Subtype != Name.Popup:
            found.F = (int(found.get("/F", 0)) | _PRINTED) & ~_HIDING
        for key in ("/TR", "/HTP"):
            if found.get("/Type") == Name.ExtGState and key in found:
                del found[key]
        if found.get("/Type") == Name.Filespec and "/EF" in found:
            _describe_file(found)


def _describe_file(file: Object) -> None:
    """An attached file says what it is and what it is for (ISO 19005-3, 6.8)."""
    if "/AFRelationship" not in file:
        file.AFRelationship = Name.Unspecified
    file.UF = file.get("/UF", file.get("/F", String("file")))
    file.F = file.get("/F", file.UF)
    for embedded in file.EF.as_dict().values():
        if isinstance(embedded, Stream) and "/Subtype" not in embedded:
            embedded.Subtype = Name("/application/octet-stream")


def _prepare_catalog(pdf: Pdf, part: Part) -> None:
    root = pdf.Root
    for key in ("/Requirements", "/NeedsRendering", "/Perms"):
        if key in root:
            del root[key]
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/NeedAppearances" in form:
        del form["/NeedAppearances"]
    if part == 3 and (files := list(_attached(pdf))):
        root.AF = Array(files)
    layers = root.get("/OCProperties")
    if isinstance(layers, Dictionary):
        for number, view in enumerate([layers.get("/D"), *layers.get("/Configs", [])]):
            if isinstance(view, Dictionary):
                view.Name = view.get("/Name", String(f"View {number}"))
                if "/AS" in view:
                    del view["/AS"]


def _attached(pdf: Pdf) -> Iterator[Object]:
    return (
        found
        for found in pdf.objects
        if isinstance(found, Dictionary) and found.get("/Type") == Name.Filespec and "/EF" in found
    )


def _metadata(pdf: Pdf, part: Part) -> bytes:
    """XMP that says the same as the document information, and the part of PDF/A."""
    info = pdf.docinfo
    properties = [f"<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"]
    for key, form in _INFO.items():
        if key in info:
            properties.append(form.format(escape(_text(info, key), quote=False)))
    for key, name in _DATES.items():
        if key in info:
            date = _date(str(info[key]))
            properties.append(f"<{name}>{date}</{name}>" if date else "")
            if not date:
                del info[key]
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        + "".join(properties)
        + '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def _text(info: Object, key: str) -> str:
    """An entry as text, without characters that XML cannot hold; the entry is made the same."""
    value = str(info[key])
    text = "".join(char for char in value if char >= " " or char in "\t\n")
    if text != value:
        info[key] = String(text)
    return text


def _date(value: str) -> str:
    """A PDF date in XMP's form; empty for one that makes no sense."""
    try:
        return decode_pdf_date(value).isoformat()
    except (ValueError, AttributeError):
        return ""
