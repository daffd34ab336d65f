"""Rows of *OCR overview* about pods and pages: how busy they are, what a page costs, how well it is recognized."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.panels import Builder, graph, heatmap
from monitoring.dashboards.queries import NAMESPACE, TRANSFORMER, quantile, rate, ratio

_T: Final = TRANSFORMER
_PREPARED: Final = f'{TRANSFORMER}, stage="preprocess"'


def saturation() -> list[Builder]:
    """Panels of the row *Saturation*."""
    return [
        graph(
            "Queue depth",
            (f"sum by (component, pool) (ocr_queue_depth{{{NAMESPACE}}})", "{{component}}: {{pool}}"),
            description="Jobs in the pods' own queues: pages that wait for a Tesseract worker or a decoder. "
            "What waits in Knative is on the Scaling dashboard.",
            unit="none",
        ),
        graph(
            "Worker utilization",
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


def cost_per_page() -> list[Builder]:
    """Panels of the row *Cost per page*."""
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


def quality() -> list[Builder]:
    """Panels of the row *Quality*."""
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
            "Preprocessing steps",
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
