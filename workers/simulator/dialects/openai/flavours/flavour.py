"""What OpenAI itself sends; the other flavours say only what they do differently."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ......routing.limits import Period
from ....answer import Answer, Choice
from ....ask import Operation
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ....timing import Timing
from ... import sse, waits
from ..wording import words

#: What a server of one's own never says, but a gateway in front of it may, in OpenAI's words.
GATEWAY = frozenset({Kind.RATE, Kind.NO_CREDIT, Kind.PAYMENT, Kind.FORBIDDEN, Kind.FILTERED})


class Reply(NamedTuple):
    """An error as it is sent."""

    status: int
    headers: dict[str, str]
    body: Json


class Flavour:
    """reasoning_shown: reasoning is in the answer, not only counted. usage_unasked: a stream tells its usage even if
    `stream_options.include_usage` is not sent. usage_in_last: it is part of the chunk that ends the answer.
    null_usage: chunks before the usage say `"usage": null`. comment: sent before a slow stream begins.
    health: the body of its health check. listing_bare: its models come in an array without an object around it.
    lists_loaded: `/api/v0/models` tells which of them are loaded, as LM Studio does.
    """

    reasoning_shown = False
    usage_unasked = False
    usage_in_last = False
    null_usage = True
    comment = b""
    health = b""
    listing_bare = False
    lists_loaded = False

    def id(self, exchange: Exchange) -> str:
        return f"{'cmpl' if exchange.operation is Operation.COMPLETION else 'chatcmpl'}-{exchange.id}"

    def headers(self, exchange: Exchange) -> dict[str, str]:
        return {"x-request-id": f"req_{exchange.id}", **self.rate_headers(exchange.readings)}

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        """Requests and tokens of the minute."""
        return waits.standing(reading for reading in readings if reading.limit.period is Period.MINUTE)

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        """In a whole answer and in every chunk."""
        return {"service_tier": "default", "system_fingerprint": "fp_sim"}

    def whole_extras(self) -> Json:
        """In a whole answer only."""
        return {}

    def opening(self, exchange: Exchange) -> Json | None:
        """A chunk before the first, of a stream."""
        return None

    def reasoning(self, text: str) -> Json:
        """How a delta carries reasoning."""
        return {"reasoning": text}

    def reasoned(self, choice: Choice) -> Json:
        """How a message carries reasoning."""
        return self.reasoning(choice.reasoning)

    def finish(self, choice: Choice) -> str:
        return choice.finish

    def choice_extras(self, choice: Choice | None) -> Json:
        """Besides index, message or delta, and finish_reason; None in chunks before the last."""
        return {"logprobs": None}

    def message_extras(self, choice: Choice) -> Json:
        return {"refusal": None, "annotations": []}

    def last_extras(self, usage: Json, exchange: Exchange) -> Json:
        """In the chunk that ends the answer, where the usage is part of it."""
        return {"usage": usage}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.total_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": answer.reasoning_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def model_row(self, model: str, exchange: Exchange) -> Json:
        return {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.overrun:
            return self.rate_error(problem.overrun, problem.told, model, exchange)
        status, type_, code, message = words(problem)
        if problem.kind is Kind.OVERFLOW:
            message = self.overflow(problem)
        error = {"message": message, "type": type_, "param": problem.param, "code": code}
        return Reply(status, {}, {"error": error})

    def overflow(self, problem: Problem) -> str:
        limit, prompt, wanted = problem.limit, problem.prompt_tokens, problem.max_tokens
        head = f"This model's maximum context length is {limit} tokens. However, "
        if prompt > limit:
            return f"{head}your messages resulted in {prompt} tokens. Please reduce the length of the messages."
        return (
            f"{head}you requested {prompt + wanted} tokens ({prompt} in the messages, {wanted} in the completion). "
            "Please reduce the length of the messages or completion."
        )

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        message = self.rate_words(overrun, f"{model} in organization org-sim", _PER[overrun.limit.period])
        headers = waits.retry_after(overrun, told, exchange.at, (Told.SECONDS, Told.MILLISECONDS))
        body = {
            "message": message + waits.in_words(overrun, told),
            "type": overrun.limit.unit,
            "param": None,
            "code": "rate_limit_exceeded",
        }
        return Reply(429, headers, {"error": body})

    def rate_words(self, overrun: Overrun, whose: str, per: str) -> str:
        limit = overrun.limit
        what = f"for {whose} on {limit.unit} {per} ({limit.acronym}): Limit {limit.amount},"
        if math.isinf(overrun.wait_s):
            return (
                f"Request too large {what} Requested {overrun.requested}. "
                "The input or output tokens must be reduced in order to run successfully."
            )
        return f"Rate limit reached {what} Used {overrun.used}, Requested {overrun.requested}."

    def broken_off(self, answer: Answer, model: str, exchange: Exchange) -> bytes:
        """What follows when an answer fails after its stream has begun."""
        return sse.event(self.error(FAILED, model, exchange).body)


#: The error of an answer that fails while it is written.
FAILED = Problem(Kind.STATUS, status=500, detail="The server had an error while processing your request.")

_PER = {Period.MINUTE: "per min", Period.DAY: "per day"}
