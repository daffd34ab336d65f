from __future__ import annotations

import json
from typing import Any

import pytest

from tools.audit import Audit, AuditError, parse, verdict

KNOWN = {"name": "pillow", "version": "12.3.0", "vulns": []}
VULNERABLE = {
    "name": "numpy",
    "version": "2.2.0",
    "vulns": [{"id": "PYSEC-0000-1", "fix_versions": ["2.2.1", "2.3.0"], "aliases": []}],
}
UNKNOWN = {"name": "starlette", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_report_without_advisories_passes() -> None:
    assert parse(report(KNOWN)) == Audit(1, (), ())
    assert verdict(parse(report(KNOWN))) is None


def test_each_advisory_is_a_line() -> None:
    found = parse(report(KNOWN, VULNERABLE))
    assert found.vulnerable == ("numpy 2.2.0: PYSEC-0000-1, fixed in 2.2.1, 2.3.0",)
    assert verdict(found) == "1 known vulnerabilities"


def test_a_database_that_does_not_know_a_package_is_none() -> None:
    found = parse(report(KNOWN, UNKNOWN))
    assert found.audited == 1
    assert "no advisory data for 1 packages (starlette" in str(verdict(found))


@pytest.mark.parametrize("wrong", ["", "no JSON", "[]", "{}", report()])
def test_no_report_is_no_audit(wrong: str) -> None:
    with pytest.raises(AuditError):
        parse(wrong)
