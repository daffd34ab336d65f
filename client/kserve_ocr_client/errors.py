"""Errors that the client raises; every message says what to do."""

from __future__ import annotations


class OcrClientError(Exception):
    """Base of all errors of this client. ``str(error)`` is a sentence for people."""


class UnreachableError(OcrClientError):
    """No HTTP response: wrong address, connection refused or broken, time-out."""


class InvalidResponseError(OcrClientError):
    """A response that is not one of this service's, for example from a proxy in between."""


class ServiceError(OcrClientError):
    """The service rejected the request.

    ``status`` is the HTTP status, ``code`` the service's own code (``damaged_document``, ``overloaded`` …, empty if
    something in between responded), ``retry_after`` the seconds to wait that the response named, or None,
    ``request_id`` the id under which the service's log has the request.
    """

    def __init__(
        self, message: str, *, status: int, code: str = "", retry_after: float | None = None, request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id
