"""Hostile code in a confined worker: what it tries, and that each try fails."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kserve_ocr.workers.forking import launch
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool, WorkerStartError
from kserve_ocr.workers.sandbox import confinement, landlock, seccomp
from kserve_ocr.workers.sandbox.confinement import Sandbox
from tests.support.worker_pools import with_pool

pytestmark = pytest.mark.skipif(
    not (landlock.version() and seccomp.supported()), reason="the kernel has no Landlock or no seccomp"
)

SECRET = "the second client's document"


def read(path: str) -> str:
    return Path(path).read_text()


def write(path: str) -> None:
    Path(path).write_text("taken over")


def process_vm_readv(pid: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.process_vm_readv(int(pid), None, 0, None, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def trace(pid: str) -> None:
    attach = 16
    if ctypes.CDLL(None, use_errno=True).ptrace(attach, int(pid), None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def connect(port: str) -> None:
    socket.create_connection(("127.0.0.1", int(port)), timeout=5)


def raw_call(number: str) -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(int(number)), 0, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def descriptors(_: str) -> list[str]:
    found = []
    for number in range(3, 256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return [str(number) for number in found]


HOSTILE: dict[str, Callable[[str], Any]] = {
    "read": read,
    "list": os.listdir,
    "write": write,
    "delete": lambda path: Path(path).unlink(),
    "make a link": lambda path: Path(path).symlink_to("/"),
    "change its mode": lambda path: Path(path).chmod(0o777),
    "signal": lambda pid: os.kill(int(pid), signal.SIGTERM),
    "probe": lambda pid: os.kill(int(pid), 0),
    "read memory": process_vm_readv,
    "trace": trace,
    "connect": connect,
    "start a shell": lambda _: subprocess.run(["/bin/sh", "-c", "true"], check=True).returncode,
    "execute": lambda _: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "fork": lambda _: os.fork(),
    "call": raw_call,
    "descriptors": descriptors,
    "environment": lambda _: [f"{name}={value}" for name, value in os.environ.items()],
    "abort": lambda _: os.abort(),
    "work": lambda _: work(),
}


def work() -> str:
    """What a worker of ours does: allocate, compute, start a thread, import, read random bytes."""
    array = np.ones((2000, 2000)) @ np.ones(2000)
    thread = threading.Thread(target=array.sum)
    thread.start()
    thread.join()
    import wave  # noqa: PLC0415

    return f"{array[0]} {len(os.urandom(8))} {wave.__name__}"


def start() -> Callable[[tuple[str, str]], Any]:
    return handle


def handle(job: tuple[str, str]) -> Any:
    name, argument = job
    return HOSTILE[name](argument)


def run(sandbox: Sandbox, scenario: Callable[[WorkerPool[tuple[str, str], Any]], Any], **more: Any) -> None:
    with_pool(
        lambda: WorkerPool(start, result=Any, name="confined", size=1, queue=5, seconds=20, sandbox=sandbox, **more),
        scenario,
    )


def attempts(file: Path) -> list[tuple[str, str]]:
    """What hostile code tries against this process, which is the server, and against the machine."""
    server = str(os.getpid())
    return [
        ("read", f"/proc/{server}/environ"),
        ("read", f"/proc/{server}/maps"),
        ("read", f"/proc/{server}/mem"),
        ("read", "/proc/self/environ"),
        ("list", f"/proc/{server}/fd"),
        ("read", str(file)),
        ("read", "/etc/passwd"),
        ("list", "/"),
        ("write", str(file)),
        ("write", str(file.with_name("new"))),
        ("write", "/dev/shm/taken"),
        ("write", f"{os.__file__}.new"),
        ("delete", str(file)),
        ("make a link", str(file.with_name("link"))),
        ("change its mode", str(file)),
        ("signal", server),
        ("probe", server),
        ("probe", "-1"),
    ]


def test_nothing_beside_its_libraries_can_be_reached(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_text(SECRET)
    descriptor = os.memfd_create("document")
    os.write(descriptor, SECRET.encode())

    async def scenario(pool: WorkerPool[tuple[str, str], Any]) -> None:
        pids = pool.pids
        for attempt in [*attempts(file), ("read", f"/proc/{os.getpid()}/fd/{descriptor}")]:
            with pytest.raises(RuntimeError, match="PermissionError"):
                await pool.run(attempt)
        assert await pool.run(("work", "")) == "2000.0 8 wave"
        assert pool.pids == pids

    run(Sandbox("required"), scenario)
    os.close(descriptor)
    assert file.read_text() == SECRET
    assert list(tmp_path.iterdir()) == [file]


def test_attacks_end_their_worker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        server, port = str(os.getpid()), str(listening.getsockname()[1])
        attacks = [("connect", port), ("read memory", server), ("trace", server), ("start a shell", "")]
        attacks += [("execute", ""), ("fork", "")]

        async def scenario(pool: WorkerPool[tuple[str, str], Any]) -> None:
            for attack in attacks:
                with pytest.raises(WorkerCrashedError, match="SIGSYS"):
                    await pool.run(attack)
            assert await pool.run(("work", "")) == "2000.0 8 wave"
            with pytest.raises(WorkerCrashedError, match="SIGABRT"):
                await pool.run(("abort", ""))

        run(Sandbox("required"), scenario)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_each_part_holds_without_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In children of this process: a fork server would not see what is patched here."""
    file = tmp_path / "document"
    file.write_text(SECRET)
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert outcome(lambda: write(str(file))) == "PermissionError"
    assert outcome(lambda: os.kill(os.getppid(), 0)) == "PermissionError"
    monkeypatch.undo()
    monkeypatch.setattr(seccomp, "supported", lambda: False)
    assert outcome(lambda: read(str(file))) == "PermissionError"
    assert outcome(lambda: write(str(file))) == "PermissionError"
    assert outcome(lambda: os.execv("/bin/sh", ["sh"])) == "PermissionError"
    if landlock.version() >= 4:
        assert outcome(lambda: connect("9")) == "PermissionError"
    if landlock.version() >= 6:
        assert outcome(lambda: os.kill(os.getppid(), 0)) == "PermissionError"
    assert file.read_text() == SECRET


