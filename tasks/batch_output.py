"""Lines of an OpenAI Batch output file.

Format: https://platform.openai.com/docs/api-reference/batch/request-output. OpenAI and `vllm run-batch` differ in where
a failed call stands: OpenAI puts the provider's error into `response.body` and leaves `error` null, vLLM fills `error`.
Both are filled here, so that a reader of either finds a failure where it looks. `response` is null where no answer
came.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from ..routing.failure import Failure, Fault
from .batch_line import LineError
from .characters import whole

#: Codes for a line that no provider executed; OpenAI's own but for the last, which is: none of them could.
EndCode = Literal["batch_expired", "batch_cancelled", "not_executed"]

#: The bytes that every line starts with.
LINE_START: Final = b'{"id":"batch_req_'

_TIMEOUTS: Final = frozenset(
    {Fault.TIMEOUT_CONNECT, Fault.TIMEOUT_FIRST_TOKEN, Fault.TIMEOUT_IDLE, Fault.TIMEOUT_TOTAL}
)
_RATE_LIMITED: Final = 429
_BAD_REQUEST: Final = 400


def answered_line(custom_id: str, job_id: str, body: Mapping[str, Any], *, request_id: str | None = None) -> bytes:
    """The line of a job that succeeded. body: the answer as OpenAI has it. request_id: the provider's, for the call."""
    response = _response(200, request_id or job_id, body)
    return _line(f"batch_req_{job_id}", custom_id, response, None)


def failed_line(custom_id: str, job_id: str, failure: Failure, reason: str) -> bytes:
    """The line of a job that failed for good, with the provider's status if it gave one.

    failure: the last attempt's. reason: why the job ended with it, for people.
    """
    code = "request_timeout" if failure.fault in _TIMEOUTS else failure.code or failure.fault.value
    response = None
    if failure.status is not None and failure.status >= _BAD_REQUEST:
        body = _error_body(failure.status, code, failure.message, failure.parameter)
        response = _response(failure.status, job_id, body)
    return _line(f"batch_req_{job_id}", custom_id, response, {"code": code, "message": reason})


def unexecuted_line(custom_id: str, job_id: str, code: EndCode, message: str) -> bytes:
    """The line of a job that ended without an attempt to blame."""
    return _line(f"batch_req_{job_id}", custom_id, None, {"code": code, "message": message})


def refused_line(error: LineError) -> bytes:
    """The line of an input line that is no request; `error.line` is its number."""
    line_id = f"batch_req_line_{error.number}"
    body = _error_body(_BAD_REQUEST, error.code, str(error), error.parameter)
    told = {"code": error.code, "message": str(error), "param": error.parameter, "line": error.number}
    return _line(line_id, error.custom_id, _response(_BAD_REQUEST, line_id, body), told)


def _line(
    line_id: str, custom_id: str | None, response: Mapping[str, Any] | None, error: Mapping[str, Any] | None
) -> bytes:
    line = {"id": line_id, "custom_id": custom_id, "response": response, "error": error}
    return whole(json.dumps(line, ensure_ascii=False, separators=(",", ":"))).encode() + b"\n"


def _response(status: int, request_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"status_code": status, "request_id": request_id, "body": body}


def _error_body(status: int, code: str, message: str, parameter: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": _error_type(status), "param": parameter, "code": code}}


def _error_type(status: int) -> str:
    if status == _RATE_LIMITED:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
