"""How digests travel, tried in a repository of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.support.rendering import ROOT, Resource, build, only
from tools.promote import PromotionError, Release, images_file, main, promoted

DIGESTS = ["sha256:" + digit * 64 for digit in "0123456789abcdef"]
REGISTRY = "registry.example.com:5000/ocr"


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the manifests before any promotion."""
    for part in ("kustomize", "manifests", "monitoring"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for overlay in ("staging", "production"):
        images_file(tmp_path, overlay).write_text(
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n"
            "  - target:\n      kind: InferenceService\n    patch: |-\n"
            "      - op: add\n        path: /metadata/annotations/serving.kserve.io~1stop\n"
            '        value: "true"\n'
        )
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "config", "user.name", "Test")
    git(tmp_path, "config", "user.email", "test@example.com")
    git(tmp_path, "config", "commit.gpgsign", "false")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def build_to_dev(root: Path, number: int) -> None:
    predictor, transformer = DIGESTS[2 * number], DIGESTS[2 * number + 1]
    main(
        [
            "promote",
            "dev",
            f"--predictor={REGISTRY}/predictor:v1@{predictor}",
            f"--transformer={REGISTRY}/transformer@{transformer}",
        ],
        root,
    )


def deployed(root: Path, overlay: str) -> Resource:
    return only(build(root / "kustomize" / "overlays" / overlay), "InferenceService")


def images(root: Path, overlay: str) -> list[str]:
    return [part["containers"][0]["image"] for part in deployed(root, overlay)["spec"].values()]


def canaries(root: Path, overlay: str) -> set[int | None]:
    return {part.get("canaryTrafficPercent") for part in deployed(root, overlay)["spec"].values()}


def test_a_build_travels_to_production(root: Path) -> None:
    build_to_dev(root, 0)
    main(["promote", "staging"], root)
    main(["promote", "production"], root)
    expected = [f"{REGISTRY}/predictor@{DIGESTS[0]}", f"{REGISTRY}/transformer@{DIGESTS[1]}"]
    for overlay in ("dev", "staging", "production"):
        assert images(root, overlay) == expected
        assert "serving.kserve.io/stop" not in deployed(root, overlay)["metadata"]["annotations"]
    assert canaries(root, "staging") == {None}
    assert canaries(root, "production") == {10}
    main(["promote", "production", "--canary=100"], root)
    assert canaries(root, "production") == {100}


def test_each_step_is_one_commit_of_one_file(root: Path) -> None:
    build_to_dev(root, 0)
    assert git(root, "log", "-1", "--format=%s").strip() == "Promote a build to dev"
    changed = git(root, "show", "--name-only", "--format=", "HEAD").split()
    assert changed == ["kustomize/overlays/dev/images/kustomization.yaml"]


def test_other_work_in_the_tree_stays_out_of_the_commit(root: Path) -> None:
    (root / "manifests" / "notes.txt").write_text("unfinished")
    git(root, "add", "manifests/notes.txt")
    build_to_dev(root, 0)
    assert "notes.txt" in git(root, "status", "--porcelain")


def test_rollback_goes_back_to_the_images_before_for_all_requests(root: Path) -> None:
    for number in (0, 1):
        build_to_dev(root, number)
        main(["promote", "staging"], root)
        main(["promote", "production"], root)
        main(["promote", "production", "--canary=100"], root)
    main(["rollback", "production"], root)
    assert images(root, "production") == [f"{REGISTRY}/predictor@{DIGESTS[0]}", f"{REGISTRY}/transformer@{DIGESTS[1]}"]
    assert canaries(root, "production") == {100}
    main(["rollback", "staging"], root)
    assert canaries(root, "staging") == {None}


def test_rollback_needs_something_to_go_back_to(root: Path) -> None:
    build_to_dev(root, 0)
    with pytest.raises(PromotionError, match="never had other images"):
        main(["rollback", "dev"], root)


def test_nothing_is_promoted_past_an_empty_overlay(root: Path) -> None:
    with pytest.raises(PromotionError, match="no image was promoted to dev yet"):
        main(["promote", "staging"], root)


def test_dev_needs_both_digests(root: Path) -> None:
    with pytest.raises(PromotionError, match="give PREDICTOR"):
        main(["promote", "dev", f"--predictor=a@{DIGESTS[0]}"], root)


@pytest.mark.parametrize("reference", ["ocr:1.0", "ocr:latest", "ocr@sha256:abc", f"two words@{DIGESTS[0]}"])
def test_dev_takes_digests_only(root: Path, reference: str) -> None:
    with pytest.raises(PromotionError, match="is not NAME@sha256:DIGEST"):
        main(["promote", "dev", f"--predictor={reference}", f"--transformer=a@{DIGESTS[0]}"], root)


def test_later_overlays_take_no_images_from_outside(root: Path) -> None:
    with pytest.raises(PromotionError, match="takes what dev has"):
        main(["promote", "staging", f"--predictor=a@{DIGESTS[0]}"], root)


def test_the_same_again_is_no_commit(root: Path) -> None:
    build_to_dev(root, 0)
    with pytest.raises(PromotionError, match="exactly that already"):
        build_to_dev(root, 0)


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_deploying_is_refused_before_the_first_promotion(root: Path, overlay: str) -> None:
    with pytest.raises(PromotionError, match=f"`make promote OVERLAY={overlay}` comes first"):
        main(["check", overlay], root)
    assert deployed(root, overlay)["metadata"]["annotations"]["serving.kserve.io/stop"] == "true"


@pytest.mark.parametrize("overlay", ["local", "dev", "somebody-elses"])
def test_deploying_elsewhere_needs_no_promotion(root: Path, overlay: str) -> None:
    main(["check", overlay], root)


def test_a_file_reads_back_as_it_was_written() -> None:
    release = Release(images={"predictor": ("a/b", DIGESTS[0]), "transformer": ("c", DIGESTS[1])}, canary=25)
    assert Release.read(release.write()) == release


def test_an_unpromoted_overlay_has_no_release(root: Path) -> None:
    with pytest.raises(PromotionError):
        promoted(root, "production")
