#!/usr/bin/env python3
"""Turn what a cluster says about a failed deployment into sentences that say what to do; reads it from stdin.

``scripts/deploy`` passes conditions, pods and events of the namespace.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTA = re.compile(
    r"exceeded quota: (?P<name>[\w.-]+), requested: (?P<requested>.+), "
    r"used: (?P<used>.+), limited: (?P<limited>[^\s;]+)"
)
_MODEL = re.compile(r"\S*\.traineddata\S* [^\n]*")


@dataclass(frozen=True, kw_only=True)
class _Cause:
    pattern: str
    message: str
    remedy: str


_CAUSES = (
    _Cause(
        pattern=r"ErrImagePull|ImagePullBackOff|Failed to pull image|Unable to fetch image",
        message="an image cannot be pulled",
        remedy="check its name, push it (`make images PUSH=1`) or load it into the nodes; a private registry needs "
        "imagePullSecrets on the service account ocr",
    ),
    _Cause(
        pattern=r"Insufficient (?:cpu|memory)",
        message="no node has room for a pod",
        remedy="add a node, lower the requests in the overlay, or delete old revisions",
    ),
    _Cause(
        pattern=r"violates PodSecurity",
        message="the namespace's Pod Security profile rejects a pod",
        remedy="language models from oci://, s3:// and the like need `enforce: baseline`, which the component "
        "languages sets",
    ),
    _Cause(
        pattern=r"OOMKilled",
        message="a container needed more memory than its limit",
        remedy="lower OCR_WORKERS or OCR_WORKER_MEMORY_MIB, or raise the limit",
    ),
    _Cause(
        pattern=r"no PriorityClass with name",
        message="the PriorityClass of the component placement is missing",
        remedy="kubectl apply --server-side -k kustomize/cluster",
    ),
    _Cause(
        pattern=r"topologySpreadConstraints|priorityClassName",
        message="Knative rejects a field of the component placement",
        remedy="enable kubernetes.podspec-topologyspreadconstraints and kubernetes.podspec-priorityclassname in "
        "knative-serving's ConfigMap config-features",
    ),
)


def explain(text: str) -> Iterator[str]:
    """A sentence for each known cause in ``text``, each once."""
    for found in {match["name"]: match for match in _QUOTA.finditer(text)}.values():
        yield (
            f"the ResourceQuota {found['name']} is used up: {found['requested']} was requested, {found['used']} of"
            f" {found['limited']} is taken. Raise the quota in the overlay (manifests/quota.yaml has the sum), lower"
            " maxReplicas, or wait until the pods of the old revision have ended"
        )
    if match := _MODEL.search(text):
        yield f"a mounted language model cannot be used: {match[0]}"
    for cause in _CAUSES:
        if re.search(cause.pattern, text):
            yield f"{cause.message}: {cause.remedy}"


def main() -> None:
    """Print a line for each cause."""
    for sentence in explain(sys.stdin.read()):
        print(f"→ {sentence}")


if __name__ == "__main__":
    main()
