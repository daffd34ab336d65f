"""Rules that KServe and Knative have in addition to their schemas, and the arithmetic that the manifests promise.

Read from the sources of KServe 0.20 and Knative 1.21 to 1.23.
"""

from __future__ import annotations

import copy
import os
from decimal import Decimal
from unittest import mock

import pytest
import yaml

from kserve_ocr.protocol.names import MODEL_NAME
from kserve_ocr.setting_fields import setting_fields
from kserve_ocr.settings import load
from kserve_ocr.version import VERSION
from predictor.settings import PredictorSettings
from tests.deploy.support.quantities import amount
from tests.deploy.support.rendering import (
    CASES,
    OVERLAYS,
    ROOT,
    Resource,
    arguments,
    build,
    environment,
    namespace,
    of_kind,
    only,
    parts,
    render,
    service,
)
from tests.deploy.support.schemas import problems
from transformer.settings import TransformerSettings

KNATIVE_CASES = [case for case in CASES if "standard-mode" not in case[1]]
STANDARD_CASES = [case for case in CASES if "standard-mode" in case[1]]
SEPARATE_CASES = [case for case in KNATIVE_CASES if "collocated" not in case[1]]
COLLOCATED_CASES = [case for case in CASES if "collocated" in case[1]]

POD_FIELDS = {"automountServiceAccountToken", "containers", "enableServiceLinks", "imagePullSecrets",
              "serviceAccountName", "volumes"}  # fmt: skip
"""Fields of a pod that Knative takes without a feature flag."""
GATED_FIELDS = {"priorityClassName", "topologySpreadConstraints"}
"""Fields of a pod that Knative takes with the feature flags that the component placement names."""
COMPONENT_FIELDS = {"annotations", "canaryTrafficPercent", "containerConcurrency", "labels", "maxReplicas",
                    "minReplicas", "scaleMetric", "scaleTarget", "timeout"}  # fmt: skip
CONTAINER_FIELDS = {"args", "command", "env", "image", "imagePullPolicy", "livenessProbe", "name", "ports",
                    "readinessProbe", "resources", "securityContext", "startupProbe", "volumeMounts"}  # fmt: skip
RESERVED_PORTS = {8008, 8012, 8013, 8022, 9090, 9091}
QUEUE_PROXY_QUIET = 30
"""Seconds that queue-proxy waits after SIGTERM for routes to forget the pod."""
COLD_START = 60
"""Seconds allowed for a pod to come from nothing, its image pulled."""
SERVER_MEGABYTES = 256
"""MiB of the predictor's own process with the pages it holds."""
QUEUE_PROXY = "queue.sidecar.serving.knative.dev/{}-resource-{}"


def containers(inference_service: Resource) -> list[Resource]:
    return [container for part in parts(inference_service).values() for container in part["containers"]]


def predictor_container(inference_service: Resource) -> Resource:
    container: Resource = parts(inference_service)["predictor"]["containers"][0]
    return container


def transformer_container(inference_service: Resource) -> Resource:
    container: Resource = containers(inference_service)[-1]
    return container


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_first_container_is_kserves(overlay: str, components: tuple[str, ...]) -> None:
    for part in parts(service(overlay, components)).values():
        assert part["containers"][0]["name"] == "kserve-container"


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_arguments_name_one_model_and_one_server(overlay: str, components: tuple[str, ...]) -> None:
    for container in containers(service(overlay, components)):
        said = arguments(container)
        assert said["workers"] == "1"
        assert said["model_name"] == MODEL_NAME
        assert said["http_port"].isdecimal()


