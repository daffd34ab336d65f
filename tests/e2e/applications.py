"""The Application by which Argo CD keeps an overlay: found, watched, given another image and given back its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, cast

import kubernetes
from kubernetes.client.exceptions import ApiException

from tests.e2e.clusters import READY_SECONDS, Cluster, wait_until

GROUP, VERSION, PROJECT = "argoproj.io", "v1alpha1", "ocr"
REFRESH = "argocd.argoproj.io/refresh"
REFRESH_SECONDS = 120.0
HEAL_SECONDS = 360.0
"""Argo CD heals within seconds at first; before it heals one commit again and again it waits for up to 300 s."""

Resource = dict[str, Any]


def find_application(name: str) -> Application | None:
    """The Application ``name`` of this project, or None where there is none, or no Argo CD that may be read."""
    kubernetes.config.load_kube_config()  # type: ignore[no-untyped-call]
    try:
        custom = kubernetes.client.CustomObjectsApi()
        listed = cast("Resource", custom.list_cluster_custom_object(GROUP, VERSION, "applications"))
    except ApiException as error:
        if error.status in (403, 404):
            return None
        raise
    for said in listed["items"]:
        if said["metadata"]["name"] == name and said["spec"]["project"] == PROJECT:
            return Application(said)
    return None


class Application:
    """One Application, and the cluster as seen from its overlay."""

    def __init__(self, said: Resource) -> None:
        self.name = said["metadata"]["name"]
        self.namespace = said["metadata"]["namespace"]
        self.overlay = PurePosixPath(said["spec"]["source"]["path"]).name
        self.cluster = Cluster(overlay=self.overlay)
        self._custom = kubernetes.client.CustomObjectsApi()
        self._core = kubernetes.client.CoreV1Api()

    def read(self) -> Resource:
        """The Application as the API server has it."""
        return self._read("applications", self.name)

    def health(self) -> str:
        """Healthy, Progressing, Degraded, Suspended, Missing, or Unknown."""
        return _health(self.read())

    def is_settled(self) -> bool:
        """Whether it is Synced and Healthy, compared with the source that it has now, and nothing is being synced."""
        said = self.read()
        sync = said.get("status", {}).get("sync", {})
        return (
            sync.get("status") == "Synced"
            and _health(said) == "Healthy"
            and sync.get("comparedTo", {}).get("source") == said["spec"]["source"]
            and not _is_running(said)
        )

    def wait_settled(self) -> None:
        """Until it is settled; otherwise fails with conditions, operation, pods and warnings."""
        wait_until(self.is_settled, seconds=READY_SECONDS, otherwise=self.diagnosis)

    def refresh(self) -> None:
        """Have the status determined again now, and wait for that."""
        self._patch("applications", self.name, {"metadata": {"annotations": {REFRESH: "normal"}}})
        wait_until(
            lambda: REFRESH not in self.read()["metadata"].get("annotations", {}),
            seconds=REFRESH_SECONDS,
            otherwise=self.diagnosis,
        )

    def quota(self) -> str:
        """The number of pods that the overlay's ResourceQuota allows."""
        quota = self._core.read_namespaced_resource_quota("ocr", self.cluster.namespace).to_dict()
        return str(quota["spec"]["hard"]["pods"])

    def heal(self) -> None:
        """Allow one pod more by hand and wait until Argo CD has taken it back; otherwise takes it back and fails."""
        before = self.quota()
        self._set_quota(str(int(before) + 1))
        try:
            wait_until(lambda: self.quota() == before, seconds=HEAL_SECONDS, otherwise=self.diagnosis)
        finally:
            if self.quota() != before:
                self._set_quota(before)

    def image(self) -> str:
        """The predictor's image, as Argo CD applied it."""
        return str(self.cluster.service()["spec"]["predictor"]["containers"][0]["image"])

    @contextlib.contextmanager
    def promoted(self, image: str) -> Iterator[None]:
        """Let Argo CD roll ``image`` out as the predictor's during the block, then roll back and wait for that.

        An ApplicationSet would undo a change of its Application at once, so that it is the one that is changed.
        """
        before = self.image()
        plural, name, promotion, rollback = self._promotion(f"{image_name(before)}={image}")

        def rolled_back() -> bool:
            self._end_outdated_operation()
            return self.image() == before and self.is_settled()

        self._patch(plural, name, promotion)
        try:
            yield
        finally:
            self._patch(plural, name, rollback)
            wait_until(rolled_back, seconds=READY_SECONDS, otherwise=self.diagnosis)

    def rolls_out_in_vain(self, before: str) -> bool:
        """Whether there is a revision of the predictor after ``before``, and Argo CD does not call that healthy."""
        created = self.cluster.component("predictor").get("latestCreatedRevision")
        return created != before and self.health() in ("Progressing", "Degraded")

    def diagnosis(self) -> str:
        """What somebody would look at first."""
        said = self.read()
        status = said.get("status", {})
        operation = status.get("operationState", {})
        lines = [
            f"{self.name}: {status.get('sync', {}).get('status')}, {_health(said)}",
            f"operation: {operation.get('phase')} {operation.get('message', '')}",
            *(f"{found['type']}: {found.get('message', '')}" for found in status.get("conditions", [])),
        ]
        return "\n".join([*lines, self.cluster.diagnosis()])

    def _promotion(self, override: str) -> tuple[str, str, Resource, Resource]:
        """Plural and name of the object to change, the patch, and the patch that takes it back."""
        said = self.read()
        source = {"kustomize": {"images": [override]}}
        for owner in said["metadata"].get("ownerReferences", []):
            if owner["kind"] == "ApplicationSet":
                spec = self._read("applicationsets", owner["name"])["spec"]
                template = template_patch(self.overlay, {"spec": {"source": source}})
                back = {"templatePatch": spec.get("templatePatch")}
                return "applicationsets", owner["name"], {"spec": {"templatePatch": template}}, {"spec": back}
        kustomize = said["spec"]["source"].get("kustomize")
        back = {"kustomize": {"images": None, **kustomize} if kustomize else None}
        return "applications", self.name, {"spec": {"source": source}}, {"spec": {"source": back}}

    def _end_outdated_operation(self) -> None:
        """End a sync of another source than the present one, as ``argocd app terminate-op`` does.

        It waits for health that never comes, and Argo CD starts no other sync before its end.
        """
        said = self.read()
        state = said.get("status", {}).get("operationState", {})
        synced = state.get("syncResult", {}).get("source")
        if state.get("phase") == "Running" and synced not in (None, said["spec"]["source"]):
            self._patch("applications", self.name, {"status": {"operationState": {"phase": "Terminating"}}})

    def _set_quota(self, pods: str) -> None:
        self._core.patch_namespaced_resource_quota(
            "ocr",
            self.cluster.namespace,
            {"spec": {"hard": {"pods": pods}}},
            _content_type="application/merge-patch+json",
        )

    def _read(self, plural: str, name: str) -> Resource:
        found = self._custom.get_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, name)
        return cast("Resource", found)

    def _patch(self, plural: str, name: str, patch: Resource) -> None:
        self._custom.patch_namespaced_custom_object(
            GROUP, VERSION, self.namespace, plural, name, patch, _content_type="application/merge-patch+json"
        )


def image_name(reference: str) -> str:
    """An image's reference without tag and digest."""
    path, slash, last = reference.partition("@")[0].rpartition("/")
    return path + slash + last.partition(":")[0]


def template_patch(overlay: str, patch: Resource) -> str:
    """An ApplicationSet's ``templatePatch`` that changes one overlay's Application and no other."""
    return f'{{{{ if eq .overlay "{overlay}" }}}}{json.dumps(patch)}{{{{ else }}}}{{}}{{{{ end }}}}'


def _health(said: Resource) -> str:
    return str(said.get("status", {}).get("health", {}).get("status", "Unknown"))


def _is_running(said: Resource) -> bool:
    phase = said.get("status", {}).get("operationState", {}).get("phase")
    return "operation" in said or phase in ("Running", "Terminating")
