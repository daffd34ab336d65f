"""Rows of *OCR overview* about requests: what is sent, what fails, how long it takes."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.panels import Builder, graph
from monitoring.dashboards.queries import NAMESPACE, PREDICTOR, TRANSFORMER, mean, quantile, rate, used

_T: Final = TRANSFORMER
_TRANSFER: Final = mean("ocr_stage_duration_seconds", f'{TRANSFORMER}, stage="network"')
_SERVED: Final = mean("ocr_request_duration_seconds", f'{PREDICTOR}, route="infer"')
_WAITED: Final = mean("ocr_stage_duration_seconds", f'{PREDICTOR}, stage="queue"')


def traffic() -> list[Builder]:
    """Panels of the row *Traffic*."""
    return [
        graph(
            "Requests by route and protocol",
            (
                used(rate("ocr_requests_total", _T, by="route, protocol")),
                "{{route}} {{protocol}}",
            ),
            description="Requests answered each second: gateway is POST /gateway/ocr, infer is V2 over REST or gRPC,"
            " predict is V1; the protocol is the encoding of the body. Unused combinations are hidden.",
            unit="reqps",
            stack=True,
        ),
        graph(
            "Pages and documents",
            (rate("ocr_pages_total", _T), "pages"),
            (
                used(rate("ocr_documents_total", _T, by="kind")),
                "documents: {{kind}}",
            ),
            description="Pages recognized, and documents received by kind of file, each second. More pages than "
            "documents means PDFs and multi-page TIFFs.",
            unit="ops",
        ),
        graph(
            "Bytes received",
            (rate("ocr_document_bytes_total", _T), "bytes"),
            description="Bytes of the documents as files, without base64 and protocol, each second.",
            unit="Bps",
            width=4,
        ),
        graph(
            "Megapixels decoded",
            (f"sum(rate(ocr_pixels_total{{{_T}}}[$__rate_interval])) / 1e6", "megapixels"),
            description="Millions of pixels of the decoded pages each second; an A4 page at 300 dpi has 8.7.",
            unit="Mpx/s",
            width=4,
        ),
    ]


def errors() -> list[Builder]:
    """Panels of the row *Errors*."""
    return [
        graph(
            "Server error ratio and objective",
            (f"component:ocr_errors:ratio_rate5m{{{_T}}}", "5 minutes"),
            (f"component:ocr_errors:ratio_rate1h{{{_T}}}", "1 hour"),
            (f"component:ocr_errors:ratio_rate6h{{{_T}}}", "6 hours"),
            description="Share of requests answered with a fault of the service over sliding windows. The dashed "
            "line is the objective, 0.5 %; 14.4 times the objective over an hour raises a critical alert.",
            unit="percentunit",
            limit=0.005,
        ),
        graph(
            "Error responses by code",
            (
                f'sum by (code) (rate(ocr_requests_total{{{_T}, code!="ok"}}[$__rate_interval])) > 0',
                "{{code}}",
            ),
            description="Requests answered each second with an error, by the code of the error body; cancelled means"
            " that the client went away. Codes that did not occur are left out, so empty is good.",
            unit="reqps",
            stack=True,
        ),
        graph(
            "Page retries and worker restarts",
            (
                f"sum by (reason) (increase(ocr_page_retries_total{{{_T}}}[$__rate_interval]))",
                "page retry: {{reason}}",
            ),
            (
                f"sum by (pool, reason) (increase(ocr_worker_restarts_total{{{NAMESPACE}}}[$__rate_interval])) > 0",
                "{{pool}} worker: {{reason}}",
            ),
            description="Pages that the transformer sent to a predictor once more, by what went wrong the first "
            "time, and worker processes replaced, by reason: crash and timeout are trouble, recycled is "
            "housekeeping.",
            unit="none",
        ),
    ]


def latency() -> list[Builder]:
    """Panels of the row *Latency*."""
    return [
        graph(
            "Request duration by number of pages",
            (quantile(0.5, "ocr_request_duration_seconds", _T, by="pages"), "median, pages: {{pages}}"),
            (
                quantile(0.95, "ocr_request_duration_seconds", _T, by="pages"),
                "95th percentile, pages: {{pages}}",
            ),
            description="Seconds from a request's arrival at the transformer to its good answer, by number of pages."
            " The dashed line is the objective for single pages.",
            unit="s",
            limit=10,
        ),
        graph(
            "Page time by stage",
            *(
                (mean("ocr_stage_duration_seconds", f'{_T}, stage="{stage}"'), stage)
                for stage in ("decode", "preprocess", "format", "merge")
            ),
            (
                f"clamp_min({_TRANSFER} - {_SERVED}, 0)",
                "network and Knative",
            ),
            (_WAITED, "wait for a worker"),
            (f"clamp_min({_SERVED} - {_WAITED}, 0)", "recognize"),
            description="Mean seconds by stage, stacked. Network and Knative is what a page's round trip to the "
            "predictor takes beyond the predictor's own time: gateway, activator, cold starts. Recognise"
            " is the predictor's time without the wait for a worker. Pages of one document overlap, so "
            "this is not the request's time.",
            unit="s",
            stack=True,
        ),
        graph(
            "95th percentile by stage",
            (
                quantile(0.95, "ocr_stage_duration_seconds", NAMESPACE, by="component, stage"),
                "{{component}}: {{stage}}",
            ),
            description="Seconds within which 95 % of the pages passed a stage. Transfer is the whole round trip to "
            "the predictor.",
            unit="s",
        ),
    ]
