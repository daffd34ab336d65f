"""What admission adds to an object: defaults of CustomResourceDefinitions, KServe's webhook, canonical forms.

Read from KServe 0.20's ``pkg/apis/serving/v1beta1`` (inference_service_defaults.go, predictor_custom.go,
transformer_custom.go) and the ConfigMap it installs, and from Kubernetes' ``pkg/apis/*/v1/defaults.go``.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.deploy.support.quantities import canonical
from tests.deploy.support.rendering import Resource
from tests.deploy.support.schemas import definition

RESOURCES = {"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "1", "memory": "2Gi"}}
"""``inferenceService.resource`` of KServe's ConfigMap."""
MODES = {"Serverless": "Knative", "RawDeployment": "Standard"}
"""Names of deployment modes that the webhook rewrites."""


def admitted(resource: Resource) -> Resource:
    """The object as the API server would store it, status and server-side bookkeeping aside."""
    made = copy.deepcopy(resource)
    if (schema := definition(made["apiVersion"], made["kind"])) is not None:
        _structural(made, schema)
    match made["kind"]:
        case "InferenceService":
            _inference_service(made)
        case "ResourceQuota":
            made["spec"]["hard"] = _quantities(made["spec"]["hard"])
        case "LimitRange":
            for item in made["spec"]["limits"]:
                item.setdefault("defaultRequest", item["default"])
                item["default"] = _quantities(item["default"])
                item["defaultRequest"] = item["default"] | _quantities(item["defaultRequest"])
        case "NetworkPolicy":
            _network_policy(made["spec"])
        case "DomainMapping":
            made["spec"]["ref"].setdefault("namespace", made["metadata"]["namespace"])
    return made


def _structural(value: Any, schema: dict[str, Any]) -> None:
    """Fill in a CustomResourceDefinition's own defaults, in place."""
    if isinstance(value, list):
        for item in value:
            _structural(item, schema.get("items", {}))
    elif isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name not in value and "default" in child:
                value[name] = copy.deepcopy(child["default"])
            if name in value:
                _structural(value[name], child)


def _inference_service(made: Resource) -> None:
    annotations = made["metadata"].setdefault("annotations", {})
    mode = annotations.setdefault("serving.kserve.io/deploymentMode", "Standard")
    annotations["serving.kserve.io/deploymentMode"] = MODES.get(mode, mode)
    for name, part in made["spec"].items():
        first, alone = part["containers"][0], len(part["containers"]) == 1
        if name == "transformer" or alone or not first.get("name"):
            first["name"] = "kserve-container"
        for kind, wanted in RESOURCES.items():
            said = first.setdefault("resources", {}).setdefault(kind, {})
            first["resources"][kind] = wanted | said
        part.setdefault("automountServiceAccountToken", False)
        for container in part["containers"]:
            container["resources"] = {kind: _quantities(said) for kind, said in container["resources"].items()}
        for volume in part["volumes"]:
            volume["emptyDir"] = _quantities(volume["emptyDir"])
    made["spec"] = _without_zeros(made["spec"])


def _without_zeros(value: Any) -> Any:
    """The value as Go's ``omitempty`` writes it back; ``minReplicas`` and switches are pointers and keep theirs."""
    if isinstance(value, dict):
        kept = ("minReplicas", "canaryTrafficPercent")
        return {
            name: _without_zeros(child)
            for name, child in value.items()
            if name in kept or isinstance(child, bool) or child not in (0, "", None, [])
        }
    return [_without_zeros(item) for item in value] if isinstance(value, list) else value


def _network_policy(spec: Resource) -> None:
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if "egress" in spec else ["Ingress"])
    for rule in spec.get("ingress", []) + spec.get("egress", []):
        for port in rule.get("ports", []):
            port.setdefault("protocol", "TCP")


def _quantities(said: dict[str, str]) -> dict[str, str]:
    return {name: canonical(quantity) if name != "medium" else quantity for name, quantity in said.items()}
