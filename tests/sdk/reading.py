"""What a provider's own SDK reads out of an exchange, in the words of the normal forms (C.18 of the wire formats).

Nothing of the fleet's own code is used here: what it is compared with must not come from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Finish reasons of all providers, and the normal one.
_FINISH: Mapping[str, str] = {
    **dict.fromkeys(("stop", "eos", "end_turn", "stop_sequence", "STOP", "COMPLETE", "STOP_SEQUENCE"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "MAX_TOKENS"), "length"),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use", "TOOL_CALL"), "tool_calls"),
    **dict.fromkeys(("content_filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT"), "content_filter"),
    "refusal": "refusal",
}

#: An SDK's error, by its class or status, and the classes of failure that it may be: the body says which.
FAULTS: Mapping[str, frozenset[str]] = {
    "NotFoundError": frozenset({"model_not_found"}),
    "404": frozenset({"model_not_found"}),
    "BadRequestError": frozenset({"bad_request", "bad_output", "context_overflow", "content_filtered"}),
    "400": frozenset({"bad_request", "context_overflow", "content_filtered"}),
    "AuthenticationError": frozenset({"auth"}),
    "PermissionDeniedError": frozenset({"auth"}),
    "RateLimitError": frozenset({"rate_limited", "quota_exhausted"}),
    "InternalServerError": frozenset({"server", "overloaded"}),
}


@dataclass(frozen=True)
class Called:
    """arguments: read as JSON, for SDKs give them as text or as an object."""

    name: str
    arguments: Any


@dataclass(frozen=True)
class Reading:
    """usage: the five counts; None if the provider told none. error: the SDK's class or status, None if it had none."""

    text: str = ""
    calls: tuple[Called, ...] = ()
    embeddings: tuple[tuple[float, ...], ...] = ()
    finish: str | None = None
    usage: Mapping[str, int] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Counts:
    """Tokens as the normal form has them. input: cached and written ones included. output: reasoning included."""

    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0

    def fields(self) -> dict[str, int]:
        return {
            "input_tokens": self.input,
            "cached_read_tokens": self.cached,
            "cache_write_tokens": self.written,
            "output_tokens": self.output,
            "reasoning_tokens": self.reasoning,
        }


@dataclass(frozen=True)
class Asked:
    """An exchange as an SDK needs it to ask the same thing. inputs: how many texts were to be embedded."""

    provider: str
    url: str
    model: str
    streams: bool
    inputs: int
    request: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, exchange: Mapping[str, Any]) -> "Asked":
        said: Any = exchange["request"]
        request: dict[str, Any] = {} if isinstance(said, str) else said
        url, path = exchange["url"], exchange["url"].partition("?")[0]
        given: Any = request.get("input") or request.get("texts") or request.get("requests") or "x"
        inputs = 1 if isinstance(given, str) else len(given)
        model = request.get("model") or path.rpartition("/")[2].partition(":")[0]
        streams = exchange["response_headers"].get("content-type", "").startswith("text/event-stream")
        return cls(exchange["provider"], url, model, streams, inputs, request)


def normal_finish(raw: str | None, calls: tuple[Called, ...]) -> str | None:
    """A stop with calls is what Gemini says instead of `tool_calls`."""
    finish = None if raw is None else _FINISH.get(raw, "unknown")
    return "tool_calls" if finish == "stop" and calls else finish
