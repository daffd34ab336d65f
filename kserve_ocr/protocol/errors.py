"""Every error that a client can see: HTTP status, gRPC status, code, and a message that says what to do."""

from __future__ import annotations

from typing import Any, ClassVar, Self


class OcrError(Exception):
    """Base of all errors that reach a client.

    ``status`` is the HTTP status, ``grpc_status`` the numeric gRPC code, ``code`` the code of the error body.
    The argument is the message for the client. Worker processes can raise them, too: they cross as code and message.
    """

    status: ClassVar[int] = 500
    grpc_status: ClassVar[int] = 13  # INTERNAL
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        """Seconds after which a client should try again, or None."""

    def within(self, place: str) -> Self:
        """The same error with a location in front of the message: ``document 2: …``."""
        return type(self)(f"{place}: {self.message}", retry_after=self.retry_after)

    def body(self) -> dict[str, str]:
        """JSON object of the response body."""
        return {"error": self.message, "code": self.code}

    def headers(self) -> dict[str, str]:
        """Response headers that go with the error."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class InternalError(OcrError):
    """Unexpected server error; the client cannot fix it."""


class MalformedRequestError(OcrError):
    status, grpc_status, code = 400, 3, "malformed_request"


class InvalidParameterError(OcrError):
    status, grpc_status, code = 400, 3, "invalid_parameter"


class UnauthorizedError(OcrError):
    status, grpc_status, code = 401, 16, "unauthorized"

    def headers(self) -> dict[str, str]:
        """With ``WWW-Authenticate``, which a response of this status must carry (RFC 9110, 15.5.2)."""
        return {**super().headers(), "WWW-Authenticate": "Bearer"}


class CrossSiteError(OcrError):
    status, grpc_status, code = 403, 7, "cross_site"


class ModelNotFoundError(OcrError):
    status, grpc_status, code = 404, 5, "model_not_found"


class RouteNotFoundError(OcrError):
    status, grpc_status, code = 404, 5, "not_found"


class MethodNotAllowedError(OcrError):
    """``allow`` are the methods that the address takes, separated by commas."""

    status, grpc_status, code = 405, 12, "method_not_allowed"

    def __init__(self, message: str, *, allow: str = "", retry_after: int | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.allow = allow

    def headers(self) -> dict[str, str]:
        """With ``Allow``, which a response of this status must carry (RFC 9110, 15.5.6)."""
        return {**super().headers(), "Allow": self.allow}


class NotAcceptableError(OcrError):
    status, grpc_status, code = 406, 3, "not_acceptable"


class TooManyBytesError(OcrError):
    status, grpc_status, code = 413, 8, "too_many_bytes"


class TooManyPixelsError(OcrError):
    status, grpc_status, code = 413, 8, "too_many_pixels"


class TooManyPagesError(OcrError):
    status, grpc_status, code = 413, 8, "too_many_pages"


class TooManyDocumentsError(OcrError):
    status, grpc_status, code = 413, 8, "too_many_documents"


class QuotaExceededError(OcrError):
    """The client's key has used up what it may; ``retry_after`` says for how long."""

    status, grpc_status, code = 429, 8, "quota_exceeded"


class HeadersTooLargeError(OcrError):
    status, grpc_status, code = 431, 8, "headers_too_large"


class UnsupportedDocumentError(OcrError):
    status, grpc_status, code = 415, 3, "unsupported_document"


class DamagedDocumentError(OcrError):
    status, grpc_status, code = 422, 3, "damaged_document"


class EncryptedDocumentError(OcrError):
    status, grpc_status, code = 422, 3, "encrypted_document"


class SignedDocumentError(OcrError):
    status, grpc_status, code = 422, 3, "signed"


class NotArchivableError(OcrError):
    """A document that cannot become PDF/A as it is."""

    status, grpc_status, code = 422, 3, "not_archivable"


class ClientGoneError(OcrError):
    """The client disconnected; 499 is nginx's status for that."""

    status, grpc_status, code = 499, 1, "client_gone"


class PredictorUnreachableError(OcrError):
    status, grpc_status, code = 502, 14, "predictor_unreachable"


class PageCrashedError(OcrError):
    status, grpc_status, code = 502, 14, "page_crashed"


class OverloadedError(OcrError):
    status, grpc_status, code = 503, 14, "overloaded"


class StartingError(OcrError):
    status, grpc_status, code = 503, 14, "starting"


class StoppingError(OcrError):
    status, grpc_status, code = 503, 14, "stopping"


class TimedOutError(OcrError):
    status, grpc_status, code = 504, 4, "timed_out"


def _all(base: type[OcrError]) -> list[type[OcrError]]:
    return [base, *(found for child in base.__subclasses__() for found in _all(child))]


_BY_CODE: dict[str, type[OcrError]] = {error.code: error for error in _all(OcrError)}


def codes(*, least_status: int = 0) -> tuple[str, ...]:
    """All error codes of errors with that status or a higher one."""
    return tuple(code for code, error in _BY_CODE.items() if error.status >= least_status)


def from_code(code: str, message: str, *, retry_after: int | None = None) -> OcrError | None:
    """The error with that code, or None if there is none."""
    kind = _BY_CODE.get(code)
    return None if kind is None else kind(message, retry_after=retry_after)


def from_wire(status: int, body: Any, *, retry_after: int | None = None) -> OcrError | None:
    """The error in a response of the other service, or None if the response is not from it.

    ``body`` is the decoded JSON body, of any type.
    """
    if not isinstance(body, dict):
        return None
    error = from_code(str(body.get("code")), str(body.get("error", "")), retry_after=retry_after)
    return error if error is not None and error.status == status else None
