"""The web page at ``/gateway/``: one self-contained HTML document with a strict content security policy."""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kserve_ocr.serving.http import RequestRoute

PATH: Final = "/gateway/"

_STYLE: Final = "style.css"
_SCRIPTS: Final = ("dom.js", "service.js", "options.js", "content.js", "viewer.js", "app.js")
"""In order of dependency; they are concatenated into one module."""


def routes(model_name: str) -> list[RequestRoute]:
    """The page at :data:`PATH`, and a redirect to it without the trailing slash."""

    async def show(request: Request) -> Response:
        body, headers = page(model_name)
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers)

    async def redirect(_: Request) -> Response:
        # Relative, so that it also works behind a proxy that adds a path prefix.
        return RedirectResponse("gateway/", status_code=308)

    return [
        RequestRoute(PATH, show, methods=["GET"]),
        RequestRoute(PATH.rstrip("/"), redirect, methods=["GET"]),
    ]


@cache
def page(model_name: str = "ocr-model") -> tuple[bytes, dict[str, str]]:
    """The page (UTF-8 HTML) for the model of that name, and its response headers.

    The content security policy lets this script and this style run and nothing else: no inline handlers, no other
    origin, no frames. The page talks to its own origin only.
    """
    folder = files("transformer.api") / "web"
    style = (folder / _STYLE).read_text("utf-8")
    script = "\n".join((folder / name).read_text("utf-8") for name in _SCRIPTS)
    text = (folder / "page.html").read_text("utf-8")
    for name, value in (("model", html.escape(model_name)), ("style", style), ("script", script)):
        text = text.replace("{{" + name + "}}", value)
    body = text.encode()
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return body, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    }


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
