"""KServe's gRPC server with errors mapped to gRPC statuses, and a start that fails when the port is in use."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NoReturn

import grpc
from grpc import StatusCode, aio
from grpc_interceptor import AsyncExceptionToStatusInterceptor
from kserve import InferRequest
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferResponse, ModelReadyRequest
from kserve.protocol.grpc.servicer import InferenceServicer, to_headers

from kserve_ocr.observability import access_log, metrics, tracing
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import ClientGoneError, ModelNotFoundError, OcrError
from kserve_ocr.serving import triton
from kserve_ocr.serving.access.control import AccessControl
from kserve_ocr.serving.exception_mapping import map_exceptions, to_ocr_error
from kserve_ocr.serving.grpc import triton_messages
from kserve_ocr.serving.grpc.access_interceptor import AccessInterceptor
from kserve_ocr.serving.grpc.grpc_messages import GrpcMessageLimiter, parse_infer_request
from kserve_ocr.serving.grpc.grpc_responses import encode_grpc
from kserve_ocr.serving.http import valid_or_new_request_id
from kserve_ocr.serving.models.dataplane import OcrDataPlane, ReadOnlyModelRepository
from kserve_ocr.serving.models.model import OcrModel
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.tasks import release_frames

_METADATA_BYTES = 16_384
_LOOKAHEAD_BYTES = 1 << 20
_MAX_CONNECTIONS = 128
_HANDSHAKE_SECONDS = 10
_IDLE_SECONDS = 600
"""Time without a call after which a connection is closed; clients open another one for their next call."""
_STATUS = {status.value[0]: status for status in StatusCode}


class _Boundary(AsyncExceptionToStatusInterceptor):
    """Turns every exception into a status, with the error's code in the trailing metadata ``ocr-code``."""

    async def handle_exception(
        self, ex: Exception, request_or_iterator: Any, context: Any, method_name: str
    ) -> NoReturn:
        error = to_ocr_error(ex)
        trailing = [("ocr-code", error.code)]
        if error.retry_after is not None:
            trailing.append(("retry-after", str(error.retry_after)))
        await context.abort(_STATUS[error.grpc_status], error.message, tuple(trailing))
        raise AssertionError("abort does not return")


