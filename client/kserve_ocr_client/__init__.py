"""Client for the OCR service kserve-ocr.

>>> from kserve_ocr_client import Client
>>> with Client("http://localhost:8001") as client:
...     print(client.read("scan.png", lang="eng").text)
"""

from __future__ import annotations

from kserve_ocr_client.client import AsyncClient, Client
from kserve_ocr_client.doctor import Check
from kserve_ocr_client.errors import InvalidResponseError, OcrClientError, ServiceError, UnreachableError
from kserve_ocr_client.options import ReadOptions
from kserve_ocr_client.results import Document, Language, Line, Page, Table, TableCell, Word
from kserve_ocr_client.retry import Retry
from kserve_ocr_client.version import VERSION

__all__ = [
    "VERSION",
    "AsyncClient",
    "Check",
    "Client",
    "Document",
    "InvalidResponseError",
    "Language",
    "Line",
    "OcrClientError",
    "Page",
    "ReadOptions",
    "Retry",
    "ServiceError",
    "Table",
    "TableCell",
    "UnreachableError",
    "Word",
]
