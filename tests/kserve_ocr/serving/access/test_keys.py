from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kserve_ocr.serving.access import keys
from kserve_ocr.serving.access.keys import KeysFile, KeysFileError
from kserve_ocr.serving.access.quota import Quota


def line(name: str, secret: str, *more: str) -> str:
    return " ".join((name, hashlib.sha256(secret.encode()).hexdigest(), *more)) + "\n"


def replace(path: Path, text: str) -> None:
    """Put another file in its place, as a mounted Secret does."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def test_finds_a_key_by_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# those who may call\n\n" + line("scanner", "one", "requests=5", "pages=7") + line("web", "two"))
    file = KeysFile(str(path))

    found = file.find("one")
    assert found is not None
    assert (found.name, found.requests.limit, found.pages.limit) == ("scanner", 5, 7)
    assert file.find("three") is None
    assert file.find("") is None


@pytest.mark.parametrize(
    "text", ["", "# nothing", "scanner", "scanner abc", line("a b", "x"), line("a", "x", "requests=0"), "a" * 9]
)
def test_a_wrong_file_names_its_line_and_not_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)

    with pytest.raises(KeysFileError, match="ID SHA256") as caught:
        KeysFile(str(path))
    assert hashlib.sha256(b"x").hexdigest() not in str(caught.value)


def test_an_id_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(line("a", "x") + line("a", "y"))

    with pytest.raises(KeysFileError, match="twice"):
        KeysFile(str(path))


def test_a_missing_file_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(KeysFileError, match="OCR_API_KEYS_FILE"):
        KeysFile(str(tmp_path / "none"))


def test_a_changed_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_CHECK_SECONDS", 0.0)
    path = tmp_path / "keys"
    path.write_text(line("old", "x", "requests=1"))
    file = KeysFile(str(path))
    before = file.find("x")
    assert before is not None
    before.requests.use()

    replace(path, line("old", "x", "requests=1") + line("new", "y"))
    assert file.find("y") is not None
    again = file.find("x")
    assert again is not None
    assert again.requests.wait() > 0, "the quota must not start again"

    replace(path, "not a key\n")
    assert file.find("y") is not None, "the keys before the change stay valid"


def test_a_quota_refills_evenly() -> None:
    now = [0.0]
    quota = Quota(2, seconds=60.0, clock=lambda: now[0])

    quota.use()
    quota.use()
    assert quota.wait() == 30
    now[0] = 30.0
    assert quota.wait() == 0
    quota.use(3)
    assert quota.wait() == 90
    now[0] = 1000.0
    assert quota.wait(2) == 0


def test_no_limit() -> None:
    quota = Quota(0, seconds=60.0)
    quota.use(10**9)

    assert quota.wait() == 0
