"""One KServe model server: REST and gRPC in one process, ready when the model is, drained on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

import kserve.model_server
import uvloop
from kserve import ModelServer
from uvicorn.config import Config
from uvicorn.server import Server

from kserve_ocr.observability import logging as json_logging
from kserve_ocr.observability import startup_metrics, tracing
from kserve_ocr.observability.event_loop import measure_delay
from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.serving.access.control import AccessControl
from kserve_ocr.serving.access.keys import KeysFile, KeysFileError
from kserve_ocr.serving.app import application
from kserve_ocr.serving.connection.connection_limits import ConnectionTable, HttpLimits, within_descriptors
from kserve_ocr.serving.connection.http_protocol import BoundedHttpProtocol, Http2Connection, bounded_protocol
from kserve_ocr.serving.http import RequestRoute
from kserve_ocr.serving.models.dataplane import OcrDataPlane, ReadOnlyModelRepository
from kserve_ocr.serving.models.model import OcrModel
from kserve_ocr.serving.request_body import ArrivalLimits, RequestBodyLimiter
from kserve_ocr.settings import Settings
from kserve_ocr.workers.sandbox.process import hide_memory

if TYPE_CHECKING:
    from kserve_ocr.serving.grpc.grpc_server import GrpcServer
    from kserve_ocr.serving.http2.server_connection import Http2Server

_log = logging.getLogger("ocr.server")

_SETTLED_SECONDS = 1.0
"""After which collecting garbage no longer delays the request that was waiting for the start."""


class _Uvicorn(Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to :class:`OcrServer`; uvicorn would raise them again before the server has drained."""
        yield


class OcrServer(ModelServer):
    """Serves one :class:`OcrModel`. Exit status 1 and a message in the log if it cannot."""

    def __init__(
        self,
        settings: Settings,
        bodies: RequestBodyLimiter,
        *,
        routes: Sequence[RequestRoute] = (),
        access: AccessControl | None = None,
        compress: bool = True,
    ) -> None:
        json_logging.configure(settings.log_level)
        super().__init__(grace_period=settings.drain_seconds, enable_docs_url=settings.docs)
        self._settings = settings
        self._bodies = bodies
        self._routes = routes
        self._access = access
        self._compress = compress
        self.dataplane = OcrDataPlane(self.registered_models, aliases=filter(None, settings.model_aliases.split(",")))
        self.model_repository_extension = ReadOnlyModelRepository(model_registry=self.registered_models)

    def start(self, models: list[OcrModel]) -> None:
        """Serve until SIGTERM or SIGINT; raises SystemExit with the process's status."""
        (model,) = models
        self.register_model(model)
        if self._settings.sandbox != "off":
            hide_memory()
        stop_spans = tracing.export_to(self._settings.otlp_endpoint, service=f"ocr-{_package(model)}")
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                status = runner.run(self._run(model))
        finally:
            stop_spans()
        raise SystemExit(status)

    async def _run(self, model: OcrModel) -> int:
        grpc_clients: dict[str, str] = {}
        rest = self._rest(grpc_clients)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, stopping.set)
        opening = asyncio.create_task(self._open(model))
        grpc = None
        try:
            listening = _listen(self.http_port)
            if self.enable_grpc:
                grpc = self._grpc(grpc_clients)
                await grpc.start()
        except OSError as error:
            _log.error("cannot start: %s", error)
            opening.cancel()
            await asyncio.wait((opening,))
            await model.close()
            return 1
        measuring = asyncio.create_task(measure_delay())
        serving = asyncio.create_task(rest.serve(sockets=[listening]))
        status = await _until_done(stopping, opening, serving)
        rest.should_exit = True
        grace = self._settings.drain_seconds
        await asyncio.gather(serving, *([grpc.stop(grace)] if grpc else []))
        opening.cancel()
        measuring.cancel()
        await asyncio.wait((opening, measuring))
        await model.close()
        return status

    async def _open(self, model: OcrModel) -> None:
        await model.open()
        model.ready = True
        startup_metrics.START.ready()
        _log.info("ready")
        await asyncio.sleep(_SETTLED_SECONDS)
        # Freeze import-time objects so that full collections skip them.
        gc.collect()
        gc.freeze()
        gc.enable()

    def _grpc(self, clients: Mapping[str, str]) -> GrpcServer:
        from kserve_ocr.serving.grpc.grpc_server import GrpcServer  # noqa: PLC0415  # 0.1 s of a start without it

        return GrpcServer(
            self.dataplane,
            self.model_repository_extension,
            port=self.grpc_port,
            bodies=self._bodies,
            max_calls=self._settings.max_grpc_calls,
            seconds=self._settings.body_seconds,
            clients=clients,
            access=self._access,
        )

    def _rest(self, grpc_clients: MutableMapping[str, str]) -> _Uvicorn:
        app = application(
            self.dataplane,
            self._bodies,
            routes=self._routes,
            docs=self._settings.docs,
            compress=self._compress,
            cors_origins=[origin for origin in self._settings.cors_origins.split(",") if origin],
            trusted_proxies=self._settings.trusted_proxies,
            access=self._access,
        )
        limits = http_limits(self._settings)
        return _Uvicorn(
            Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                proxy_headers=False,
                http=bounded_protocol(ConnectionTable(limits), self._http2(limits, grpc_clients)),
                timeout_graceful_shutdown=self._settings.drain_seconds,
                timeout_keep_alive=self.timeout_keep_alive,
            )
        )

    def _http2(
        self, limits: HttpLimits, grpc_clients: MutableMapping[str, str]
    ) -> Callable[[BoundedHttpProtocol], Http2Connection]:
        """Takes over connections that begin as HTTP/2, which is imported with the first one."""

        @functools.cache
        def server() -> Http2Server:
            from kserve_ocr.serving.http2.server_connection import Http2Server  # noqa: PLC0415

            return Http2Server(limits, grpc_port=self.grpc_port if self.enable_grpc else 0, clients=grpc_clients)

        return lambda protocol: server().open(protocol)


