"""*Compare revisions*: is the canary as good as the other revision?"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from monitoring.dashboards.panels import Builder, board, graph, listing, rows
from monitoring.dashboards.queries import NAMESPACE, SERVER_ERRORS, mean, quantile, rate, ratio

_ONE: Final = f'{NAMESPACE}, component="$component"'
_BY: Final = "serving_knative_dev_revision"
_NAME: Final = "{{serving_knative_dev_revision}}"


def dashboard() -> models.Dashboard:
    """The built dashboard."""
    frame = board(
        "ocr-revisions",
        "OCR compare revisions",
        description="Is the canary as good as the stable revision: errors, time, quality, cost?",
        namespaces="ocr_build_info, namespace",
    ).with_variable(builders.CustomVariable("component").label("Component").values("predictor,transformer"))
    return rows(
        frame,
        {
            "Running revisions": _what_runs(),
            "Side by side": _side_by_side(),
            "Quality and cost": _quality_and_cost(),
        },
    )


def _what_runs() -> list[Builder]:
    return [
        listing(
            "Revisions",
            f"min by ({_BY}, version, engine) (1000 * ocr_start_time_seconds{{{_ONE}}}"
            f" * on (namespace, pod) group_left (version, engine) ocr_build_info{{{_ONE}}})",
            description="Revisions with running pods, what they are built of, and since when the oldest of their "
            "processes runs. The youngest revision is the canary.",
            columns={_BY: "Revision", "version": "Version", "engine": "Engine", "Value": "Oldest process"},
        ),
    ]


def _side_by_side() -> list[Builder]:
    return [
        graph(
            "Traffic share",
            (ratio(rate("ocr_requests_total", _ONE, by=_BY), f"scalar({rate('ocr_requests_total', _ONE)})"), _NAME),
            description="Share of the component's requests that each revision answered; compare with "
            "canaryTrafficPercent.",
            unit="percentunit",
            most=1,
            stack=True,
        ),
        graph(
            "Server errors",
            (
                ratio(
                    rate("ocr_requests_total", f"{_ONE}, {SERVER_ERRORS}", by=_BY),
                    rate("ocr_requests_total", _ONE, by=_BY),
                ),
                _NAME,
            ),
            description="Share of each revision's requests answered with a fault of the service (status 500 to 504)."
            " The dashed line is the objective.",
            unit="percentunit",
            limit=0.005,
        ),
        graph(
            "Responses by status (queue-proxy)",
            (
                (
                    f"sum by ({_BY}, http_response_status_code) (rate(kn_serving_invocation_duration_seconds_count"
                    f"{{{_ONE}}}[$__rate_interval]))"
                ),
                _NAME + " {{http_response_status_code}}",
            ),
            description="Requests each second by the status that Knative's queue-proxy saw: it counts answers that "
            "the process itself could not, a crash or a time-out for one.",
            unit="reqps",
        ),
        graph(
            "Single-page latency, median and 95th percentile",
            (quantile(0.5, "ocr_request_duration_seconds", f'{_ONE}, pages="1"', by=_BY), "median: " + _NAME),
            (quantile(0.95, "ocr_request_duration_seconds", f'{_ONE}, pages="1"', by=_BY), "95 %: " + _NAME),
            description="Seconds to the good answer to a request of one page, by revision.",
            unit="s",
        ),
        graph(
            "Mean time by stage",
            (mean("ocr_stage_duration_seconds", _ONE, by=f"{_BY}, stage"), _NAME + " {{stage}}"),
            description="Mean seconds that a page spent in each stage of the component, by revision.",
            unit="s",
        ),
        graph(
            "Worker crashes and time-outs",
            (
                (
                    f"sum by ({_BY}) (increase(ocr_worker_restarts_total{{{_ONE}, "
                    'reason=~"crash|timeout"}[$__rate_interval]))'
                ),
                _NAME,
            ),
            description="Worker processes that died over a page or were killed at their time limit, by revision.",
            unit="none",
        ),
    ]


def _quality_and_cost() -> list[Builder]:
    return [
        graph(
            "Confidence",
            (mean("ocr_page_confidence_ratio", _ONE, by=_BY), _NAME),
            description="Mean of the pages' mean word confidence, by revision. With the same traffic the revisions "
            "should agree; a canary below is reading worse.",
            unit="percentunit",
            most=1,
        ),
        graph(
            "Characters per page",
            (mean("ocr_page_characters", _ONE, by=_BY), _NAME),
            description="Mean length of a page's text, by revision. A canary below may be losing text.",
            unit="none",
        ),
        graph(
            "CPU seconds per page",
            (
                ratio(rate("ocr_process_tree_cpu_seconds_total", _ONE, by=_BY), rate("ocr_pages_total", _ONE, by=_BY)),
                _NAME,
            ),
            description="CPU time for each page read, worker processes and idle time included, by revision. A canary"
            " with little traffic idles more and looks dearer.",
            unit="s",
            width=4,
        ),
        graph(
            "Memory of the largest pod",
            (f"max by ({_BY}) (ocr_process_tree_memory_bytes{{{_ONE}}})", _NAME),
            description="Resident memory of each revision's largest pod, worker processes included.",
            unit="bytes",
            width=4,
        ),
    ]