@pytest.mark.parametrize(("overlay", "components"), SEPARATE_CASES)
def test_kserve_says_where_the_predictor_is(overlay: str, components: tuple[str, ...]) -> None:
    # Said here it would be wrong in every namespace but one.
    assert "predictor_host" not in arguments(transformer_container(service(overlay, components)))


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_settings_are_ones_that_the_services_have(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    for container, settings in (
        (predictor_container(found), PredictorSettings),
        (transformer_container(found), TransformerSettings),
    ):
        names = {f"OCR_{field.upper()}" for field in setting_fields(settings)} | {"STORAGE_URI"}
        with mock.patch.dict(os.environ, environment(container)):
            load(settings)
        assert set(environment(container)) <= names  # neither PYTHONPATH nor PORT, which are refused


@pytest.mark.parametrize(("overlay", "components"), SEPARATE_CASES)
def test_predictor_concurrency_is_its_workers_is_its_cpus(overlay: str, components: tuple[str, ...]) -> None:
    predictor = parts(service(overlay, components))["predictor"]
    container = predictor["containers"][0]
    workers = int(environment(container)["OCR_WORKERS"])
    assert predictor["containerConcurrency"] == predictor["scaleTarget"] == workers
    assert amount(container["resources"]["limits"]["cpu"]) == workers


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_workers_at_their_memory_limit_fit_the_pods(overlay: str, components: tuple[str, ...]) -> None:
    container = predictor_container(service(overlay, components))
    said = environment(container)
    needed = int(said["OCR_WORKERS"]) * int(said["OCR_WORKER_MEMORY_MIB"]) + SERVER_MEGABYTES
    assert needed * 1024**2 <= amount(container["resources"]["limits"]["memory"])


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_transformer_concurrency_is_a_small_multiple_of_its_cpus(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    container = transformer_container(found)
    cpus = amount(container["resources"]["limits"]["cpu"])
    outer = parts(found).get("transformer", parts(found)["predictor"])
    assert cpus < outer["containerConcurrency"] <= 10 * cpus
    assert int(environment(container)["OCR_DECODE_WORKERS"]) == cpus


@pytest.mark.parametrize(("overlay", "components"), SEPARATE_CASES)
def test_pages_in_flight_keep_every_predictor_busy(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    predictor, transformer = parts(found)["predictor"], parts(found)["transformer"]
    pages = int(environment(transformer_container(found))["OCR_PAGES_IN_FLIGHT"])
    workers = int(environment(predictor_container(found))["OCR_WORKERS"])
    assert pages * transformer["maxReplicas"] >= 2 * workers * predictor["maxReplicas"]
    assert pages > workers  # or Knative would see no reason to add a predictor


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_timeouts_nest(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    predictor, outer = parts(found)["predictor"], parts(found).get("transformer", parts(found)["predictor"])
    page = int(environment(predictor_container(found))["OCR_PAGE_SECONDS"])
    request = int(environment(transformer_container(found))["OCR_REQUEST_SECONDS"])
    read_again = 2 * page
    assert read_again <= predictor["timeout"]
    assert read_again + COLD_START <= request < outer["timeout"] <= 600


@pytest.mark.parametrize(("overlay", "components"), SEPARATE_CASES)
def test_drain_fits_the_grace_that_knative_gives(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    for part, setting in (("predictor", "OCR_PAGE_SECONDS"), ("transformer", "OCR_REQUEST_SECONDS")):
        said = environment(parts(found)[part]["containers"][0])
        needed = QUEUE_PROXY_QUIET + int(said[setting]) + int(said["OCR_DRAIN_SECONDS"])
        assert needed <= parts(found)[part]["timeout"], part


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_nothing_that_knative_gates_or_refuses(overlay: str, components: tuple[str, ...]) -> None:
    for part in parts(service(overlay, components)).values():
        allowed = POD_FIELDS | COMPONENT_FIELDS | (GATED_FIELDS if "placement" in components else set())
        assert set(part) <= allowed
        ports = [port for container in part["containers"] for port in container.get("ports", [])]
        assert len(ports) == 1
        assert ports[0].get("name", "") in ("", "http1", "h2c")
        assert ports[0]["containerPort"] not in RESERVED_PORTS
        mounted = {mount["name"] for container in part["containers"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in part["volumes"]}
        assert all(set(volume) == {"name", "emptyDir"} for volume in part["volumes"])
        for container in part["containers"]:
            assert set(container) <= CONTAINER_FIELDS
            assert set(container["securityContext"]["capabilities"]) == {"drop"}
            assert all(set(entry) == {"name", "value"} for entry in container.get("env", []))
            if "ports" not in container:
                assert not {"livenessProbe", "readinessProbe", "startupProbe"} & set(container)


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_knative_probes_until_the_first_yes(overlay: str, components: tuple[str, ...]) -> None:
    for container in containers(service(overlay, components)):
        if "ports" not in container:
            continue
        probe = container["readinessProbe"]
        assert probe["httpGet"] == {"path": "/v2/health/ready", "port": int(arguments(container)["http_port"])}
        # With a period Knative asks once in that period; and without one these two are refused.
        assert not {"periodSeconds", "timeoutSeconds", "failureThreshold"} & set(probe)


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_scaling_is_what_the_knative_autoscaler_takes(overlay: str, components: tuple[str, ...]) -> None:
    for part in parts(service(overlay, components)).values():
        assert part["scaleMetric"] in ("concurrency", "rps")
        assert 0 == part["minReplicas"] < part["maxReplicas"]
        assert part["scaleTarget"] <= part["containerConcurrency"]


@pytest.mark.parametrize(("overlay", "components"), STANDARD_CASES)
def test_standard_mode_is_what_the_horizontal_autoscaler_takes(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    assert found["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"
    for part in parts(found).values():
        assert part["scaleMetric"] == "cpu"
        assert 1 <= part["scaleTarget"] <= 100
        assert 1 <= part["minReplicas"] <= part["maxReplicas"]
        assert not {"annotations", "canaryTrafficPercent"} & set(part)
        drain = max(int(environment(container)["OCR_DRAIN_SECONDS"]) for container in part["containers"])
        assert part["terminationGracePeriodSeconds"] > drain
        assert all("preStop" in container["lifecycle"] for container in part["containers"])


@pytest.mark.parametrize(("overlay", "components"), COLLOCATED_CASES)
def test_collocated_containers_find_each_other(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    assert set(parts(found)) == {"predictor"}
    predictor, transformer = parts(found)["predictor"]["containers"]
    assert transformer["name"] == "transformer-container"
    assert arguments(transformer)["predictor_host"] == f"localhost:{arguments(predictor)['http_port']}"
    assert arguments(predictor)["http_port"] != arguments(transformer)["http_port"]
    assert {mount["name"] for mount in predictor["volumeMounts"]}.isdisjoint(
        mount["name"] for mount in transformer["volumeMounts"]
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_grpc_and_http_share_the_port(overlay: str) -> None:
    container = transformer_container(service(overlay, ("grpc",)))
    assert arguments(container)["enable_grpc"] == "true"
    assert arguments(container)["grpc_port"] != arguments(container)["http_port"]
    assert container["ports"] == [
        {"containerPort": int(arguments(container)["http_port"]), "name": "h2c", "protocol": "TCP"}
    ]
    assert container["livenessProbe"] == transformer_container(service(overlay, ()))["livenessProbe"]


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_containers_satisfy_the_restricted_profile(overlay: str, components: tuple[str, ...]) -> None:
    labels = only(render(overlay, components), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == ("baseline" if "languages" in components else "restricted")
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    for container in containers(service(overlay, components)):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsGroup": 10001,
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_pods_use_the_account_without_a_token(overlay: str, components: tuple[str, ...]) -> None:
    account = only(render(overlay, components), "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    for part in parts(service(overlay, components)).values():
        assert part["serviceAccountName"] == account["metadata"]["name"]
        assert part["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_quota_leaves_room_for_a_roll_at_full_scale(overlay: str, components: tuple[str, ...]) -> None:
    hard = only(render(overlay, components), "ResourceQuota")["spec"]["hard"]
    needed: dict[str, Decimal] = dict.fromkeys(hard, Decimal(0))
    for part in parts(service(overlay, components)).values():
        copies = 2 * part["maxReplicas"]
        needed["pods"] += copies
        for name in set(hard) - {"pods"}:
            kind, resource = name.split(".")
            annotation = QUEUE_PROXY.format(resource, kind.removesuffix("s"))
            queue_proxy = part.get("annotations", {}).get(annotation, "0")
            each = sum(amount(container["resources"][kind][resource]) for container in part["containers"])
            needed[name] += copies * (each + amount(queue_proxy))
    short = {name: (needed[name], hard[name]) for name in hard if amount(hard[name]) < needed[name]}
    assert not short


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_queue_proxy_has_resources_for_the_quota(overlay: str, components: tuple[str, ...]) -> None:
    for part in parts(service(overlay, components)).values():
        for resource in ("cpu", "memory"):
            request = amount(part["annotations"][QUEUE_PROXY.format(resource, "request")])
            assert request <= amount(part["annotations"][QUEUE_PROXY.format(resource, "limit")])


@pytest.mark.parametrize(("overlay", "components"), SEPARATE_CASES)
def test_one_page_needs_one_pod(overlay: str, components: tuple[str, ...]) -> None:
    predictor = parts(service(overlay, components))["predictor"]
    percentage = int(predictor["annotations"]["autoscaling.knative.dev/target-utilization-percentage"])
    assert predictor["scaleTarget"] * percentage / 100 >= 1


VISIBILITY = "networking.knative.dev/visibility"


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_only_what_clients_call_has_a_route_outside(overlay: str, components: tuple[str, ...]) -> None:
    found = parts(service(overlay, components))
    local = {name for name, part in found.items() if part.get("labels", {}).get(VISIBILITY) == "cluster-local"}
    assert local == ({"predictor"} if "transformer" in found else set())


@pytest.mark.parametrize(("overlay", "components"), STANDARD_CASES)
def test_without_knative_a_policy_keeps_the_ingress_from_the_predictor(
    overlay: str, components: tuple[str, ...]
) -> None:
    policies = {
        policy["metadata"]["name"]: policy["spec"] for policy in of_kind(render(overlay, components), "NetworkPolicy")
    }
    selected = policies["allow-ingress-controllers"]["podSelector"]["matchLabels"]["component"]
    assert selected == ("predictor" if "collocated" in components else "transformer")
    assert not any(VISIBILITY in part.get("labels", {}) for part in parts(service(overlay, components)).values())


@pytest.mark.parametrize(("overlay", "components"), KNATIVE_CASES)
def test_a_revision_that_does_not_start_fails_after_two_minutes(overlay: str, components: tuple[str, ...]) -> None:
    for part in parts(service(overlay, components)).values():
        assert part["annotations"]["serving.knative.dev/progress-deadline"] == "120s"
        assert part["annotations"].get("autoscaling.knative.dev/initial-scale") != "0"


def test_production_moves_traffic_while_its_pods_start() -> None:
    for overlay in OVERLAYS:
        for part in parts(service(overlay)).values():
            moved = part["annotations"].get("serving.knative.dev/rollout-duration")
            assert moved == ("120s" if overlay == "production" else None)
            initial = int(part["annotations"].get("autoscaling.knative.dev/initial-scale", 1))
            assert initial <= part["maxReplicas"]


@pytest.mark.parametrize(("overlay", "components"), [case for case in CASES if "disruption-budgets" in case[1]])
def test_budgets_select_the_pods_that_there_are(overlay: str, components: tuple[str, ...]) -> None:
    budgets = of_kind(render(overlay, components), "PodDisruptionBudget")
    selected = {budget["spec"]["selector"]["matchLabels"]["component"] for budget in budgets}
    assert selected == set(parts(service(overlay, components)))
    assert all(budget["spec"]["maxUnavailable"] == 1 for budget in budgets)


@pytest.mark.parametrize(("overlay", "components"), [case for case in CASES if "placement" in case[1]])
def test_pods_spread_without_being_held_up(overlay: str, components: tuple[str, ...]) -> None:
    for name, part in parts(service(overlay, components)).items():
        for constraint in part["topologySpreadConstraints"]:
            assert constraint["labelSelector"]["matchLabels"]["component"] == name
            assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert part["priorityClassName"] == only(build(ROOT / "kustomize/cluster"), "PriorityClass")["metadata"]["name"]


@pytest.mark.parametrize(("overlay", "components"), [case for case in CASES if "languages" in case[1]])
def test_languages_reach_the_predictor_only(overlay: str, components: tuple[str, ...]) -> None:
    found = service(overlay, components)
    assert environment(predictor_container(found))["STORAGE_URI"].startswith("oci+native://")
    assert "STORAGE_URI" not in environment(transformer_container(found))


def test_the_serving_runtime_runs_the_predictor_of_the_base() -> None:
    resources = build(ROOT / "kustomize" / "cluster")
    assert not [problem for resource in resources for problem in problems(resource)]
    runtime, base = only(resources, "ClusterServingRuntime")["spec"], parts(service("dev"))["predictor"]
    (container,), (expected,) = runtime["containers"], copy.deepcopy(base["containers"])
    expected["args"][0] = "--model_name={{.Name}}"
    assert container == expected
    assert runtime["volumes"] == base["volumes"]
    assert runtime["annotations"] == base["annotations"]
    assert runtime["protocolVersions"] == ["v2"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_autoscaling_annotations_stay_on_the_components(overlay: str) -> None:
    # Knative refuses them on a Service's own metadata.
    annotations = service(overlay)["metadata"]["annotations"]
    assert not [name for name in annotations if name.startswith("autoscaling.knative.dev/")]


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_everything_is_denied_that_is_not_allowed(overlay: str, components: tuple[str, ...]) -> None:
    policies = {policy["metadata"]["name"]: policy for policy in of_kind(render(overlay, components), "NetworkPolicy")}
    deny = policies.pop("default-deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in policies.values():
        rules = policy["spec"].get("ingress", []) + policy["spec"].get("egress", [])
        assert rules
        assert all(rule["ports"] and (rule.get("from") or rule.get("to")) for rule in rules)


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_where_images_are_promoted_none_is_called_latest(overlay: str) -> None:
    for container in containers(service(overlay)):
        name = container["image"].rpartition("/")[2]
        assert "@sha256:" in name or (":" in name and not name.endswith(":latest"))


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_without_a_promoted_digest_the_service_is_stopped(overlay: str) -> None:
    found = service(overlay)
    promoted = all("@sha256:" in container["image"] for container in containers(found))
    stopped = found["metadata"]["annotations"].get("serving.kserve.io/stop") == "true"
    assert promoted is not stopped


def test_images_loaded_by_hand_have_the_distributions_version() -> None:
    version = VERSION
    for container in containers(service("local")):
        assert container["image"].startswith("dev.local/")  # Knative resolves no tag there
        assert container["image"].endswith(f":{version}")
    for dockerfile in ("predictor/Dockerfile", "transformer/Dockerfile"):
        assert f"ARG VERSION={version}\n" in (ROOT / dockerfile).read_text()


def test_production_is_larger_and_sleeps_later() -> None:
    for part in ("predictor", "transformer"):
        dev, production = parts(service("dev"))[part], parts(service("production"))[part]
        assert production["maxReplicas"] > dev["maxReplicas"]
        assert "autoscaling.knative.dev/scale-to-zero-pod-retention-period" in production["annotations"]


def test_the_namespace_of_the_base_is_the_laptops() -> None:
    base = yaml.safe_load((ROOT / "manifests" / "kustomization.yaml").read_text())
    assert base["namespace"] == namespace("local") == "ocr"
