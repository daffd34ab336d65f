"""The workers of both servers as they run: confined, and silent in the log but for JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from kserve_ocr.workers.sandbox import landlock, seccomp
from tests.support.drawn_pages import draw_page, encode
from tests.support.fault_injection import workers
from tests.support.http_calls import GATEWAY, TIMEOUT, assert_reads
from tools.local_stack import Server, Service, end, free_port, start_process, wait_ready


def status(process: psutil.Process) -> dict[str, str]:
    return dict(re.findall(r"^(\w+):\t(.*)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE))


@pytest.mark.skipif(not (landlock.version() and seccomp.supported()), reason="the kernel has no Landlock or no seccomp")
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_every_worker_has_a_filter_and_no_way_to_privileges(service: Service, role: str) -> None:
    server: Server = getattr(service, role)
    found = [status(worker) for worker in workers(server)]
    assert found
    for fields in found:
        assert (fields["Seccomp"], fields["NoNewPrivs"]) == ("2", "1")
        # Several threads from before Landlock would not be confined by it.
        assert fields["Threads"] == "1"


@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_the_memory_of_a_server_belongs_to_root(service: Service, role: str) -> None:
    pid = getattr(service, role).process.pid
    assert Path(f"/proc/{pid}/environ").stat().st_uid == 0


def test_messages_of_libraries_are_no_lines_of_their_own(service: Service) -> None:
    page = encode(draw_page(), "TIFF", compression="tiff_lzw")
    damaged = page[: len(page) // 2] + bytes(200) + page[len(page) // 2 + 200 :]
    for server, body in ((service.transformer, damaged), (service.transformer, encode(draw_page(), dpi=(1, 1)))):
        httpx.post(server.url + GATEWAY, content=body, timeout=TIMEOUT)
    assert_reads(service.transformer)
    for server in (service.transformer, service.predictor):
        for line in server.log_text().splitlines():
            assert isinstance(json.loads(line), dict), line


def start_without_landlock(logs: Path, *, sandbox: str) -> Server:
    """A predictor on a kernel that has no Landlock."""
    port, grpc_port, log = free_port(), free_port(), logs / f"{sandbox}.log"
    command = [
        *(sys.executable, "-m", "tests.support.without_landlock"),
        *(sys.executable, "-m", "predictor", "--model_name=ocr-model", "--workers=1"),
        *(f"--http_port={port}", f"--grpc_port={grpc_port}"),
    ]
    environment = {**os.environ, "OCR_SANDBOX": sandbox, "OCR_WORKERS": "1"}
    return Server(port, grpc_port, start_process(command, log=log, environment=environment), log)


@pytest.mark.skipif(not seccomp.supported(), reason="the kernel takes no filter that hides Landlock")
def test_a_server_does_not_start_without_a_part_of_the_sandbox_that_is_required(logs: Path) -> None:
    server = start_without_landlock(logs, sandbox="required")

    assert server.process.wait(TIMEOUT) == 1

    (error,) = [json.loads(line) for line in server.log_text().splitlines() if '"error"' in line]
    assert "the sandbox is required, but the kernel offers no Landlock" in error["message"]
    assert "set OCR_SANDBOX=auto" in error["message"]


@pytest.mark.skipif(not seccomp.supported(), reason="the kernel takes no filter that hides Landlock")
def test_a_server_warns_once_of_a_part_of_the_sandbox_that_is_missing(logs: Path) -> None:
    server = start_without_landlock(logs, sandbox="auto")
    try:
        wait_ready(server)
        assert_reads(server)
        (worker,) = workers(server)
        assert status(worker)["Seccomp"] == "2"
    finally:
        end(server)
    warnings = [line for line in server.log_text().splitlines() if '"warning"' in line]
    assert len(warnings) == 1
    assert "workers are not fully confined: the kernel offers no Landlock" in warnings[0]
