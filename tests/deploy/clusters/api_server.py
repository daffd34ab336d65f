"""An API server for the end-to-end suite's own code: recorded answers, changed by patches as a real one would."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ApiServer:
    """Answers by path; what is not there is 404. Remembers merge patches and applies them."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.patches: list[tuple[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_PATCH(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.patches.append((self.headers["content-type"], body))
                path = self.path.partition("?")[0]
                if path in outer.answers:
                    outer.answers[path] = merged(outer.answers[path], body)
                self._answer()

            def _answer(self) -> None:
                found = outer.answers.get(self.path.partition("?")[0])
                body = json.dumps(found or {"kind": "Status", "code": 404}).encode()
                self.send_response(200 if found else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def merged(said: Any, patch: Any) -> Any:
    """``said`` with a JSON merge patch (RFC 7396) applied; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    kept = said if isinstance(said, dict) else {}
    new = {name: merged(kept.get(name), value) for name, value in patch.items() if value is not None}
    return {name: value for name, value in kept.items() if name not in patch} | new
