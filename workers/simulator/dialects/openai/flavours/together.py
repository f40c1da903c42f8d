"""Together: models come in a bare array with their prices, answers end in `eos`."""

from collections.abc import Sequence

from ....answer import Answer, Choice, Finish
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ....timing import Timing
from ... import waits
from ..wording import words
from .flavour import Flavour, Reply

#: USD for a million tokens.
_PRICE = 0.1


class Together(Flavour):
    reasoning_shown = True
    usage_unasked = True
    usage_in_last = True
    null_usage = False
    listing_bare = True

    def id(self, exchange: Exchange) -> str:
        return f"o{exchange.id}"

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        told: dict[str, str] = {}
        for reading in readings:
            if reading.limit.period == "minute":
                head = "x-ratelimit" if reading.limit.unit == "requests" else "x-tokenlimit"
                told[f"{head}-limit"] = str(reading.limit.amount)
                told[f"{head}-remaining"] = str(max(reading.remaining, 0))
                told |= {"x-ratelimit-reset": f"{reading.reset_s:.3f}"} if head == "x-ratelimit" else {}
        return told

    def finish(self, choice: Choice) -> str:
        return "eos" if choice.finish is Finish.STOP else choice.finish

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {}

    def whole_extras(self) -> Json:
        return {"prompt": [], "warnings": []}

    def message_extras(self, choice: Choice) -> Json:
        return {"tool_calls": []}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        counts = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens}
        return {**counts, "total_tokens": answer.total_tokens}

    def model_row(self, model: str, exchange: Exchange) -> Json:
        row = super().model_row(model, exchange)
        return {
            **{name: row[name] for name in ("id", "object", "created")},
            "type": "embedding" if "embed" in model else "chat",
            "display_name": model,
            "organization": "Simulator",
            "context_length": exchange.settings.context_tokens,
            "pricing": {"hourly": 0, "input": _PRICE, "output": _PRICE, "base": 0, "finetune": 0},
        }

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        reply = super().error(problem, model, exchange)
        status = 403 if problem.kind is Kind.OVERFLOW else reply.status
        return reply._replace(status=status, body={"id": exchange.id, **reply.body})

    def overflow(self, problem: Problem) -> str:
        return (
            f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {problem.limit}. Given: "
            f"{problem.prompt_tokens} `inputs` tokens and {problem.max_tokens} `max_new_tokens`"
        )

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        kind = "request" if overrun.limit.unit == "requests" else "token"
        message = words(
            Problem(Kind.STATUS, 429, detail=f"You have reached the dynamic rate limit for {model}.")
        ).message
        if overrun.limit.period == "day":
            message = f"You have reached the rate limit per day for {model}."
        waited = waits.in_words(overrun, told) if told is Told.TEXT else ""
        error: Json = {"message": message + waited, "type": f"dynamic_{kind}_limited", "param": None, "code": None}
        return Reply(429, waits.retry_after(overrun, told, exchange.at), {"error": error})
