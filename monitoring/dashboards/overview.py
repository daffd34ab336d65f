"""*OCR overview*: is the service well, what do people send, where does the time go, what does a page cost?"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as models

from monitoring.dashboards.panels import Builder, board, graph, heatmap, number, rows
from monitoring.dashboards.queries import (
    NAMESPACE,
    PREDICTOR,
    SERVER_ERRORS,
    TRANSFORMER,
    mean,
    quantile,
    rate,
    ratio,
    used,
)

_T: Final = TRANSFORMER
_TRANSFER: Final = mean("ocr_stage_duration_seconds", f'{TRANSFORMER}, stage="network"')
_PREPARED: Final = f'{TRANSFORMER}, stage="preprocess"'
_SERVED: Final = mean("ocr_request_duration_seconds", f'{PREDICTOR}, route="infer"')
_WAITED: Final = mean("ocr_stage_duration_seconds", f'{PREDICTOR}, stage="queue"')


def dashboard() -> models.Dashboard:
    """The built dashboard."""
    frame = board(
        "ocr-overview",
        "OCR overview",
        description="Is the service well, what is sent, where does the time go, what does a page cost, how well is "
        "it read?",
        namespaces="ocr_build_info, namespace",
    )
    return rows(
        frame,
        {
            "Now": _now(),
            "Traffic": _traffic(),
            "Errors": _errors(),
            "Latency": _latency(),
            "Saturation": _saturation(),
            "Cost per page": _cost_per_page(),
            "Quality": _quality(),
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
            "Faults",
            ratio(rate("ocr_requests_total", f"{_T}, {SERVER_ERRORS}"), rate("ocr_requests_total", _T)),
            description="Share of the requests answered with a fault of the service (status 500 to 504). Red over "
            "the objective of 0.5 %. Refusals of bad documents are no faults.",
            unit="percentunit",
            limit=0.005,
            decimals=2,
        ),
        number(
            "Single page, 95th percentile",
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


def _traffic() -> list[Builder]:
    return [
        graph(
            "Requests by route and protocol",
            (
                used(rate("ocr_requests_total", _T, by="route, protocol")),
                "{{route}} {{protocol}}",
            ),
            description="Requests answered each second: gateway is POST /gateway/ocr, infer is V2 over REST or gRPC,"
            " predict is V1; the protocol is the form of the body. Ways nobody uses are left out.",
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
            description="Pages read, and documents received by kind of file, each second. More pages than documents "
            "means PDFs and multi-page TIFFs.",
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


def _errors() -> list[Builder]:
    return [
        graph(
            "Faults against the objective",
            (f"component:ocr_errors:ratio_rate5m{{{_T}}}", "5 minutes"),
            (f"component:ocr_errors:ratio_rate1h{{{_T}}}", "1 hour"),
            (f"component:ocr_errors:ratio_rate6h{{{_T}}}", "6 hours"),
            description="Share of requests answered with a fault of the service over sliding windows. The dashed "
            "line is the objective, 0.5 %; fourteen times that for an hour wakes somebody.",
            unit="percentunit",
            limit=0.005,
        ),
        graph(
            "Answers that are not good, by code",
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
            "Pages sent again, workers replaced",
            (
                f"sum by (reason) (increase(ocr_page_retries_total{{{_T}}}[$__rate_interval]))",
                "page again: {{reason}}",
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


def _latency() -> list[Builder]:
    return [
        graph(
            "Answer time by size of request",
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
            "Where a page's time goes",
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


def _saturation() -> list[Builder]:
    return [
        graph(
            "Waiting for a worker",
            (f"sum by (component, pool) (ocr_queue_depth{{{NAMESPACE}}})", "{{component}}: {{pool}}"),
            description="Jobs in the pods' own queues: pages that wait for a Tesseract worker or a decoder. "
            "What waits in Knative is on the Scaling dashboard.",
            unit="none",
        ),
        graph(
            "Workers busy",
            (
                (
                    f'sum by (component, pool) (ocr_workers{{{NAMESPACE}, state="busy"}})'
                    f" / sum by (component, pool) (ocr_workers{{{NAMESPACE}}})"
                ),
                "{{component}}: {{pool}}",
            ),
            description="Share of the worker processes that are on a job at this moment. At 100 % pages wait.",
            unit="percentunit",
            most=1,
        ),
        graph(
            "CPU",
            (
                rate("ocr_process_tree_cpu_seconds_total", NAMESPACE, by="component"),
                "{{component}}",
            ),
            description="CPU cores in use by all pods of a component, worker processes included.",
            unit="cores",
            width=4,
            stack=True,
        ),
        graph(
            "Memory",
            (f"max by (component) (ocr_process_tree_memory_bytes{{{NAMESPACE}}})", "{{component}}, largest pod"),
            description="Resident memory of the largest pod of a component, worker processes included.",
            unit="bytes",
            width=4,
        ),
    ]


def _cost_per_page() -> list[Builder]:
    return [
        graph(
            "CPU seconds per page",
            (
                ratio(
                    rate("ocr_process_tree_cpu_seconds_total", NAMESPACE, by="component"),
                    rate("ocr_pages_total", NAMESPACE, by="component"),
                ),
                "{{component}}",
            ),
            description="CPU time spent for each page read, idle time of the pods included. Multiply by the price of"
            " a CPU second for the price of a page.",
            unit="s",
            stack=True,
            width=12,
        ),
        graph(
            "CPU seconds per megapixel",
            (
                (
                    f"sum(rate(ocr_process_tree_cpu_seconds_total{{{NAMESPACE}}}[$__rate_interval]))"
                    f" / (sum(rate(ocr_pixels_total{{{_T}}}[$__rate_interval])) / 1e6)"
                ),
                "both components",
            ),
            description="CPU time of both components for each million pixels decoded: the cost when pages differ in "
            "size.",
            unit="s",
            width=12,
        ),
    ]


def _quality() -> list[Builder]:
    return [
        heatmap(
            "Confidence of pages",
            f"sum by (le) (increase(ocr_page_confidence_ratio_bucket{{{_T}}}[$__rate_interval]))",
            description="How many pages had which mean word confidence. A band that sinks is other documents, a "
            "wrong language or a worse model.",
            unit="percentunit",
        ),
        graph(
            "Characters per page",
            (quantile(0.5, "ocr_page_characters", _T), "median"),
            (quantile(0.95, "ocr_page_characters", _T), "95th percentile"),
            description="Length of the text read from a page. A median near 0 means blank or unreadable pages.",
            unit="none",
        ),
        graph(
            "Preparation",
            (
                ratio(
                    rate("ocr_preprocess_steps_total", _T, by="step"),
                    f"scalar({rate('ocr_stage_duration_seconds_count', _PREPARED)})",
                ),
                "{{step}}",
            ),
            description="Share of the pages that a preparation step was taken on; none is pages left as they were. "
            "Several steps may be taken on one page.",
            unit="percentunit",
        ),
    ]
