"""Cerebras: requests are told per day, tokens per minute; errors have no envelope, but in streams; times are told."""

from collections.abc import Sequence

from ......routing.limits import Period, Unit
from ....answer import Answer, Choice
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ....timing import Timing
from ... import sse, waits
from ..wording import words
from .flavour import FAILED, Flavour, Reply

_TOLD = {(Unit.REQUESTS, Period.DAY), (Unit.TOKENS, Period.MINUTE)}


class Cerebras(Flavour):
    reasoning_shown = True
    usage_unasked = True
    usage_in_last = True
    null_usage = False

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        told: dict[str, str] = {}
        for reading in readings:
            if (reading.limit.unit, reading.limit.period) in _TOLD:
                what = f"{reading.limit.unit}-{reading.limit.period}"
                told[f"x-ratelimit-limit-{what}"] = str(reading.limit.amount)
                told[f"x-ratelimit-remaining-{what}"] = str(max(reading.remaining, 0))
                told[f"x-ratelimit-reset-{what}"] = f"{reading.reset_s:.3f}"
        return told

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "fp_sim"}

    def whole_extras(self) -> Json:
        return {"time_info": {"queue_time": 0.0, "prompt_time": 0.0, "completion_time": 0.0, "total_time": 0.0}}

    def choice_extras(self, choice: Choice | None) -> Json:
        return {}

    def message_extras(self, choice: Choice) -> Json:
        return {}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.overrun:
            return self.rate_error(problem.overrun, problem.told, model, exchange)
        status, type_, code, message = words(problem)
        match problem.kind:
            case Kind.UNAUTHORIZED:
                message, code = "Wrong API Key", "wrong_api_key"
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                status, type_, code = 404, "not_found_error", "model_not_found"
                message = f"Model {problem.detail} does not exist or you do not have access to it."
            case Kind.OVERFLOW:
                message = self.overflow(problem)
            case _:
                pass
        return Reply(status, {}, {"message": message, "type": type_, "param": problem.param, "code": code})

    def overflow(self, problem: Problem) -> str:
        asked = problem.prompt_tokens + problem.max_tokens
        return (
            f"Please reduce the length of the messages or completion. Current length is {asked} while limit is "
            f"{problem.limit}"
        )

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        unit = overrun.limit.unit.removesuffix("s").capitalize()
        message = f"{unit}s per {overrun.limit.period} limit exceeded - too many {overrun.limit.unit} sent."
        waited = waits.in_words(overrun, told) if told is Told.TEXT else ""
        of_tokens = overrun.limit.unit is Unit.TOKENS
        body: Json = {
            "message": message + waited,
            "type": "too_many_tokens_error" if of_tokens else "too_many_requests_error",
            "param": "quota",
            "code": "token_quota_exceeded" if of_tokens else "request_quota_exceeded",
        }
        return Reply(429, waits.retry_after(overrun, told, exchange.at), body)

    def broken_off(self, answer: Answer, model: str, exchange: Exchange) -> bytes:
        return sse.event({"error": self.error(FAILED, model, exchange).body})
