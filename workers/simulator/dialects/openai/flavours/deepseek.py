"""DeepSeek: reasoning has a field of its own, prompts a cache, and a busy server keeps connections alive."""

from ....answer import Answer, Choice
from ....exchange import Exchange
from ....narrowing import Json
from ....problem import Kind, Problem
from ....timing import Timing
from .flavour import Flavour, Reply
from .quiet import Quiet

_ERRORS = {
    Kind.UNAUTHORIZED: (401, "Authentication Fails, Your api key is invalid", "authentication_error"),
    Kind.PAYMENT: (402, "Insufficient Balance", "unknown_error"),
    Kind.NO_CREDIT: (402, "Insufficient Balance", "unknown_error"),
    Kind.NO_MODEL: (400, "Model Not Exist", "invalid_request_error"),
    Kind.RETIRED_MODEL: (400, "Model Not Exist", "invalid_request_error"),
}


class DeepSeek(Quiet):
    usage_unasked = True
    usage_in_last = True
    comment = b": keep-alive\n\n"

    def id(self, exchange: Exchange) -> str:
        return f"00000000-0000-4000-8000-{exchange.number:012x}"

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "fp_sim"}

    def message_extras(self, choice: Choice) -> Json:
        return {}

    def reasoning(self, text: str) -> Json:
        return {"reasoning_content": text}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.total_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
            "prompt_cache_hit_tokens": 0,
            "prompt_cache_miss_tokens": answer.prompt_tokens,
        }

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        found = _ERRORS.get(problem.kind)
        if found is None:
            return Flavour.error(self, problem, model, exchange)
        status, message, type_ = found
        error = {"message": message, "type": type_, "param": None, "code": "invalid_request_error"}
        return Reply(status, {}, {"error": error})
