"""``python -m tools.audit``: known vulnerabilities in the pinned dependencies of both services.

Asks pip-audit about every package of ``requirements/transformer.txt`` and ``predictor.txt``. A package that the
advisory database does not answer for has not been audited, so that a mirror without advisories fails the audit as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_PINNED: Final = ("transformer.txt", "predictor.txt")


class AuditError(Exception):
    """No audit took place; the message says why."""


@dataclass(frozen=True)
class Audit:
    """What was found for a list of pinned packages."""

    audited: int
    skipped: tuple[str, ...]
    """Packages that the database does not know."""
    vulnerable: tuple[str, ...]
    """A line for each advisory: package, version, advisory, and the versions that fix it."""


def parse(report: str) -> Audit:
    """The result in pip-audit's JSON. Raises AuditError if it is none, or about no package."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise AuditError("pip-audit gave no report") from None
    if not packages:
        raise AuditError("the report is about no package")
    skipped = tuple(package["name"] for package in packages if "skip_reason" in package)
    lines = tuple(
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    )
    return Audit(len(packages) - len(skipped), skipped, lines)


def audit(requirements: Path) -> Audit:
    """Ask about every package in a file of pinned requirements. Raises AuditError."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off", "--format=json"]
    done = subprocess.run([*command, f"--requirement={requirements}"], capture_output=True, text=True, check=False)
    try:
        return parse(done.stdout)
    except AuditError as error:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise AuditError(f"{requirements.name}: {error} ({last})") from None


def verdict(found: Audit) -> str | None:
    """Why the audit fails; None if it does not."""
    if found.skipped:
        names = ", ".join(found.skipped[:5])
        return f"no advisory data for {len(found.skipped)} packages ({names} …); ask from a network that reaches PyPI"
    return f"{len(found.vulnerable)} known vulnerabilities" if found.vulnerable else None


def main(files: Sequence[Path]) -> int:
    """The exit status: 0 if every package was audited and none has a known vulnerability."""
    status = 0
    for file in files:
        asked = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            found = audit(file)
        except AuditError as error:
            print(error)
            status = 1
            continue
        print(f"{file.name}: {found.audited} packages audited with the advisories of {asked}")
        print(*(f"    {line}" for line in found.vulnerable), sep="\n", end="\n" if found.vulnerable else "")
        if failed := verdict(found):
            print(f"{file.name}: {failed}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]] or [_ROOT / "requirements" / name for name in _PINNED]))
