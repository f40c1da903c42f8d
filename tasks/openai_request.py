"""An OpenAI request body as a `Request`: `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`.

What `Request` knows is checked here; every other parameter travels in `extra` as it stands, so that vLLM's and other
servers' own parameters arrive. Null means absent, as OpenAI has it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ValidationError

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


class UnusableBody(InvalidRequest):
    """A body that is no request. parameter: the field at fault, as a path (`messages.0.role`); None if it is the whole."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(f"{parameter}: {message}" if parameter else message)
        self.parameter = parameter


def openai_request(kind: Kind, body: Mapping[str, Any]) -> Request:
    """The request that a body asks for; its `model` is the caller's to read.

    Raises UnusableBody for a body that the endpoint would refuse, or that asks for what a job cannot give: a stream
    into a file, token ids for text, several prompts at once.
    """
    if body.get("stream"):
        raise UnusableBody("a line of a batch cannot be streamed; leave `stream` out", "stream")
    known = _KNOWN[kind]
    fields: dict[str, Any] = {"kind": kind, "keep_body": True}
    extra: dict[str, Any] = {}
    for name, value in body.items():
        if value is None or name in ("model", "stream"):
            continue
        if name in known:
            fields[name] = _ADAPT[name](value) if name in _ADAPT else value
        elif name == "max_completion_tokens" and kind == "chat":
            continue
        else:
            extra[name] = value
    if kind == "chat" and (limit := body.get("max_completion_tokens")) is not None:
        fields["max_tokens"] = limit
    if extra:
        fields["extra"] = extra
    try:
        return Request.model_validate(fields)
    except ValidationError as invalid:
        raise _explained(invalid) from None


def _messages(value: Any) -> Any:
    return [_message(item) for item in value] if isinstance(value, list) else value


def _message(value: Any) -> Any:
    """A message, without the fields that answers carry and requests echo: null or empty ones, and vLLM's reasoning."""
    if not isinstance(value, dict) or value.keys() <= _MESSAGE_FIELDS:
        return value
    message = dict(value)
    reasoning = message.pop("reasoning_content", None)
    if reasoning and not message.get("reasoning"):
        message["reasoning"] = reasoning
    return {name: field for name, field in message.items() if field or name in _MESSAGE_FIELDS}


def _texts(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _prompt(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if all(isinstance(item, str) for item in value):
        raise UnusableBody(f"holds {len(value)} texts; give each its own line", "prompt")
    raise UnusableBody("token ids are not supported; give the text", "prompt")


def _inputs(value: Any) -> Any:
    if isinstance(value, list) and any(not isinstance(item, str) for item in value):
        raise UnusableBody("token ids are not supported; give a text or a list of texts", "input")
    return _texts(value)


_ADAPT: Final = {"messages": _messages, "stop": _texts, "prompt": _prompt, "input": _inputs}


def _explained(invalid: ValidationError) -> UnusableBody:
    """The first of the faults, in the words of the field's owner."""
    fault = invalid.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(step) for step in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    given = fault["input"]
    shown = f", not {given!r}" if isinstance(given, int | float | bool) else ""
    return UnusableBody(message[:1].lower() + message[1:] + shown, path or None)
