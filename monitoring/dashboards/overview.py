"""*OCR overview*: is the service healthy, what is sent, where does the time go, what does a page cost?"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as models

from monitoring.dashboards import overview_requests, overview_resources
from monitoring.dashboards.panels import Builder, board, number, rows
from monitoring.dashboards.queries import SERVER_ERRORS, TRANSFORMER, mean, quantile, rate, ratio

_T: Final = TRANSFORMER


def dashboard() -> models.Dashboard:
    """The built dashboard."""
    frame = board(
        "ocr-overview",
        "OCR overview",
        description="Is the service healthy, what is sent, where does the time go, what does a page cost, how well is "
        "it recognized?",
        namespaces="ocr_build_info, namespace",
    )
    return rows(
        frame,
        {
            "Now": _now(),
            "Traffic": overview_requests.traffic(),
            "Errors": overview_requests.errors(),
            "Latency": overview_requests.latency(),
            "Saturation": overview_resources.saturation(),
            "Cost per page": overview_resources.cost_per_page(),
            "Quality": overview_resources.quality(),
        },
    )


def _now() -> list[Builder]:
    return [
        number(
            "Requests per second",
            rate("ocr_requests_total", _T),
            description="Requests that the transformer answered, good and bad, each second.",
            unit="reqps",
        ),
        number(
            "Server errors",
            ratio(rate("ocr_requests_total", f"{_T}, {SERVER_ERRORS}"), rate("ocr_requests_total", _T)),
            description="Share of the requests answered with a fault of the service (status 500 to 504). Red over "
            "the objective of 0.5 %. Refusals of bad documents are no faults.",
            unit="percentunit",
            limit=0.005,
            decimals=2,
        ),
        number(
            "Single-page latency, 95th percentile",
            quantile(0.95, "ocr_request_duration_seconds", f'{_T}, pages="1"'),
            description="Seconds within which 95 % of the good answers to single-page requests went out. Red over "
            "the objective of 10 s.",
            unit="s",
            limit=10,
        ),
        number(
            "Pages per second",
            rate("ocr_pages_total", _T),
            description="Pages whose text went back to clients, each second.",
            unit="pages/s",
            decimals=2,
        ),
        number(
            "Requests in flight",
            f"sum(ocr_requests_in_flight{{{_T}}})",
            description="Requests that the transformers are working on at this moment.",
            unit="none",
        ),
        number(
            "Confidence",
            mean("ocr_page_confidence_ratio", _T),
            description="Mean of the pages' mean word confidence as Tesseract says it; blank pages count as 0.",
            unit="percentunit",
            decimals=1,
        ),
    ]
