"""An Application as Argo CD keeps it, and an imitation of what its controllers do each second."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.deploy.clusters.api_server import ApiServer, merged

LIST = "/apis/argoproj.io/v1alpha1/applications"
APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/ocr-dev"
SET = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/ocr"
SERVICE = "/apis/serving.kserve.io/v1beta1/namespaces/ocr-dev/inferenceservices/ocr"
QUOTA = "/api/v1/namespaces/ocr-dev/resourcequotas/ocr"
SOURCE = {"repoURL": "https://git.example.com/ocr.git", "targetRevision": "main", "path": "kustomize/overlays/dev"}
GOOD, BAD = "registry.example.com:5000/predictor@sha256:" + "0" * 64, "dev.local/no-such-image:1"
OVERRIDE = [f"registry.example.com:5000/predictor={BAD}"]


def said(**status: Any) -> dict[str, Any]:
    """An Application that is Synced and Healthy, but for ``status``."""
    return {
        "metadata": {"name": "ocr-dev", "namespace": "argocd"},
        "spec": {"project": "ocr", "source": SOURCE},
        "status": {
            "sync": {"status": "Synced", "comparedTo": {"source": SOURCE}},
            "health": {"status": "Healthy"},
            "operationState": {"phase": "Succeeded", "syncResult": {"source": SOURCE}},
            **status,
        },
    }


class Clock:
    """Time that passes only in sleep, half a minute whatever is asked for; controllers work then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.work: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += 30
        self.work()


def sync(api: ApiServer) -> None:
    """What Argo CD does with the present source, unless an operation is at work; a bad image is waited for."""
    application = api.answers[APPLICATION]
    state, source = application["status"]["operationState"], application["spec"]["source"]
    if state["phase"] == "Terminating":
        state["phase"] = "Failed"
    elif state["phase"] != "Running" and state["syncResult"]["source"] != source:
        bad = source.get("kustomize", {}).get("images") == OVERRIDE
        service = api.answers[SERVICE]
        service["spec"]["predictor"]["containers"][0]["image"] = BAD if bad else GOOD
        service["status"]["components"]["predictor"]["latestCreatedRevision"] = f"after-{state['phase']}"
        api.answers[APPLICATION] = said(
            health={"status": "Progressing" if bad else "Healthy"},
            sync={"status": "Synced", "comparedTo": {"source": source}},
            operationState={"phase": "Running" if bad else "Succeeded", "syncResult": {"source": source}},
        ) | {name: application[name] for name in ("metadata", "spec")}


def generate(api: ApiServer) -> None:
    """What the ApplicationSet's controller does: its source, patched for the overlay dev, is the Application's."""
    template = api.answers[SET]["spec"].get("templatePatch", "{}")
    chosen = re.fullmatch(r'\{\{ if eq \.overlay "dev" \}\}(.*)\{\{ else \}\}\{\}\{\{ end \}\}', template)
    patch = json.loads(chosen[1] if chosen else template)
    api.answers[APPLICATION]["spec"] = merged({"project": "ocr", "source": SOURCE}, patch.get("spec", {}))
