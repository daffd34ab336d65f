"""gRPC messages of inference responses."""

from __future__ import annotations

from kserve import InferRequest, InferResponse
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferResponse

from kserve_ocr.protocol import names
from kserve_ocr.protocol.v2_response import raw_tensor


def encode_grpc(response: InferResponse, *, request: InferRequest) -> ModelInferResponse:
    """The response as a gRPC message: raw contents for all tensors if the request names any as binary, else typed.

    KServe's own leaves empty tensors out of the raw contents, so that they no longer match the outputs.
    """
    binary = bool(request.use_binary_outputs) or any(output.binary_data for output in request.request_outputs or ())
    message = ModelInferResponse(
        id=response.id or "",
        model_name=response.model_name,
        model_version=response.model_version or names.MODEL_VERSION,
    )
    for name, value in (response.parameters or {}).items():
        message.parameters[name].string_param = value
    for output in response.outputs:
        tensor = message.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        if binary:
            message.raw_output_contents.append(raw_tensor(output.datatype, output.data))
        elif output.datatype == "BYTES":
            tensor.contents.bytes_contents.extend(
                value.encode() if isinstance(value, str) else value for value in output.data
            )
        elif output.datatype == "FP32":
            tensor.contents.fp32_contents.extend(output.data)
        else:
            tensor.contents.int_contents.extend(output.data)
    return message
