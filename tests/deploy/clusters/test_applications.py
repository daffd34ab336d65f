"""The end-to-end suite's view of Argo CD, on an imitation of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.clusters.api_server import ApiServer
from tests.deploy.clusters.argo_cd import (
    APPLICATION,
    BAD,
    GOOD,
    LIST,
    OVERRIDE,
    QUOTA,
    SET,
    SOURCE,
    Clock,
    generate,
    said,
    sync,
)
from tests.deploy.support.rendering import ROOT, build, only
from tests.e2e.applications import REFRESH, Application, find_application, image_name, template_patch
from tools.promote import Release, images_file


def test_nothing_is_found_without_argo_cd(api: ApiServer, kubeconfig: None) -> None:
    assert find_application("ocr-dev") is None


def test_an_application_of_another_project_is_not_found(api: ApiServer, kubeconfig: None) -> None:
    other = said()
    other["spec"]["project"] = "default"
    api.answers[LIST] = {"items": [other]}
    assert find_application("ocr-dev") is None


def test_an_application_tells_its_overlay_and_namespace(application: Application) -> None:
    assert (application.namespace, application.overlay, application.cluster.namespace) == ("argocd", "dev", "ocr-dev")


@pytest.mark.parametrize(
    "status",
    [
        {"sync": {"status": "OutOfSync", "comparedTo": {"source": SOURCE}}},
        {"sync": {"status": "Synced", "comparedTo": {"source": {**SOURCE, "targetRevision": "v1"}}}},
        {"sync": {}},
        {"health": {"status": "Progressing"}},
        {"health": {"status": "Degraded"}},
        {"operationState": {"phase": "Running"}},
    ],
)
def test_only_synced_and_healthy_with_the_present_source_is_settled(
    api: ApiServer, application: Application, status: dict[str, Any]
) -> None:
    assert application.is_settled()
    api.answers[APPLICATION] = said(**status)
    assert not application.is_settled()


def test_a_requested_sync_is_not_settled(api: ApiServer, application: Application) -> None:
    api.answers[APPLICATION]["operation"] = {"sync": {}}
    assert not application.is_settled()


def test_waiting_ends_with_what_argo_cd_says(api: ApiServer, application: Application) -> None:
    api.answers[APPLICATION] = said(
        health={"status": "Degraded"},
        operationState={"phase": "Failed", "message": "one or more objects failed"},
        conditions=[{"type": "SyncError", "message": "exceeded quota"}],
    )
    with pytest.raises(AssertionError, match=r"(?s)ocr-dev: Synced, Degraded.*Failed one or more.*SyncError: exceeded"):
        application.wait_settled()


def test_a_refresh_is_waited_for(api: ApiServer, application: Application, clock: Clock) -> None:
    clock.work = lambda: api.answers[APPLICATION]["metadata"]["annotations"].pop(REFRESH)
    application.refresh()
    assert api.patches[0][1] == {"metadata": {"annotations": {REFRESH: "normal"}}}
    assert clock.now == 30


def test_a_healed_change_is_left_to_argo_cd(api: ApiServer, application: Application, clock: Clock) -> None:
    clock.work = lambda: api.answers[QUOTA]["spec"]["hard"].update(pods="16")
    application.heal()
    assert [patch for _, patch in api.patches] == [{"spec": {"hard": {"pods": "17"}}}]


def test_a_change_that_is_not_healed_fails_and_is_taken_back(api: ApiServer, application: Application) -> None:
    with pytest.raises(AssertionError, match="not within 360 s"):
        application.heal()
    assert application.quota() == "16"


def test_a_promotion_through_the_application_is_rolled_back(
    api: ApiServer, application: Application, clock: Clock
) -> None:
    clock.work = lambda: sync(api)
    before = application.cluster.component("predictor")["latestCreatedRevision"]
    assert not application.rolls_out_in_vain(before)
    with application.promoted(BAD):
        clock.sleep(1)
        assert application.image() == BAD
        assert application.rolls_out_in_vain(before)
    terminations = [patch["status"] for _, patch in api.patches if "status" in patch]
    assert terminations == [{"operationState": {"phase": "Terminating"}}], "the sync that waits is ended once"
    assert application.image() == GOOD
    assert application.is_settled()
    assert application.read()["spec"]["source"] == SOURCE


def test_a_promotion_through_the_application_set_changes_no_other_application(
    api: ApiServer, application: Application, clock: Clock
) -> None:
    def work() -> None:
        generate(api)
        sync(api)

    clock.work = work
    api.answers[SET] = {"spec": {"generators": []}}
    api.answers[APPLICATION]["metadata"]["ownerReferences"] = [{"kind": "ApplicationSet", "name": "ocr"}]
    with application.promoted(BAD):
        clock.sleep(1)
        assert application.image() == BAD
        assert application.read()["spec"]["source"]["kustomize"] == {"images": OVERRIDE}
    assert api.answers[SET] == {"spec": {"generators": []}}
    assert application.image() == GOOD
    assert application.is_settled()


def test_a_promotion_keeps_the_other_settings_of_kustomize(
    api: ApiServer, application: Application, clock: Clock
) -> None:
    clock.work = lambda: sync(api)
    source = {**SOURCE, "kustomize": {"nameSuffix": "-x"}}
    api.answers[APPLICATION]["spec"]["source"] = source
    with application.promoted(BAD):
        clock.sleep(1)
    assert application.read()["spec"]["source"] == source


def test_a_failing_check_is_rolled_back_too(api: ApiServer, application: Application, clock: Clock) -> None:
    clock.work = lambda: sync(api)

    def check() -> None:
        with application.promoted(BAD):
            clock.sleep(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        check()
    assert application.image() == GOOD
    assert application.is_settled()


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("dev.local/predictor:0.1.0", "dev.local/predictor"),
        ("registry.example.com:5000/predictor@sha256:00", "registry.example.com:5000/predictor"),
        ("registry.example.com:5000/predictor:1@sha256:00", "registry.example.com:5000/predictor"),
        ("predictor:1", "predictor"),
    ],
)
def test_the_name_of_an_image(reference: str, name: str) -> None:
    assert image_name(reference) == name


def test_a_template_patch_reads_as_a_template() -> None:
    assert template_patch("dev", {"a": {"b": 1}}) == '{{ if eq .overlay "dev" }}{"a": {"b": 1}}{{ else }}{}{{ end }}'


@pytest.mark.parametrize("promoted", [False, True])
def test_the_image_in_the_cluster_is_the_one_to_override(tmp_path: Path, promoted: bool) -> None:
    # Argo CD writes the override into the overlay's own `images`, which come after those of its components.
    top = tmp_path.resolve()
    for name in ("kustomize", "manifests"):
        shutil.copytree(ROOT / name, top / name)
    if promoted:
        digest = "sha256:" + "0" * 64
        images = {part: (f"registry.example.com:5000/{part}", digest) for part in ("predictor", "transformer")}
        images_file(top, "dev").write_text(Release(images=images).write())
    overlay = top / "kustomize" / "overlays" / "dev"

    def rendered() -> list[str]:
        spec = only(build(overlay), "InferenceService")["spec"]
        return [part["containers"][0]["image"] for part in spec.values()]

    predictor, transformer = rendered()
    path = overlay / "kustomization.yaml"
    override = {"name": image_name(predictor), "newName": "dev.local/no-such-image", "newTag": "1"}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "images": [override]}))
    assert rendered() == [BAD, transformer]
