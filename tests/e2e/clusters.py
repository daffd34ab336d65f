"""One overlay in one real cluster: applied, watched, changed and taken away."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import kubernetes
import yaml
from kubernetes.client.exceptions import ApiException

from tests.deploy.support.rendering import ROOT, kubectl, namespace, only, render

GROUP, VERSION, PLURAL, NAME = "serving.kserve.io", "v1beta1", "inferenceservices", "ocr"
GATEWAYS = (("kourier-system", "service/kourier"), ("istio-system", "service/istio-ingressgateway"))
READY_SECONDS = 600.0
ZERO_SECONDS = 420.0
"""Knative's stable window, its grace period and 30 s of draining, several times over."""

Status = dict[str, Any]


_NOT_CONNECTED = 7
_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
except OSError:
    sys.exit(7)
"""


def connecting(host: str, port: int) -> list[str]:
    """A command for the service's images: status 0 if a connection succeeds, 7 if not."""
    return ["python3", "-c", _CONNECT, host, str(port)]


class Cluster:
    """The cluster of the current kubeconfig, and what one overlay puts into it."""

    def __init__(self, *, overlay: str, components: tuple[str, ...] = ()) -> None:
        kubernetes.config.load_kube_config()  # type: ignore[no-untyped-call]
        self.overlay = overlay
        self.components = components
        self.namespace = namespace(overlay)
        self._custom = kubernetes.client.CustomObjectsApi()
        self._core = kubernetes.client.CoreV1Api()

    def apply(self) -> None:
        """Apply the overlay as ``make deploy`` does, again when it was changed since."""
        _kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "kserve-ocr",
                 "--filename", "-", stdin=yaml.safe_dump_all(render(self.overlay, self.components)))  # fmt: skip

    def remove(self) -> None:
        """Delete everything the overlay made and wait until its namespace is gone."""
        _kubectl("delete", "--ignore-not-found", "--wait", "--timeout", "300s",
                 "--filename", "-", stdin=yaml.safe_dump_all(render(self.overlay, self.components)))  # fmt: skip

    def service(self) -> dict[str, Any]:
        """The InferenceService as the API server has it."""
        found = self._custom.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, NAME)
        return cast("dict[str, Any]", found)

    def change(self, patch: dict[str, Any]) -> None:
        """Merge ``patch`` into the InferenceService."""
        self._custom.patch_namespaced_custom_object(
            GROUP, VERSION, self.namespace, PLURAL, NAME, patch, _content_type="application/merge-patch+json"
        )

    def said(self) -> dict[str, Any]:
        """The containers of each component as the overlay says them."""
        spec = only(render(self.overlay, self.components), "InferenceService")["spec"]
        return {name: {"containers": part["containers"]} for name, part in spec.items()}

    def roll(self, *, images: str | None, **more: Any) -> None:
        """Make a revision of each component: ``images`` (predictor, transformer), or one more setting."""
        spec: dict[str, Any] = {}
        for number, (name, part) in enumerate(self.said().items()):
            container = dict(part["containers"][0])
            if images:
                container["image"] = images.split()[number]
            else:
                container["env"] = [*container["env"], {"name": "OCR_LOG_LEVEL", "value": "warning"}]
            spec[name] = {"containers": [container], **more}
        self.change({"spec": spec})

    def restore(self) -> None:
        """Back to the overlay's containers, for all requests."""
        self.change({"spec": {name: {**part, "canaryTrafficPercent": None} for name, part in self.said().items()}})

    def is_settled(self) -> bool:
        """Ready, with all requests of both components going to the newest revision."""
        for name in ("predictor", "transformer"):
            status = self.component(name)
            whole = [target for target in status.get("traffic", []) if target.get("percent") == 100]
            if not whole or whole[0].get("revisionName") != status.get("latestCreatedRevision"):
                return False
        return self.is_ready()

    def host(self) -> str:
        """The host that the InferenceService says is its own."""
        return str(urlsplit(self.service()["status"]["url"]).hostname)

    def component(self, name: str) -> Status:
        """``status.components`` of predictor or transformer."""
        components: dict[str, Status] = self.service().get("status", {}).get("components", {})
        return components.get(name, {})

    def pods(self) -> list[Any]:
        """The InferenceService's pods, those that are ending included."""
        selector = f"{GROUP}/inferenceservice={NAME}"
        return list(self._core.list_namespaced_pod(self.namespace, label_selector=selector).items)

    def running(self, component: str) -> list[Any]:
        """Pods of one component that are not ending."""
        return [
            pod
            for pod in self.pods()
            if pod.metadata.labels["component"] == component and pod.metadata.deletion_timestamp is None
        ]

    def predictor_host(self) -> str:
        """The host that the predictor would have at the ingress gateway if its route were public."""
        return self.host().replace("ocr-transformer", "ocr-predictor", 1)

    def kill(self, pod: Any) -> None:
        """Delete a pod without any grace."""
        self._core.delete_namespaced_pod(pod.metadata.name, self.namespace, grace_period_seconds=0)

    def can_connect(self, pod: Any, host: str, port: int) -> bool:
        """Whether a TCP connection from within a pod's container succeeds within three seconds."""
        finished = subprocess.run(
            [kubectl(), "exec", "--namespace", self.namespace, pod.metadata.name,
             "--container", "kserve-container", "--", *connecting(host, port)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert finished.returncode in (0, _NOT_CONNECTED), finished.stderr
        return finished.returncode == 0

    def can_connect_from_elsewhere(self, image: str, host: str, port: int) -> bool:
        """The same from a pod that is made for it in the namespace ``default``."""
        finished = subprocess.run(
            [kubectl(), "run", "ocr-elsewhere", "--namespace", "default", "--image", image, "--restart", "Never",
             "--image-pull-policy", "IfNotPresent", "--rm", "--attach", "--quiet", "--command", "--",
             *connecting(host, port)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert finished.returncode in (0, _NOT_CONNECTED), finished.stderr
        return finished.returncode == 0

    def is_ready(self) -> bool:
        """Whether the Ready condition is True."""
        conditions = self.service().get("status", {}).get("conditions", [])
        return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)

    def wait_ready(self) -> None:
        """Until Ready; otherwise fails with conditions, pods and warnings."""
        wait_until(self.is_ready, seconds=READY_SECONDS, otherwise=self.diagnosis)

    def wait_asleep(self) -> None:
        """Until no pod is left; otherwise fails with the same."""
        wait_until(lambda: not self.pods(), seconds=ZERO_SECONDS, otherwise=self.diagnosis)

    def is_gone(self) -> bool:
        """Whether the namespace is gone."""
        try:
            self._core.read_namespace(self.namespace)
        except ApiException as error:
            return bool(error.status == 404)
        return False

    def diagnosis(self) -> str:
        """What somebody would look at first."""
        lines = [
            f"{found['type']}: {found['status']} {found.get('reason', '')} {found.get('message', '')}"
            for found in self.service().get("status", {}).get("conditions", [])
            if found["status"] != "True" and found["type"] != "Stopped"
        ]
        for pod in self.pods():
            states = [
                f"{container.name} {container.state.waiting.reason}: {container.state.waiting.message}"
                for container in pod.status.container_statuses or []
                if container.state.waiting
            ]
            lines.append(f"pod {pod.metadata.name}: {pod.status.phase} {'; '.join(states)}")
        events = self._core.list_namespaced_event(self.namespace, field_selector="type=Warning").items
        lines += [f"event {event.involved_object.name}: {event.reason} {event.message}" for event in events[-15:]]
        return "\n".join(lines)


def wait_until(done: Callable[[], bool], *, seconds: float, otherwise: Callable[[], str]) -> None:
    """Ask every second; fail with ``otherwise`` when ``seconds`` are over."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds:.0f} s:\n{otherwise()}"
        time.sleep(1)


@contextlib.contextmanager
def forwarded_gateway() -> Iterator[str]:
    """The address of the ingress gateway: OCR_INGRESS, or a port of this machine forwarded to it."""
    if address := os.environ.get("OCR_INGRESS"):
        yield address
        return
    for space, service in GATEWAYS:
        if subprocess.run([kubectl(), "get", "-n", space, service], capture_output=True, check=False).returncode == 0:
            break
    else:
        raise AssertionError("found neither Kourier's nor Istio's gateway; say its address in OCR_INGRESS")
    forwarding = subprocess.Popen(
        [kubectl(), "port-forward", "--namespace", space, service, ":80"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert forwarding.stdout
        # Forwarding from 127.0.0.1:PORT -> 8080
        line = forwarding.stdout.readline()
        yield f"http://{line.split()[2]}"
    finally:
        forwarding.terminate()
        forwarding.communicate()


def _kubectl(*arguments: str, stdin: str) -> None:
    finished = subprocess.run(
        [kubectl(), *arguments], input=stdin, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert finished.returncode == 0, f"kubectl {' '.join(arguments)}: {finished.stderr}"