class _Servicer(InferenceServicer):
    """KServe's service, with ``ModelInfer`` on messages whose bytes are bounded."""

    def __init__(
        self, dataplane: OcrDataPlane, repository: ReadOnlyModelRepository, messages: GrpcMessageLimiter
    ) -> None:
        super().__init__(dataplane, repository)
        self._messages = messages

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802  # the service's name for it
        """The one message is read from the context, as bytes: it is not received before there is room for it."""
        metadata = dict(context.invocation_metadata())
        identity = valid_or_new_request_id(str(metadata.get(names.REQUEST_ID, "")))
        parent = str(metadata.get(names.TRACEPARENT, ""))
        with (
            tracing.serve("ModelInfer", traceparent=parent, request_id=identity),
            access_log.log_request(method="ModelInfer") as notes,
            metrics.request("infer", "grpc"),
        ):
            try:
                return await self._infer(context)
            except OcrError as error:
                notes["code"] = error.code
                release_frames(error)  # they hold the message, and would until the next collection; this one does not
                raise

    async def _infer(self, context: Any) -> ModelInferResponse:
        with map_exceptions():
            async with self._messages.receive(context) as message:
                request = parse_infer_request(message)
                result, _ = await self._checked_model(request)(request, headers=to_headers(context))
                return encode_grpc(result, request=request)

    async def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        _check_version(request.version)
        return await super().ModelReady(request, context)

    async def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        _check_version(request.version)
        response = await super().ModelMetadata(request, context)
        response.platform = "tesseract"
        response.versions.append(names.MODEL_VERSION)
        return response

    async def ModelStreamInfer(self, request: Any, context: Any) -> AsyncGenerator[bytes, None]:  # noqa: N802
        """Triton's call: for each request a response a page. What is wrong with a request does not end the stream."""
        with tracing.serve("ModelStreamInfer", traceparent="", request_id=valid_or_new_request_id("")):
            while True:
                try:
                    async with self._messages.receive(context) as message:
                        with access_log.log_request(method="ModelStreamInfer") as notes:
                            async with aclosing(self._pages(message, context, notes)) as responses:
                                async for response in responses:
                                    yield response
                except ClientGoneError:
                    return

    async def _pages(self, message: bytes, context: Any, notes: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """The responses to one request of a stream; the last one may be an error."""
        try:
            with map_exceptions(), metrics.request("infer", "grpc"):
                inference = parse_infer_request(message)
                model = self._checked_model(inference)
                async with aclosing(model.stream(inference, headers=to_headers(context))) as results:
                    async for result in results:
                        yield triton_messages.stream_response(encode_grpc(result, request=inference))
        except OcrError as error:
            notes["code"] = error.code
            release_frames(error)
            yield triton_messages.stream_error(error.message)

    async def ModelConfig(self, request: Any, context: Any) -> bytes:  # noqa: N802
        _check_version(request.version)
        return triton_messages.config(triton.config(await self._data_plane.model_metadata(request.name)))

    async def ModelStatistics(self, request: Any, context: Any) -> bytes:  # noqa: N802
        _check_version(request.version)
        name = request.name or self._data_plane.only_model.name
        self._data_plane.get_model_from_registry(name)
        return triton_messages.statistics(triton.statistics(name))

    def _checked_model(self, request: InferRequest) -> OcrModel:
        _check_version(request.model_version)
        model: OcrModel = self._data_plane.ocr_model(request.model_name)
        return model


def _check_version(version: str) -> None:
    """Raise ModelNotFoundError for a version that is not served; an empty one means any."""
    if version not in {"", names.MODEL_VERSION}:
        raise ModelNotFoundError(f"version '{version[:40]}' is not served; use {names.MODEL_VERSION}, or none")


class _Registrar:
    """Takes KServe's handlers, has ``ModelInfer`` receive its message itself, and adds Triton's calls."""

    def __init__(self, server: aio.Server, servicer: _Servicer) -> None:
        self._server = server
        self._servicer = servicer

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """The same handlers come by name as well."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        infer = handlers["ModelInfer"]
        handlers["ModelInfer"] = grpc.stream_unary_rpc_method_handler(
            infer.unary_unary, request_deserializer=None, response_serializer=infer.response_serializer
        )
        # Requests of these two have the fields of KServe's ModelReadyRequest: a name and a version.
        for name in ("ModelConfig", "ModelStatistics"):
            handlers[name] = grpc.unary_unary_rpc_method_handler(
                getattr(self._servicer, name), request_deserializer=ModelReadyRequest.FromString
            )
        handlers["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(self._servicer.ModelStreamInfer)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


class GrpcServer:
    """One gRPC endpoint on all interfaces.

    ``bodies`` bounds messages, in both directions and by their bytes in all; at most ``max_calls`` are under way, and
    a message may take ``seconds`` to arrive. ``clients`` are the addresses of clients that came by the HTTP port, by
    those of their connections here. ``access`` are the keys that may call; anyone may without.
    """

    def __init__(  # noqa: PLR0913 - all keyword-only but the two that KServe's servicer takes
        self,
        dataplane: OcrDataPlane,
        repository: ReadOnlyModelRepository,
        *,
        port: int,
        bodies: RequestBodyLimiter,
        max_calls: int,
        seconds: float,
        clients: Mapping[str, str],
        access: AccessControl | None = None,
    ) -> None:
        self._port = port
        self._server = aio.server(
            interceptors=(_Boundary(), *([AccessInterceptor(access)] if access else [])),
            maximum_concurrent_rpcs=max_calls,
            options=[
                ("grpc.max_send_message_length", bodies.limit),
                ("grpc.max_receive_message_length", bodies.limit),
                ("grpc.max_metadata_size", _METADATA_BYTES),
                # What a call has sent before it is received; by default it grows with the connection's speed.
                ("grpc.http2.lookahead_bytes", _LOOKAHEAD_BYTES),
                ("grpc.http2.bdp_probe", 0),
                ("grpc.max_concurrent_streams", max_calls),
                # Each takes a descriptor, two if it came by the HTTP port; HTTP leaves 384.
                ("grpc.max_allowed_incoming_connections", _MAX_CONNECTIONS),
                ("grpc.server_handshake_timeout_ms", 1000 * _HANDSHAKE_SECONDS),
                ("grpc.max_connection_idle_ms", 1000 * _IDLE_SECONDS),
                ("grpc.so_reuseport", 0),  # else a second server silently shares the port
            ],
        )
        messages = GrpcMessageLimiter(bodies, seconds=seconds, max_calls=max_calls, clients=clients)
        servicer = _Servicer(dataplane, repository, messages)
        grpc_predict_v2_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
            servicer, _Registrar(self._server, servicer)
        )

    async def start(self) -> None:
        """Listen. Raises OSError with a message if the port is taken."""
        try:
            self._server.add_insecure_port(
                f"[::]:{self._port}" if socket.has_dualstack_ipv6() else f"0.0.0.0:{self._port}"
            )
        except RuntimeError:
            raise OSError(f"port {self._port} is in use; choose another one with --grpc_port") from None
        await self._server.start()

    async def stop(self, grace: float) -> None:
        """Reject new calls and let running ones finish within ``grace`` seconds."""
        await self._server.stop(grace)
