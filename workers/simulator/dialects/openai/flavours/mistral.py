"""Mistral: reasoning is a part of the content, errors have no envelope."""

from collections.abc import Sequence

from ....answer import Answer, Choice
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ....timing import Timing
from ... import waits
from ..wording import words
from .flavour import Flavour, Reply

#: Kind -> type and code, where they are not those of any bad request.
_TYPES = {
    Kind.NO_MODEL: ("invalid_model", "1500"),
    Kind.RETIRED_MODEL: ("invalid_model", "1500"),
    Kind.OVERLOADED: ("service_unavailable", "3000"),
}

#: What Mistral itself does not say so, but a gateway in front of it may, in OpenAI's words.
_GATEWAY = frozenset({Kind.NO_CREDIT, Kind.FILTERED})


class Mistral(Flavour):
    reasoning_shown = True
    usage_unasked = True
    usage_in_last = True
    null_usage = False

    def id(self, exchange: Exchange) -> str:
        return f"{exchange.number:032x}"

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        told: dict[str, str] = {}
        for reading in readings:
            what = f"{'req' if reading.limit.unit == 'requests' else 'tokens'}-{reading.limit.period}"
            told[f"x-ratelimit-limit-{what}"] = str(reading.limit.amount)
            told[f"x-ratelimit-remaining-{what}"] = str(max(reading.remaining, 0))
        return told

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {}

    def choice_extras(self, choice: Choice | None) -> Json:
        return {}

    def message_extras(self, choice: Choice) -> Json:
        return {"tool_calls": None}

    def reasoning(self, text: str) -> Json:
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}

    def reasoned(self, choice: Choice) -> Json:
        said = [{"type": "text", "text": choice.text}] if choice.text else []
        return {"content": [*self.reasoning(choice.reasoning)["content"], *said]}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {
            "prompt_tokens": answer.prompt_tokens,
            "total_tokens": answer.total_tokens,
            "completion_tokens": answer.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        }

    def model_row(self, model: str, exchange: Exchange) -> Json:
        abilities = {"completion_chat": "embed" not in model, "function_calling": "embed" not in model, "vision": False}
        context = exchange.settings.context_tokens
        row = super().model_row(model, exchange) | {"owned_by": "mistralai", "name": model}
        return row | {"capabilities": abilities, "max_context_length": context, "deprecation": None}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.kind in _GATEWAY:
            return super().error(problem, model, exchange)
        if problem.overrun:
            return self.rate_error(problem.overrun, problem.told, model, exchange)
        status, _, _, message = words(problem)
        match problem.kind:
            case Kind.UNAUTHORIZED:
                return Reply(401, {}, {"detail": "Unauthorized"})
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                status, message = 400, f"Invalid model: {problem.detail}"
            case Kind.OVERFLOW:
                message = (
                    f"Prompt contains {problem.prompt_tokens} tokens and 0 draft tokens, too large for model with "
                    f"{problem.limit} maximum context length"
                )
            case _:
                pass
        usual = ("invalid_request_error", "3051") if 400 <= status < 500 else ("internal_server_error", "1000")
        type_, code = _TYPES.get(problem.kind, usual)
        body: Json = {"object": "error", "message": message, "type": type_, "param": problem.param, "code": code}
        return Reply(status, {}, body)

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        message = "Requests rate limit exceeded" if overrun.limit.unit == "requests" else "Token rate limit exceeded"
        if overrun.limit.period == "day":
            message += " per day"
        waited = waits.in_words(overrun, told) if told is Told.TEXT else ""
        body: Json = {"object": "error", "message": message + waited, "type": "rate_limited", "param": None}
        return Reply(429, waits.retry_after(overrun, told, exchange.at), body | {"code": "1300"})
