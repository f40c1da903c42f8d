"""What must come of each fault of the catalogue: from the wire formats' reference (C.17, C.18), not from our code."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workfleet.routing.failure import Fault
from workfleet.tasks.answer import FinishReason
from workfleet.workers.providers.endpoint import Timeouts

from .places import Place

#: The class of a failure, or why an answer ended.
Ending = Fault | FinishReason

FINE = FinishReason.STOP

#: A limit that is expected to strike, in seconds. The others are out of reach of a slow machine.
_SHORT_S = 0.05


def only_short(expected: Ending) -> Timeouts:
    """Limits of time, of which only the one strikes that is expected to."""
    return Timeouts(
        connect_s=_SHORT_S if expected is Fault.TIMEOUT_CONNECT else 20,
        first_token_s=_SHORT_S if expected is Fault.TIMEOUT_FIRST_TOKEN else 20,
        idle_s=_SHORT_S if expected is Fault.TIMEOUT_IDLE else 20,
        total_s=40,
    )


@dataclass(frozen=True)
class Expected:
    """whole, stream: what comes of a whole answer and of a streamed one. same: an answer that comes is the one which
    comes without the fault. own: of places, or else of dialects, where it is another.
    """

    whole: Ending
    stream: Ending
    same: bool = True
    own: "Mapping[str, Expected]" = field(default_factory=dict[str, "Expected"])

    def of(self, place: Place) -> "Expected":
        return self.own.get(place.name) or self.own.get(place.row) or self.own.get(place.dialect) or self


def always(ending: Ending, *, same: bool = True, **own: Expected) -> Expected:
    return Expected(ending, ending, same, own)


def streamed(ending: Ending, **own: Expected) -> Expected:
    """A whole answer is not struck."""
    return Expected(FINE, ending, own=own)


_FIRST_TOKEN = always(Fault.TIMEOUT_FIRST_TOKEN)
_FILTERED = always(Fault.CONTENT_FILTERED)

BY_ROW: Mapping[str, Mapping[str, Expected]] = {
    "F1": {
        "refuse": always(Fault.TRANSPORT),
        "connect-hang": always(Fault.TIMEOUT_CONNECT),
        "reset": always(Fault.TRANSPORT),
    },
    "F2": {
        "hang": _FIRST_TOKEN,
        # Headers are the first byte of a whole answer, and no token of a stream.
        "stall-headers": Expected(
            Fault.TIMEOUT_IDLE, Fault.TIMEOUT_FIRST_TOKEN, own={"ruvllm": always(Fault.TIMEOUT_IDLE)}
        ),
        "stall-midway": streamed(Fault.TIMEOUT_IDLE),
    },
    "F3": {"comments-only": streamed(Fault.TIMEOUT_FIRST_TOKEN)},
    "F4": {
        "cut-mid-line": always(Fault.TRANSPORT),
        "cut-mid-character": always(Fault.TRANSPORT),
        "cut-mid-event": streamed(Fault.TRANSPORT),
        "no-terminator": streamed(Fault.TRANSPORT),
    },
    "F5": {"error-midway": streamed(Fault.SERVER, anthropic=streamed(Fault.OVERLOADED))},
    "F6": {
        "error-in-200": always(Fault.SERVER),
        "choices-null": Expected(Fault.SERVER, FINE),
        "choices-empty": Expected(Fault.SERVER, FINE),
        "content-empty": always(FINE, same=False),
        "blank-lines-first": always(FINE),
    },
    "F7": {
        "rate-limited": always(Fault.RATE_LIMITED),
        "rate-limited-seconds": always(Fault.RATE_LIMITED),
        "rate-limited-date": always(Fault.RATE_LIMITED),
        "rate-limited-ms": always(Fault.RATE_LIMITED),
        "rate-limited-text": always(Fault.RATE_LIMITED),
        "rate-limited-silent": always(Fault.RATE_LIMITED),
    },
    "F8": {
        # Azure and ruvLLM do not say that a limit is a day's: the wait that Azure tells is as long.
        "daily-quota": always(
            Fault.QUOTA_EXHAUSTED, azure=always(Fault.RATE_LIMITED), ruvllm=always(Fault.RATE_LIMITED)
        ),
        "no-credit": always(Fault.QUOTA_EXHAUSTED),
    },
    "F9": {
        "unauthorized": always(Fault.AUTH),
        "payment-required": always(Fault.QUOTA_EXHAUSTED),
        "forbidden": always(Fault.AUTH),
        "model-not-found": always(Fault.MODEL_NOT_FOUND),
        "model-retired": always(Fault.MODEL_NOT_FOUND),
    },
    "F10": {
        "context-overflow": always(Fault.CONTEXT_OVERFLOW),
        "too-large": always(Fault.CONTEXT_OVERFLOW),
        # A prompt as short as here is not noticed; a long one is, in `test_contents.py`.
        "truncated-input": always(FINE),
    },
    "F11": {
        "prompt-filtered": _FILTERED,
        "answer-filtered": always(FinishReason.CONTENT_FILTER),
        "refusal": always(FinishReason.REFUSAL),
    },
    "F12": {
        "rejects-temperature": always(FINE),
        "rejects-max-tokens": always(FINE),
        "rejects-system": always(FINE, same=False),
    },
    "F13": {
        "http-500": always(Fault.SERVER),
        "http-502": always(Fault.SERVER),
        "http-503": always(Fault.OVERLOADED),
        "http-504": always(Fault.SERVER),
        "http-529": always(Fault.OVERLOADED),
        "http-498": always(Fault.OVERLOADED, cohere=_FILTERED),
        "http-524": always(Fault.SERVER),
        "html-520": always(Fault.SERVER),
        "empty-502": always(Fault.SERVER),
    },
    "F14": {
        "usage-missing": always(FINE),
        "usage-null-after": always(FINE),
        "usage-changing": always(FINE),
        "reasoning-exceeds": always(FINE),
    },
    "F15": {
        "slow-first-token": _FIRST_TOKEN,
        "slow-tokens:amount=100": Expected(Fault.TIMEOUT_FIRST_TOKEN, FINE),
        "model-load": _FIRST_TOKEN,
    },
    "F16": {
        "brown-out:rate=1": always(Fault.SERVER),
        "flapping": always(Fault.OVERLOADED),
        "outage": always(Fault.OVERLOADED),
    },
    "F21": {
        # Nobody asks for JSON here; what comes of it is in `test_contents.py`.
        "json-fenced": always(FINE),
        "json-in-prose": always(FINE),
        "json-truncated": always(FINE),
        "json-wrong-shape": always(FINE),
    },
    "F22": {
        "crlf": always(FINE),
        "several-data-lines": always(FINE),
        "bom": always(FINE),
        "no-space": always(FINE),
        "comments": always(FINE),
        "event-only": always(FINE),
        "pieces": always(FINE),
    },
}

EXPECTED: Mapping[str, Expected] = {spec: expected for row in BY_ROW.values() for spec, expected in row.items()}
