"""One line of an OpenAI Batch input file: the request it holds, or what is wrong with it.

Format: https://platform.openai.com/docs/api-reference/batch/request-input; a line that `vllm run-batch` takes is taken
here. Where either stops the whole file at a bad line, the line alone is refused here.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from .openai_request import KINDS, UnusableBody, openai_request
from .request import Request

#: Characters of a custom_id; it is kept for every line of a file, so it has to have an end.
MAX_CUSTOM_ID: Final = 512


class LineFault(StrEnum):
    INVALID_JSON_LINE = "invalid_json_line"  #: not JSON, or not an object
    LINE_TOO_LONG = "line_too_long"  #: above the size limit; it was skipped unread
    MISSING_REQUIRED_PARAMETER = "missing_required_parameter"  #: custom_id, method, url or body is not there
    INVALID_CUSTOM_ID = "invalid_custom_id"  #: no text, empty, or too long
    DUPLICATE_CUSTOM_ID = "duplicate_custom_id"  #: an earlier line has it
    INVALID_METHOD = "invalid_method"  #: anything but POST
    INVALID_URL = "invalid_url"  #: an endpoint that batches do not serve
    INVALID_REQUEST = "invalid_request"  #: the body is no request of that endpoint, or of no provider of the fleet
    MODEL_NOT_FOUND = "model_not_found"  #: no provider of the fleet has the model


@dataclass(frozen=True, slots=True)
class BatchLine:
    """number: from 1, blank lines counted. model: as asked for, None leaves it to the route."""

    number: int
    custom_id: str
    url: str
    model: str | None
    request: Request


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that is refused. custom_id: None where there is none to be answered under, which includes a duplicate: the
    line that had it first answers to it. parameter: the path of the field at fault.
    """

    number: int
    custom_id: str | None
    code: LineFault
    message: str
    parameter: str | None = None

    def __str__(self) -> str:
        return f"line {self.number}: {self.message}"

    def to_json(self) -> bytes:
        return to_json(asdict(self))

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """Reads what `to_json` wrote."""
        fields: dict[str, Any] = from_json(raw)
        fields["code"] = LineFault(fields["code"])
        return cls(**fields)


class _Refused(Exception):
    def __init__(self, code: LineFault, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.parameter = parameter


def parse_line(raw: bytes, number: int) -> BatchLine | LineError:
    """What one line, with or without its line end, asks for. That custom_ids are unique is the file's concern."""
    custom_id: str | None = None
    try:
        line = _object(raw)
        custom_id = _custom_id(line)
        url = _url(line)
        body = line["body"]
        if not isinstance(body, dict):
            raise _Refused(LineFault.INVALID_REQUEST, "body is not an object", "body")
        return BatchLine(number, custom_id, url, _model(body), openai_request(KINDS[url], body))
    except _Refused as refused:
        return LineError(number, custom_id, refused.code, refused.message, refused.parameter)
    except UnusableBody as unusable:
        parameter = f"body.{unusable.parameter}" if unusable.parameter else "body"
        return LineError(number, custom_id, LineFault.INVALID_REQUEST, str(unusable), parameter)


def _object(raw: bytes) -> dict[str, JsonValue]:
    try:
        line: JsonValue = from_json(raw, allow_inf_nan=False)
    except ValueError as invalid:
        raise _Refused(LineFault.INVALID_JSON_LINE, f"not JSON: {invalid}") from None
    if not isinstance(line, dict):
        raise _Refused(LineFault.INVALID_JSON_LINE, "not a JSON object")
    return line


def _custom_id(line: dict[str, JsonValue]) -> str:
    custom_id = _required(line, "custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        raise _Refused(LineFault.INVALID_CUSTOM_ID, f"custom_id is {custom_id!r:.40}, not a text", "custom_id")
    if len(custom_id) > MAX_CUSTOM_ID:
        message = f"custom_id has {len(custom_id)} characters; at most {MAX_CUSTOM_ID} are allowed"
        raise _Refused(LineFault.INVALID_CUSTOM_ID, message, "custom_id")
    return custom_id


def _url(line: dict[str, JsonValue]) -> str:
    method, url = _required(line, "method"), _required(line, "url")
    _required(line, "body")
    if method != "POST":
        raise _Refused(LineFault.INVALID_METHOD, f"method is {method!r:.40}; only POST is served", "method")
    if not isinstance(url, str) or url not in KINDS:
        raise _Refused(LineFault.INVALID_URL, f"unknown url {url!r:.80}; known: {', '.join(KINDS)}", "url")
    return url


def _model(body: dict[str, JsonValue]) -> str | None:
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise _Refused(LineFault.INVALID_REQUEST, f"model is {model!r:.40}, not a name", "body.model")
    return model or None


def _required(line: dict[str, JsonValue], name: str) -> JsonValue:
    if name not in line:
        raise _Refused(LineFault.MISSING_REQUIRED_PARAMETER, f"{name} is missing", name)
    return line[name]
