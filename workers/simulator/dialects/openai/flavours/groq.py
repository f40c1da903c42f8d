"""Groq: requests are told per day, tokens per minute; usage has times and comes without being asked for."""

import math
from collections.abc import Sequence

from ......routing.limits import Period, Unit
from ....answer import Answer, Choice
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Problem, Told
from ....timing import Timing
from ... import sse, waits
from .flavour import FAILED, Flavour, Reply

#: What the headers tell; the other limits are enforced and not told.
_TOLD = {(Unit.REQUESTS, Period.DAY), (Unit.TOKENS, Period.MINUTE)}

_PER = {Period.MINUTE: "per minute", Period.DAY: "per day"}


class Groq(Flavour):
    reasoning_shown = True
    usage_unasked = True
    usage_in_last = True
    null_usage = False

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        return waits.standing(reading for reading in readings if (reading.limit.unit, reading.limit.period) in _TOLD)

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "fp_sim", "x_groq": {"id": f"req_{exchange.id}"}}

    def whole_extras(self) -> Json:
        return {"usage_breakdown": None, "service_tier": "on_demand"}

    def message_extras(self, choice: Choice) -> Json:
        return {}

    def last_extras(self, usage: Json, exchange: Exchange) -> Json:
        return {"x_groq": {"id": f"req_{exchange.id}", "usage": usage}, "usage": usage}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        writing_s = timing.token_s * answer.completion_tokens
        return {
            "queue_time": round(exchange.queue_s, 9),
            "prompt_tokens": answer.prompt_tokens,
            "prompt_time": round(timing.first_s, 9),
            "completion_tokens": answer.completion_tokens,
            "completion_time": round(writing_s, 9),
            "total_tokens": answer.total_tokens,
            "total_time": round(timing.first_s + writing_s, 9),
            "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        }

    def model_row(self, model: str, exchange: Exchange) -> Json:
        context = exchange.settings.context_tokens
        row = super().model_row(model, exchange)
        return {**row, "active": True, "context_window": context, "max_completion_tokens": context}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        reply = super().error(problem, model, exchange)
        error = {key: value for key, value in reply.body["error"].items() if value is not None}
        return reply._replace(body={"error": error})

    def overflow(self, problem: Problem) -> str:
        return "Please reduce the length of the messages or completion."

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        whose = f"model `{model}` in organization `org_sim` service tier `on_demand`"
        message = self.rate_words(overrun, whose, _PER[overrun.limit.period]) + waits.in_words(overrun, told)
        body = {"message": message, "type": overrun.limit.unit, "code": "rate_limit_exceeded"}
        status = 413 if math.isinf(overrun.wait_s) else 429
        return Reply(status, waits.retry_after(overrun, told, exchange.at), {"error": body})

    def broken_off(self, answer: Answer, model: str, exchange: Exchange) -> bytes:
        body = self.error(FAILED, model, exchange).body
        return sse.event({"error": {**body["error"], "status_code": FAILED.status}}, name="error")
