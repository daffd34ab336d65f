"""When to send a request again, and after how long."""

from __future__ import annotations

import email.utils
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

TRANSIENT_STATUSES: Final = frozenset({429, 502, 503})
"""Too many requests, predictor unreachable, overloaded or starting. Recognition changes nothing: it can be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """At most ``attempts`` attempts; before each further one the seconds that the service named in ``Retry-After``.

    Where it named none the pause doubles from ``first_pause`` seconds, half of it random, so that clients that were
    rejected together do not return together. A pause longer than ``longest_pause`` seconds is not waited for.
    """

    attempts: int = 6
    first_pause: float = 0.5
    longest_pause: float = 60.0

    def pause(self, *, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait after the ``attempt``-th (1-based) attempt failed; None to give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.longest_pause else None
        doubled = min(self.first_pause * 2.0 ** (attempt - 1), self.longest_pause)
        return doubled * (0.5 + random.random() / 2)  # noqa: S311  # spreads load, protects nothing


def seconds_of(retry_after: str, *, now: datetime | None = None) -> float | None:
    """Seconds of a ``Retry-After`` header, which is a number or an HTTP date (RFC 9110, 10.2.3); None if neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
