#!/usr/bin/env python3
"""Carry image digests from a build to dev, from dev to staging, from staging to production; and back.

The digests are in ``kustomize/overlays/OVERLAY/images/kustomization.yaml``. Each step is one commit of that file:
Argo CD, or ``make deploy``, does the rest. Nothing is pushed. Only the standard library is used, so that deploying
needs no set-up; this program writes the whole file, which is why patterns are enough to read it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

BEFORE = {"dev": None, "staging": "dev", "production": "staging"}
"""Where each overlay's images come from; dev's come from a build."""
PARTS = ("predictor", "transformer")
FIRST_CANARY = {"dev": None, "staging": None, "production": 10}
"""Percent of requests that a promotion starts with; None for all at once."""

REFERENCE = re.compile(r"(?P<name>[^@\s:]+(?::\d+/[^@\s:]+)?)(?::[^@\s/]+)?@(?P<digest>sha256:[0-9a-f]{64})")


class PromotionError(Exception):
    """Nothing was changed; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """The images of one overlay: name and digest of each part, and the canary's share in percent."""

    images: dict[str, tuple[str, str]]
    canary: int | None = None

    @classmethod
    def of_references(cls, references: dict[str, str]) -> Release:
        """The release of ``NAME@sha256:DIGEST`` references by part. Raises PromotionError at any other form."""
        images = {}
        for part, reference in references.items():
            found = REFERENCE.fullmatch(reference)
            if not found:
                raise PromotionError(f"{part}: {reference!r} is not NAME@sha256:DIGEST; a tag can change under a name")
            images[part] = (found["name"], found["digest"])
        return cls(images=images)

    @classmethod
    def read(cls, text: str) -> Release | None:
        """The release that a file says; None for one that no promotion wrote."""
        images = {}
        for part in PARTS:
            found = re.search(
                rf"name: dev\.local/kserve-ocr-{part}\n +newName: (\S+)\n +digest: (sha256:[0-9a-f]{{64}})\n", text
            )
            if not found:
                return None
            images[part] = (found[1], found[2])
        canary = re.search(r"canaryTrafficPercent\n +value: (\d+)", text)
        return cls(images=images, canary=int(canary[1]) if canary else None)

    def write(self) -> str:
        """The file's text."""
        lines = [
            "# Written by `make promote`; `make rollback` goes back to the release before.",
            "apiVersion: kustomize.config.k8s.io/v1alpha1",
            "kind: Component",
            "images:",
        ]
        for part, (name, digest) in sorted(self.images.items()):
            lines += [f"  - name: dev.local/kserve-ocr-{part}", f"    newName: {name}", f"    digest: {digest}"]
        if self.canary is not None:
            lines += ["patches:", "  - target:", "      kind: InferenceService", "    patch: |-"]
            for part in PARTS:
                lines += [
                    "      - op: add",
                    f"        path: /spec/{part}/canaryTrafficPercent",
                    f"        value: {self.canary}",
                ]
        return "\n".join(lines) + "\n"


def images_file(root: Path, overlay: str) -> Path:
    """The file with an overlay's digests."""
    return root / "kustomize" / "overlays" / overlay / "images" / "kustomization.yaml"


def promoted(root: Path, overlay: str) -> Release:
    """The release an overlay has. Raises PromotionError when it has none."""
    release = Release.read(images_file(root, overlay).read_text())
    if release is None:
        raise PromotionError(f"no image was promoted to {overlay} yet: `make promote OVERLAY={overlay}` comes first")
    return release


def promote(root: Path, overlay: str, *, references: dict[str, str], canary: int | None) -> str:
    """Write the next release of ``overlay`` and return the commit's message."""
    source = BEFORE[overlay]
    if source is None and set(references) != set(PARTS):
        raise PromotionError("dev takes a build: give PREDICTOR=NAME@sha256:… and TRANSFORMER=NAME@sha256:…")
    if source is not None and references:
        raise PromotionError(f"{overlay} takes what {source} has; give PREDICTOR and TRANSFORMER to dev")
    release = Release.of_references(references) if source is None else promoted(root, source)
    share = FIRST_CANARY[overlay] if canary is None else canary
    images_file(root, overlay).write_text(replace(release, canary=share).write())
    return f"Promote {'a build' if source is None else source} to {overlay}" + (
        f", {share} % of requests" if share is not None else ""
    )


def roll_back(root: Path, overlay: str) -> str:
    """Write the last release of ``overlay`` that had other images, for all requests, and return the message."""
    now, path = promoted(root, overlay), images_file(root, overlay).relative_to(root)
    for commit in _git(root, "log", "--format=%H", "--", str(path)).split():
        before = Release.read(_git(root, "show", f"{commit}:{path}"))
        if before is not None and before.images != now.images:
            canary = None if now.canary is None and before.canary is None else 100
            images_file(root, overlay).write_text(replace(before, canary=canary).write())
            return f"Roll {overlay} back to the images of {commit[:12]}"
    raise PromotionError(f"{overlay} never had other images than these")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def _commit(root: Path, overlay: str, message: str) -> None:
    path = str(images_file(root, overlay))
    if not _git(root, "status", "--porcelain", "--", path):
        raise PromotionError(f"{overlay} has exactly that already")
    _git(root, "add", "--", path)
    _git(root, "commit", "--quiet", "--message", message, "--", path)


def main(arguments: list[str], root: Path) -> None:
    """Entry point; raises PromotionError with a sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    to = verbs.add_parser("promote")
    to.add_argument("overlay", choices=BEFORE)
    to.add_argument("--predictor", default="", help="NAME@sha256:DIGEST, for dev")
    to.add_argument("--transformer", default="", help="NAME@sha256:DIGEST, for dev")
    to.add_argument("--canary", type=int, choices=range(101), metavar="0-100", help="percent of requests")
    back = verbs.add_parser("rollback")
    back.add_argument("overlay", choices=BEFORE)
    check = verbs.add_parser("check", help="fail unless the overlay may be deployed")
    check.add_argument("overlay")
    said = parser.parse_args(arguments)
    if said.verb == "check":
        if BEFORE.get(said.overlay):
            promoted(root, said.overlay)
        return
    if said.verb == "rollback":
        message = roll_back(root, said.overlay)
    else:
        references = {part: getattr(said, part) for part in PARTS if getattr(said, part)}
        message = promote(root, said.overlay, references=references, canary=said.canary)
    _commit(root, said.overlay, message)
    sys.stdout.write(f"{message}. Committed; push it for Argo CD, or run `make deploy OVERLAY={said.overlay}`.\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:], Path(__file__).parents[1])
    except PromotionError as error:
        sys.exit(str(error))