def _package(model: OcrModel) -> str:
    """``transformer`` or ``predictor``; their models have the same name."""
    return type(model).__module__.partition(".")[0]


async def _until_done(stopping: asyncio.Event, opening: asyncio.Task[None], serving: asyncio.Task[None]) -> int:
    """Wait for a signal, or for the model or the server to fail; returns the exit status of the process."""
    signalled = asyncio.create_task(stopping.wait())
    waiting: set[asyncio.Task[object]] = {signalled, opening, serving}
    try:
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if signalled in done:
                _log.info("draining")
                return 0
            if serving in done:
                return 1
            if error := opening.exception():
                _log.error("cannot start: %s", error, exc_info=None if isinstance(error, OcrError | OSError) else error)
                return 1
    finally:
        signalled.cancel()


def _listen(port: int) -> socket.socket:
    """A bound socket on all interfaces, for IPv6 and IPv4 where the machine has both.

    Raises OSError with a message if the port is taken.
    """
    dual_stack = socket.has_dualstack_ipv6()
    listening = socket.socket(socket.AF_INET6 if dual_stack else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if dual_stack:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        # A container's port is reached from outside.
        listening.bind(("::" if dual_stack else "0.0.0.0", port))  # noqa: S104
    except OSError as error:
        listening.close()
        raise OSError(f"port {port} is not free ({error.strerror}); choose another one with --http_port") from None
    return listening


def access_control(keys_file: str) -> AccessControl | None:
    """The keys of a file; None if none is named. A file that is wrong ends the process with a message and status 2."""
    try:
        return AccessControl(KeysFile(keys_file)) if keys_file else None
    except KeysFileError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def request_body_limiter(settings: Settings) -> RequestBodyLimiter:
    """The bounds on request bodies that the settings give."""
    arrival = ArrivalLimits(
        seconds=settings.body_seconds,
        idle_seconds=settings.body_idle_seconds,
        bytes_per_second=settings.body_bytes_per_second,
    )
    return RequestBodyLimiter(limit=settings.max_bytes, total=settings.max_bytes_in_flight, arrival=arrival)


def http_limits(settings: Settings) -> HttpLimits:
    """The bounds on HTTP connections that the settings and the limit on descriptors give."""
    connections = within_descriptors(settings.max_connections)
    share = connections if settings.trusted_proxies else connections // 2  # a proxy's are those of all its clients
    return HttpLimits(
        connections=connections,
        connections_per_client=settings.max_connections_per_client or share,
        header_bytes=settings.header_bytes,
        header_seconds=settings.header_seconds,
        write_seconds=settings.write_seconds,
    )


def reject_multiple_server_workers() -> None:
    """Exit if KServe is asked for several server workers: each would start its own pool, without configuration."""
    if kserve.model_server.args.workers != 1:
        sys.stderr.write("--workers must be 1; the pages are spread over OCR_WORKERS processes\n")
        raise SystemExit(2)
