"""An OpenAI request body as a `Request`: `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`.

What `Request` knows is checked here; every other parameter travels in `extra` as it stands, so that vLLM's and other
servers' own parameters arrive. Null means absent, as OpenAI has it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import JsonValue, ValidationError

from .errors import InvalidRequest
from .request import Message, Request

Kind = Literal["chat", "completion", "embedding"]

#: What each URL asks for.
KINDS: Final[Mapping[str, Kind]] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
}

_SAMPLING: Final = frozenset(
    {"max_tokens", "temperature", "top_p", "top_k", "seed", "stop", "frequency_penalty", "presence_penalty"}
)
_KNOWN: Final[Mapping[Kind, frozenset[str]]] = {
    "chat": _SAMPLING | {"messages", "response_format", "tools", "tool_choice", "reasoning_effort"},
    "completion": _SAMPLING | {"prompt"},
    "embedding": frozenset({"input", "dimensions"}),
}
_MESSAGE_FIELDS: Final = frozenset(Message.model_fields)

#: pydantic's fault types whose words speak of Python rather than of JSON.
_WORDS: Final = {
    "tuple_type": "should be a list",
    "model_type": "should be an object",
    "dict_type": "should be an object",
    "extra_forbidden": "unknown field",
    "missing": "is missing",
}


class UnusableBody(InvalidRequest):
    """A body that is no request. parameter: the path of the field at fault (`messages.0.role`); None is the whole."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(f"{parameter}: {message}" if parameter else message)
        self.parameter = parameter


def openai_request(kind: Kind, body: Mapping[str, JsonValue]) -> Request:
    """The request that a body asks for; its `model` is the caller's to read.

    Raises UnusableBody for a body that the endpoint would refuse, or that asks for what a job cannot give: a stream
    into a file, token ids for text, several prompts at once.
    """
    if body.get("stream"):
        raise UnusableBody("a line of a batch cannot be streamed; leave `stream` out", "stream")
    given = {name: value for name, value in body.items() if value is not None and name not in ("model", "stream")}
    if kind == "chat" and "max_completion_tokens" in given:
        given["max_tokens"] = given.pop("max_completion_tokens")
    known = _KNOWN[kind]
    extra: dict[str, JsonValue] = {}
    fields: dict[str, JsonValue] = {"kind": kind, "keep_body": True, "extra": extra}
    for name, value in given.items():
        if name in known:
            fields[name] = _ADAPT[name](value) if name in _ADAPT else value
        else:
            extra[name] = value
    try:
        return Request.model_validate(fields)
    except ValidationError as invalid:
        raise _explained(invalid, fields) from None


def _messages(value: JsonValue) -> JsonValue:
    return [_message(item) for item in value] if isinstance(value, list) else value


def _message(value: JsonValue) -> JsonValue:
    """A message, without the fields that answers carry and requests echo: null or empty ones, and vLLM's reasoning."""
    if not isinstance(value, dict) or value.keys() <= _MESSAGE_FIELDS:
        return value
    message = dict(value)
    reasoning = message.pop("reasoning_content", None)
    if reasoning and not message.get("reasoning"):
        message["reasoning"] = reasoning
    return {name: field for name, field in message.items() if field or name in _MESSAGE_FIELDS}


def _texts(value: JsonValue) -> JsonValue:
    return [value] if isinstance(value, str) else value


def _prompt(value: JsonValue) -> JsonValue:
    if not isinstance(value, list) or not value:
        return value or None
    if len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if all(isinstance(item, str) for item in value):
        raise UnusableBody(f"holds {len(value)} texts; give each its own line", "prompt")
    raise UnusableBody("token ids are not supported; give the text", "prompt")


def _inputs(value: JsonValue) -> JsonValue:
    if isinstance(value, list) and any(not isinstance(item, str) for item in value):
        raise UnusableBody("token ids are not supported; give a text or a list of texts", "input")
    return _texts(value)


_ADAPT: Final[Mapping[str, Callable[[JsonValue], JsonValue]]] = {
    "messages": _messages,
    "stop": _texts,
    "prompt": _prompt,
    "input": _inputs,
}


def _explained(invalid: ValidationError, fields: JsonValue) -> UnusableBody:
    """The fault that lies deepest: of a union's members, the one that understood the most of the value."""
    fault = max(invalid.errors(include_url=False, include_context=False), key=lambda fault: len(fault["loc"]))
    message = _WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    given = fault["input"]
    shown = f", not {given!r}" if isinstance(given, int | float) and fault["type"] != "extra_forbidden" else ""
    return UnusableBody(message[:1].lower() + message[1:] + shown, _path(fault["loc"], fields))


def _path(loc: Sequence[int | str], fields: Any) -> str | None:
    """The steps that lead through the value; pydantic puts the names of a union's members between them."""
    steps: list[str] = []
    here = fields
    for step in loc:
        try:
            here = here[step]
        except TypeError:
            continue
        except KeyError:
            if step is not loc[-1]:
                continue
        steps.append(str(step))
    return ".".join(steps) or None
