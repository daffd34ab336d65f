from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import httpx

from tools.local_stack import Service, start_transformer
from transformer.api.web_page import page


def _policy() -> dict[str, str]:
    _, headers = page()
    return dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def test_only_the_pages_own_script_and_style_may_run() -> None:
    text = page()[0].decode()
    policy = _policy()
    (script,) = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert policy["script-src"] == _hash(script)
    assert policy["style-src"] == _hash(style)
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["img-src"] == "blob: data:"
    assert "unsafe" not in str(policy)


def test_page_is_self_contained() -> None:
    text = page()[0].decode()
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text)
    assert not re.search(r"@import|url\((?!#)", text)
    assert not re.search(r"""\son[a-z]+=["']|\sstyle=["']""", text.partition("<script")[0])
    assert "{{" not in text.partition("<style>")[0]
    assert "innerHTML" not in text


def test_model_name_is_escaped() -> None:
    text = page('"><script>alert(1)</script>')[0].decode()
    assert 'content="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in text
    assert text.count("<script") == 1


def test_page_is_served_with_its_headers(service: Service) -> None:
    answer = httpx.get(f"{service.url}/gateway/")
    assert answer.status_code == 200
    assert answer.content == page()[0]
    assert answer.headers.items() >= {name.lower(): value for name, value in page()[1].items()}.items()


def test_unchanged_page_is_not_sent_again(service: Service) -> None:
    answer = httpx.get(f"{service.url}/gateway/", headers={"If-None-Match": page()[1]["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")


def test_path_without_its_slash_leads_to_the_page(service: Service) -> None:
    assert httpx.get(f"{service.url}/gateway", follow_redirects=True).content == page()[0]


def test_page_can_be_switched_off(service: Service, tmp_path: Path) -> None:
    with start_transformer(service.predictor.port, logs=tmp_path, settings={"OCR_WEB": "false"}) as transformer:
        for path in ("/gateway/", "/gateway"):
            assert httpx.get(transformer.url + path).status_code == 404