def outcome(action: Callable[[], object]) -> str:
    """The name of what the action raises in a confined child of this process."""
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        try:
            confinement.confine(Sandbox("auto"))
            action()
            os.write(sending, b"nothing")
        except BaseException as error:
            os.write(sending, type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as result:
        raised = result.read()
    os.waitpid(child, 0)
    return raised


def test_what_the_kernel_lacks_is_told_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(seccomp, "supported", lambda: False)
    with pytest.raises(confinement.SandboxError, match=r"Landlock .* and .* seccomp .*set OCR_SANDBOX=auto"):
        confinement.confine(Sandbox("required"))
    assert confinement.confine(Sandbox("off")) == ()
    assert len(confinement._missing()) == 2


def start_without_landlock() -> Callable[[tuple[str, str]], Any]:
    landlock.version = lambda: 0
    return handle


def test_a_pool_warns_once_or_does_not_start(caplog: pytest.LogCaptureFixture) -> None:
    async def main(mode: confinement.Mode) -> None:
        pool: WorkerPool[tuple[str, str], Any] = WorkerPool(
            start_without_landlock, result=Any, name="confined", size=2, queue=5, seconds=20, sandbox=Sandbox(mode)
        )
        try:
            await pool.start()
        finally:
            await pool.stop(grace=0)

    asyncio.run(main("auto"))
    assert [record.message for record in caplog.records if "confined" in record.message] == [
        "workers are not fully confined: the kernel offers no Landlock (Linux 5.13, enabled at boot)"
    ]
    with pytest.raises(WorkerStartError, match="the sandbox is required, but the kernel offers no Landlock"):
        asyncio.run(main("required"))


def test_a_worker_inherits_no_descriptor_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("OCR_OTLP_ENDPOINT", SECRET)

    async def scenario(pool: WorkerPool[tuple[str, str], Any]) -> None:
        environment = await pool.run(("environment", ""))
        assert not [line for line in environment if SECRET in line]
        assert f"PATH={os.environ['PATH']}" in environment
        # Its channel, the file that its memory is read from, and what its own libraries opened.
        assert len(await pool.run(("descriptors", ""))) <= 3

    with tempfile.TemporaryFile() as file:
        os.set_inheritable(file.fileno(), True)
        run(Sandbox("required"), scenario)


def test_an_engine_that_starts_a_program_has_its_own_files_only(tmp_path: Path) -> None:
    async def scenario(pool: WorkerPool[tuple[str, str], Any]) -> None:
        await pool.run(("start a shell", ""))
        with pytest.raises(RuntimeError, match="PermissionError"):
            await pool.run(("write", str(tmp_path / "new")))
        with pytest.raises(RuntimeError, match="PermissionError"):
            await pool.run(("read", f"/proc/{os.getpid()}/environ"))
        with pytest.raises(RuntimeError, match="PermissionError"):
            await pool.run(("signal", str(os.getpid())))
        with pytest.raises(WorkerCrashedError, match="SIGSYS"):
            await pool.run(("connect", "9"))

    run(Sandbox("required", readable=("/bin", "/usr/bin"), programs=True), scenario, scratch=True)


def test_other_processes_see_nothing_of_a_hidden_one() -> None:
    code = "from kserve_ocr.workers.sandbox.process import hide_memory; hide_memory(); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hidden:
        assert hidden.stdout is not None
        hidden.stdout.readline()
        owner = os.stat(f"/proc/{hidden.pid}/environ").st_uid  # noqa: PTH116
        hidden.kill()
    assert owner == 0


def test_a_server_keeps_its_settings_from_the_environment_of_workers() -> None:
    kept = launch.worker_environment({"PATH": "/bin", "LC_ALL": "C", "OCR_SANDBOX": "off", "TOKEN": "x"})
    assert kept == {"PATH": "/bin", "LC_ALL": "C"}
