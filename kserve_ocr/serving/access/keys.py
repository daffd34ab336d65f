"""The file of API keys: one line a key, its id, the SHA-256 of the key and its quotas. Read again when it changes.

A line is ``ID SHA256 [requests=N] [pages=N]``, with requests a minute and pages an hour; ``#`` starts a comment. Keys
are random and long, so a plain hash of them cannot be reversed.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kserve_ocr.serving.access.quota import Quota

_LOG = logging.getLogger("ocr.access")
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_HASH: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z")
_LIMIT: Final = re.compile(r"(requests|pages)=([1-9][0-9]{0,8})\Z")
_CHECK_SECONDS: Final = 1.0
"""How often a change of the file is looked for."""
_MAX_KEYS: Final = 1000
_FORM: Final = "ID SHA256 [requests=N] [pages=N]"


class KeysFileError(ValueError):
    """The file cannot be read; the message names the line and never its content."""


class ApiKey:
    """One key: its id for logs and metrics, the hash that identifies it, and what it may use."""

    def __init__(self, name: str, digest: bytes, *, requests: int, pages: int) -> None:
        """``requests`` a minute and ``pages`` an hour; 0 for no limit."""
        self.name = name
        self.digest = digest
        self.requests = Quota(requests, seconds=60.0)
        self.pages = Quota(pages, seconds=3600.0)

    def take_over(self, other: ApiKey) -> None:
        """Continue with what is left of the quotas of the same key before the file was read again."""
        if other.requests.limit == self.requests.limit:
            self.requests = other.requests
        if other.pages.limit == self.pages.limit:
            self.pages = other.pages


class KeysFile:
    """The keys of a file. While a changed file is wrong, the keys before the change stay valid."""

    def __init__(self, path: str) -> None:
        """Raises KeysFileError."""
        self._path = Path(path)
        self._seen = self._state()
        self._keys = _parse(self._path)
        self._checked = time.monotonic()

    def find(self, secret: str) -> ApiKey | None:
        """The key that a client sent; None if it is not in the file. The time does not depend on how much is right."""
        self._reload()
        digest = hashlib.sha256(secret.encode()).digest()
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _reload(self) -> None:
        now = time.monotonic()
        if now - self._checked < _CHECK_SECONDS:
            return
        self._checked = now
        try:
            state = self._state()
            if state == self._seen:
                return
            self._seen = state
            keys = _parse(self._path)
        except KeysFileError as error:
            _LOG.error("the API keys are not read again: %s", error)
            return
        before = {(key.name, key.digest): key for key in self._keys}
        for key in keys:
            if (key.name, key.digest) in before:
                key.take_over(before[key.name, key.digest])
        self._keys = keys
        _LOG.info("API keys read again: %d", len(keys))

    def _state(self) -> tuple[int, int, int]:
        """What changes with the content; a mounted Secret is replaced by another file."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise KeysFileError(f"{self._path}: {error.strerror}; set OCR_API_KEYS_FILE to a readable file") from None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _parse(path: Path) -> list[ApiKey]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise KeysFileError(f"{path} cannot be read as text; each line is {_FORM}") from None
    keys = list(_keys(path, lines))
    if len({key.name for key in keys}) < len(keys):
        raise KeysFileError(f"{path} has an id twice; give each key its own")
    if not 0 < len(keys) <= _MAX_KEYS:
        raise KeysFileError(f"{path} has {len(keys)} keys; it must have 1 to {_MAX_KEYS}, each {_FORM}")
    return keys


def _keys(path: Path, lines: list[str]) -> Iterator[ApiKey]:
    for number, line in enumerate(lines, 1):
        name, *rest = line.partition("#")[0].split() or [""]
        if not name:
            continue
        digest = _HASH.match(rest[0].lower()) if rest else None
        limits = [_LIMIT.match(part) for part in rest[1:]]
        if not _ID.match(name) or digest is None or not all(limits):
            raise KeysFileError(f"{path}, line {number}: it must be {_FORM}")
        values = {limit[1]: int(limit[2]) for limit in limits if limit}
        yield ApiKey(name, bytes.fromhex(digest[1]), requests=values.get("requests", 0), pages=values.get("pages", 0))
