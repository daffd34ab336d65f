"""The structure tree of a PDF: its elements as objects, and which marked content of which page is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from transformer.formats.pdf.tagging.elements import Element

ARTIFACT: Final = (b"/Artifact BMC", b"EMC")
"""Around what a page shows besides its text, which is in the text layer."""


class StructureTree:
    """A structure tree for a document that has none (ISO 32000-1, 14.7)."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._document: Object = pdf.make_indirect(Dictionary(S=Name.Document))
        self._kids: list[Object] = []
        self._parents: list[Any] = []
        """Keys of pages with their elements, by the number of their marked content."""
        self._added: list[Object] = []
        self._pages = 0

    def add(self, page: Object, elements: Sequence[Element], marked: Sequence[int]) -> None:
        """Tag a page. ``marked`` says which of its leaves each marked content is in, by number of the content."""
        contents: dict[int, list[int]] = {}
        for number, leaf in enumerate(marked):
            contents.setdefault(leaf, []).append(number)
        leaves: list[Object] = []
        self._kids += [self._element(element, self._document, page, contents, leaves) for element in elements]
        page.StructParents = self._pages
        page.Tabs = Name.S
        self._parents += [self._pages, Array([leaves[leaf] for leaf in marked])]
        self._pages += 1

    def finish(self) -> list[Object]:
        """Put the tree into the document; every object that was changed or added.

        The document counts as tagged if all its pages are.
        """
        root: Object = self._pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=self._document))
        parents: Object = self._pdf.make_indirect(Dictionary(Nums=Array(self._parents)))
        self._document.P = root
        self._document.K = Array(self._kids)
        root.ParentTree = parents
        root.ParentTreeNextKey = self._pages
        self._pdf.Root.StructTreeRoot = root
        if self.is_complete:
            self._pdf.Root.MarkInfo = Dictionary(Marked=True)
        return [self._pdf.Root, root, parents, self._document, *self._added]

    @property
    def is_complete(self) -> bool:
        """Whether all pages are tagged."""
        return self._pages == len(self._pdf.pages)

    def _element(
        self, element: Element, parent: Object, page: Object, contents: dict[int, list[int]], leaves: list[Object]
    ) -> Object:
        made: Object = self._pdf.make_indirect(Dictionary(S=Name(f"/{element.tag}"), P=parent))
        self._added.append(made)
        if element.spans:
            numbers = contents.get(len(leaves), [])
            leaves.append(made)
            made.Pg = page
            made.K = numbers[0] if len(numbers) == 1 else Array(numbers)
        else:
            made.K = Array([self._element(child, made, page, contents, leaves) for child in element.children])
        if element.row_span > 1 or element.column_span > 1:
            made.A = Dictionary(O=Name.Table, RowSpan=element.row_span, ColSpan=element.column_span)
        return made


def has_tags(pdf: Pdf) -> bool:
    """Whether a document has a structure tree of its own."""
    return isinstance(pdf.Root.get("/StructTreeRoot"), pikepdf.Dictionary)
