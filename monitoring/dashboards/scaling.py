"""*Scaling*: how many pods are there and why, what does a cold start cost? Knative 1.19 and later."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard as models

from monitoring.dashboards.panels import Builder, board, graph, number, rows
from monitoring.dashboards.queries import NAMESPACE, quantile

_KN: Final = 'k8s_namespace_name=~"$namespace"'
_READY: Final = f"max by (kn_service_name, kn_revision_name) (kn_revision_pods_count{{{_KN}}})"


def _by_revision(metric: str) -> str:
    """Maximum over the autoscaler replicas that report the revision."""
    return f"max by (kn_revision_name) ({metric}{{{_KN}}})"


def _activators(metric: str) -> str:
    return f"sum by (kn_revision_name) ({metric}{{{_KN}}})"


def dashboard() -> models.Dashboard:
    """The built dashboard."""
    frame = board(
        "ocr-scaling",
        "OCR scaling",
        description="How many pods are there and why, which revisions are scaled to zero, what does a cold start cost?",
        namespaces="kn_revision_pods_desired, k8s_namespace_name",
    )
    return rows(
        frame,
        {
            "Now": _now(),
            "Pods": _pods(),
            "Concurrency": _concurrency(),
            "Requests seen by Knative": _requests_as_knative_sees_them(),
            "Starts": _starts(),
        },
    )


def _now() -> list[Builder]:
    return [
        number(
            "Ready pods",
            f"sum({_by_revision('kn_revision_pods_count')})",
            description="Pods of all revisions that the autoscaler counts as ready.",
            unit="none",
        ),
        number(
            "Desired pods",
            f"sum({_by_revision('kn_revision_pods_desired')})",
            description="Pods that the autoscaler wants. More than are ready over a long time: no room in the "
            "cluster, or pods that do not start.",
            unit="none",
        ),
        number(
            "Revisions scaled to zero",
            f"count({_by_revision('kn_revision_pods_count')} == 0) or vector(0)",
            description="Revisions with no ready pod: they cost nothing, and the next request starts one.",
            unit="none",
        ),
        number(
            "Requests queued in the activator",
            f"sum(kn_revision_request_queued{{{_KN}}})",
            description="Requests that Knative holds until a pod has room or has started. From Knative 1.22 on.",
            unit="none",
            limit=50,
        ),
        number(
            "Startup duration until ready",
            f'quantile(0.95, max_over_time(ocr_startup_duration_seconds{{{NAMESPACE}, phase="ready"}}[$__range]))',
            description="Seconds from process start until ready that 95 % of the processes in the time range stayed "
            "under. Budget: 4 s. Scheduling the pod and fetching its image come on top.",
            unit="s",
            limit=4,
            decimals=1,
        ),
        number(
            "Cold start response",
            f'quantile(0.95, max_over_time(ocr_startup_duration_seconds{{{NAMESPACE}, component="transformer", '
            'phase="cold_answer"}[$__range]))',
            description="Seconds from the transformer's process start until its first answer, where a single page "
            "was already waiting: what a client sees of a start from zero. Budget: 10 s.",
            unit="s",
            limit=10,
            decimals=1,
        ),
    ]


def _pods() -> list[Builder]:
    return [
        graph(
            "Ready and desired pods",
            (_by_revision("kn_revision_pods_count"), "ready: {{kn_revision_name}}"),
            (_by_revision("kn_revision_pods_desired"), "desired: {{kn_revision_name}}"),
            description="Pods by revision as the autoscaler counts and wants them. At 0 a revision is scaled to zero.",
            unit="none",
        ),
        graph(
            "Pods starting and terminating",
            (_by_revision("kn_revision_pods_not_ready_count"), "not ready: {{kn_revision_name}}"),
            (_by_revision("kn_revision_pods_pending_count"), "pending: {{kn_revision_name}}"),
            (_by_revision("kn_revision_pods_terminating_count"), "terminating: {{kn_revision_name}}"),
            description="Pods that are starting (not ready), that have no node yet (pending), or that finish their "
            "work (terminating).",
            unit="none",
        ),
        graph(
            "Time scaled to zero",
            (
                f"1 - avg_over_time(clamp_max(sum by (kn_service_name) ({_READY}), 1)[1h:])",
                "{{kn_service_name}}",
            ),
            description="Share of the last hour in which a component had no pod, so cost nothing.",
            unit="percentunit",
            most=1,
        ),
    ]


def _concurrency() -> list[Builder]:
    return [
        graph(
            "Concurrency per pod and target",
            (_by_revision("kn_revision_concurrency_stable"), "last minute: {{kn_revision_name}}"),
            (_by_revision("kn_revision_concurrency_panic"), "last 6 s: {{kn_revision_name}}"),
            (_by_revision("kn_revision_concurrency_target"), "target: {{kn_revision_name}}"),
            description="Requests at a time in each pod over the autoscaler's long and short window. Over the target"
            " it adds pods; twice over in the short window it panics and adds them at once.",
            unit="none",
        ),
        graph(
            "Panic mode",
            (_by_revision("kn_revision_panic_mode"), "{{kn_revision_name}}"),
            description="1 while the autoscaler adds pods for a sudden load and removes none.",
            unit="none",
            most=1,
            width=4,
        ),
        graph(
            "Spare burst capacity",
            (f"min by (kn_revision_name) (kn_revision_capacity_excess{{{_KN}}})", "{{kn_revision_name}}"),
            description="Requests that a revision's pods could take beyond the burst they are to bear. Below 0 the "
            "activator stays in the path and queues for the whole revision, which this service wants for"
            " its predictor.",
            unit="none",
            width=4,
        ),
        graph(
            "Requests by queue location",
            (_activators("kn_revision_request_queued"), "queued in the activator: {{kn_revision_name}}"),
            (_activators("kn_revision_request_active"), "passed on by it: {{kn_revision_name}}"),
            (
                f"sum by (serving_knative_dev_revision) (kn_serving_queue_depth{{{NAMESPACE}}})",
                "in pods: {{serving_knative_dev_revision}}",
            ),
            description="Where requests are at this moment: held by the activator, on their way through it, or in "
            "the pods (in work and waiting in queue-proxy).",
            unit="none",
        ),
    ]


def _requests_as_knative_sees_them() -> list[Builder]:
    return [
        graph(
            "Responses by status",
            (
                (
                    "sum by (serving_knative_dev_revision, http_response_status_code) "
                    f"(rate(kn_serving_invocation_duration_seconds_count{{{NAMESPACE}}}[$__rate_interval]))"
                ),
                "{{serving_knative_dev_revision}} {{http_response_status_code}}",
            ),
            description="Requests each second by the status that the pods' queue-proxy saw, by revision.",
            unit="reqps",
            stack=True,
        ),
        graph(
            "95th percentile latency, pods and activator",
            (
                quantile(
                    0.95,
                    "kn_serving_invocation_duration_seconds",
                    NAMESPACE,
                    by="serving_knative_dev_revision",
                ),
                "in pods: {{serving_knative_dev_revision}}",
            ),
            (
                quantile(
                    0.95,
                    "http_server_request_duration_seconds",
                    f'{_KN}, kn_revision_name!=""',
                    by="kn_revision_name",
                ),
                "from the activator: {{kn_revision_name}}",
            ),
            description="Seconds within which 95 % of the requests were answered, measured in the pod and in the "
            "activator. The gap between the two is the wait for a pod: room, or a start. Knative's "
            "buckets end at 10 s.",
            unit="s",
        ),
        graph(
            "Autoscaler scrape duration",
            (
                quantile(0.95, "kn_autoscaler_scrape_duration_seconds", _KN, by="kn_service_name"),
                "{{kn_service_name}}",
            ),
            description="Seconds within which the autoscaler got 95 % of its answers from the pods' queue-proxies. "
            "When it gets slow, so does scaling.",
            unit="s",
        ),
    ]


def _starts() -> list[Builder]:
    return [
        graph(
            "Startup duration by component",
            (
                f'max by (component, phase) (ocr_startup_duration_seconds{{{NAMESPACE}, phase=~"ready|cold_answer"}})',
                "{{component}} until {{phase}}",
            ),
            description="Slowest of the running processes: seconds from process start until ready, and until the "
            "answer to a single page that was waiting (the cold answer).",
            unit="s",
            width=12,
        ),
        graph(
            "Processes started",
            (
                (
                    f"sum by (component) (changes(ocr_start_time_seconds{{{NAMESPACE}}}[1h])"
                    f" + (time() - ocr_start_time_seconds{{{NAMESPACE}}} < bool 3600))"
                ),
                "{{component}}",
            ),
            description="Of the pods that run now, how many started within the last hour, restarts of a container "
            "included.",
            unit="none",
            width=12,
        ),
    ]
