"""The local servers: LM Studio, LocalAI and llama.cpp. No limits, no request ids, errors each in its own way."""

from ....answer import Answer, Choice
from ....exchange import Exchange
from ....narrowing import Json
from ....problem import Kind, Problem
from ....timing import Timing
from ..wording import words
from .flavour import GATEWAY, Flavour, Reply
from .quiet import Quiet


class _Local(Quiet):
    null_usage = False

    def headers(self, exchange: Exchange) -> dict[str, str]:
        return {}

    def message_extras(self, choice: Choice) -> Json:
        return {}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        return Flavour.error(self, problem, model, exchange)


class LMStudio(_Local):
    lists_loaded = True

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "sim"}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.kind is Kind.OVERFLOW:
            return Reply(400, {}, {"error": self.overflow(problem)})
        if problem.kind is Kind.NO_ROUTE:
            return Reply(404, {}, {"error": f"Unexpected endpoint or method. ({problem.detail})"})
        return super().error(problem, model, exchange)

    def overflow(self, problem: Problem) -> str:
        return (
            f"Trying to keep the first {problem.prompt_tokens} tokens when context the overflows. However, the model "
            f"is loaded with context length of only {problem.limit} tokens, which is not enough. Try to load the model "
            "with a larger context length, or provide a shorter input"
        )


class LocalAI(_Local):
    """Error codes are statuses, and an unknown model is a bad request."""

    health = b"OK"

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.kind in GATEWAY:
            return super().error(problem, model, exchange)
        status, _, _, message = words(problem)
        match problem.kind:
            case Kind.UNAUTHORIZED:
                message = "An authentication key is required"
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                status, message = 400, f"model {problem.detail!r} not found"
            case Kind.OVERFLOW:
                status = 500
                message = f"rpc error: code = Internal desc = {_too_long(problem)}"
            case _:
                pass
        return Reply(status, {}, {"error": {"code": status, "message": message, "param": None, "type": ""}})


class LlamaCpp(_Local):
    """Answers tell their times; errors are typed."""

    health = b'{"status":"ok"}'

    def whole_extras(self) -> Json:
        return {"timings": {"prompt_n": 1, "prompt_ms": 1.0, "predicted_n": 1, "predicted_ms": 1.0}}

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "b0-sim"}

    def model_row(self, model: str, exchange: Exchange) -> Json:
        row = super().model_row(model, exchange) | {"owned_by": "llamacpp"}
        return row | {"meta": {"n_ctx_train": exchange.settings.context_tokens, "n_params": 494_032_768}}

    def reasoning(self, text: str) -> Json:
        return {"reasoning_content": text}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.kind in GATEWAY:
            return super().error(problem, model, exchange)
        status, type_, _, message = words(problem)
        extra: Json = {}
        match problem.kind:
            case Kind.UNAUTHORIZED:
                type_, message = "authentication_error", "Invalid API Key"
            case Kind.OVERLOADED:
                type_, message = "unavailable_error", "Loading model"
            case Kind.OVERFLOW:
                type_, message = "exceed_context_size_error", _too_long(problem)
                extra = {"n_prompt_tokens": problem.prompt_tokens, "n_ctx": problem.limit}
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                status, message = 400, f"model {problem.detail!r} not found"
            case Kind.NO_ROUTE:
                type_, message = "not_found_error", "File Not Found"
            case _:
                pass
        return Reply(status, {}, {"error": {"code": status, "message": message, "type": type_, **extra}})


def _too_long(problem: Problem) -> str:
    asked = problem.prompt_tokens + problem.max_tokens
    return f"request ({asked} tokens) exceeds the available context size ({problem.limit} tokens), try increasing it"
