"""vLLM 0.32: integer codes, FastAPI's own errors for routes, no limits and no headers; taken from a running server."""

from collections.abc import Sequence
from http import HTTPStatus

from ....answer import Answer, Choice
from ....exchange import Exchange
from ....limits import Reading
from ....narrowing import Json
from ....problem import Kind, Problem
from ....timing import Timing
from ... import sse
from ..wording import words
from .flavour import GATEWAY, Flavour, Reply

_TYPES = {400: "BadRequestError", 404: "NotFoundError", 503: "ServiceUnavailableError"}


class VLLM(Flavour):
    reasoning_shown = True
    null_usage = False

    def headers(self, exchange: Exchange) -> dict[str, str]:
        return {}

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        return {}

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"system_fingerprint": "vllm-sim"}

    def choice_extras(self, choice: Choice | None) -> Json:
        extras: Json = {"logprobs": None, "token_ids": None}
        return {**extras, "stop_reason": None} if choice else extras

    def message_extras(self, choice: Choice) -> Json:
        return {"refusal": None, "annotations": None, "audio": None, "function_call": None, "reasoning": None}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        usage: Json = {
            "prompt_tokens": answer.prompt_tokens,
            "total_tokens": answer.total_tokens,
            "completion_tokens": answer.completion_tokens,
            "prompt_tokens_details": None,
        }
        return usage | {"completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens}}

    def model_row(self, model: str, exchange: Exchange) -> Json:
        return {
            "id": model,
            "object": "model",
            "created": int(exchange.at),
            "owned_by": "vllm",
            "root": model,
            "parent": None,
            "max_model_len": exchange.settings.context_tokens,
            "permission": [],
        }

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.kind in GATEWAY:
            return super().error(problem, model, exchange)
        status, _, _, message = words(problem)
        match problem.kind:
            case Kind.UNAUTHORIZED:
                return Reply(status, {}, {"error": "Unauthorized"})
            case Kind.NO_ROUTE | Kind.BAD_METHOD:
                return Reply(status, {}, {"detail": HTTPStatus(status).phrase})
            case Kind.OVERFLOW:
                return _reply(status, self.overflow(problem), "input_tokens")
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                return _reply(404, f"The model `{problem.detail}` does not exist.", "model")
            case _:
                return _reply(status, message, problem.param)

    def overflow(self, problem: Problem) -> str:
        limit, prompt, wanted = problem.limit, problem.prompt_tokens, problem.max_tokens
        head = f"This model's maximum context length is {limit} tokens. However, "
        tail = f"(parameter=input_tokens, value={prompt})"
        if prompt > limit:
            return (
                f"{head}your prompt contains at least {prompt} input tokens, which exceeds this limit even without any "
                f"output tokens. Please reduce the length of the input prompt. {tail}"
            )
        return (
            f"{head}you requested {wanted} output tokens and your prompt contains at least {prompt} input tokens, for "
            f"a total of at least {prompt + wanted} tokens. Please reduce the length of the input prompt or the number "
            f"of requested output tokens. {tail}"
        )

    def broken_off(self, answer: Answer, model: str, exchange: Exchange) -> bytes:
        body = _reply(500, "EngineCore encountered an issue. See stack trace (above) for the root cause.", None).body
        return sse.event(body) + sse.DONE


def _reply(status: int, message: str, param: str | None) -> Reply:
    type_ = _TYPES.get(status, "BadRequestError" if 400 <= status < 500 else "InternalServerError")
    return Reply(status, {}, {"error": {"message": message, "type": type_, "param": param, "code": status}})
