"""PromQL that several dashboards are made of."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = 'namespace=~"$namespace"'
TRANSFORMER: Final = f'{NAMESPACE}, component="transformer"'
PREDICTOR: Final = f'{NAMESPACE}, component="predictor"'
SERVER_ERRORS: Final = 'code=~"internal|page_crashed|predictor_unreachable|overloaded|starting|stopping|timed_out"'
"""The codes whose status is 500 or more."""


def rate(metric: str, matchers: str, *, by: str = "") -> str:
    """Increase per second, summed over the pods."""
    return f"sum{_grouping(by)} (rate({metric}{{{matchers}}}[$__rate_interval]))"


def mean(metric: str, matchers: str, *, by: str = "") -> str:
    """Mean of what a histogram observed."""
    return ratio(rate(f"{metric}_sum", matchers, by=by), rate(f"{metric}_count", matchers, by=by))


def ratio(part: str, whole: str) -> str:
    """One figure over another with the same labels."""
    return f"{part} / {whole}"


def used(figure: str) -> str:
    """The figure without the series that are 0."""
    return f"{figure} > 0"


def quantile(share: float, metric: str, matchers: str, *, by: str = "") -> str:
    """Quantile of what a histogram observed, interpolated within its buckets."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', matchers, by=labels)})"


def _grouping(by: str) -> str:
    return f" by ({by})" if by else ""
