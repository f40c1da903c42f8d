"""OpenRouter: codes are statuses, limits are told only with a 429, every answer has a receipt."""

from collections.abc import Sequence

from ....answer import Answer, Choice
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ....timing import Timing
from ... import sse, waits
from ...dialect import encode
from ..wording import words
from .flavour import FAILED, Flavour, Reply

#: USD for a token of prompt and of completion; a model whose name ends in `:free` costs nothing.
PRICES = (1e-7, 4e-7)


class OpenRouter(Flavour):
    reasoning_shown = True
    usage_unasked = True
    null_usage = False
    comment = b": OPENROUTER PROCESSING\n\n"

    def id(self, exchange: Exchange) -> str:
        return f"gen-{exchange.id}"

    def headers(self, exchange: Exchange) -> dict[str, str]:
        return {"x-generation-id": self.id(exchange)}

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        return {}

    def body_extras(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {"provider": "Simulator"}

    def choice_extras(self, choice: Choice | None) -> Json:
        return {"logprobs": None, "native_finish_reason": choice.finish if choice else None}

    def message_extras(self, choice: Choice) -> Json:
        return {"refusal": None, "reasoning": None}

    def usage(self, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
        return {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.total_tokens,
            "cost": answer.prompt_tokens * PRICES[0] + answer.completion_tokens * PRICES[1],
            "is_byok": False,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "cost_details": {"upstream_inference_cost": None},
            "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens, "image_tokens": 0},
        }

    def model_row(self, model: str, exchange: Exchange) -> Json:
        context = exchange.settings.context_tokens
        prompt, completion = ("0", "0") if model.endswith(":free") else (f"{price:.7f}" for price in PRICES)
        return {
            "id": model,
            "canonical_slug": model,
            "name": model,
            "created": 1_700_000_000,
            "context_length": context,
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"], "tokenizer": "Other"},
            "pricing": {"prompt": prompt, "completion": completion, "request": "0", "image": "0"},
            "top_provider": {"context_length": context, "max_completion_tokens": context, "is_moderated": False},
            "supported_parameters": ["tools", "response_format", "max_tokens", "temperature", "stop", "seed"],
            "per_request_limits": None,
        }

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.overrun:
            return self.rate_error(problem.overrun, problem.told, model, exchange)
        status, _, _, message = words(problem)
        match problem.kind:
            case Kind.FILTERED:
                metadata = {"reasons": ["violence"], "flagged_input": "…", "provider_name": "Simulator"}
                return _reply(403, "Your input was flagged by the moderation of the provider.", metadata)
            case Kind.UNSUPPORTED:
                raw = encode(super().error(problem, model, exchange).body)
                return _reply(status, "Provider returned error", {"raw": raw, "provider_name": "Simulator"})
            case Kind.NO_CREDIT:
                return _reply(402, words(Problem(Kind.PAYMENT)).message, {"provider_name": None})
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                return _reply(404, f"No endpoints found for {problem.detail}.", {"provider_name": None})
            case Kind.OVERFLOW:
                return _reply(status, self.overflow(problem), {"provider_name": "Simulator"})
            case _:
                code = 502 if problem.kind is Kind.ERROR_IN_200 else status
                return _reply(status, message, {"provider_name": "Simulator"}, code)

    def overflow(self, problem: Problem) -> str:
        return (
            f"This endpoint's maximum context length is {problem.limit} tokens. However, you requested about "
            f"{problem.prompt_tokens + problem.max_tokens} tokens ({problem.prompt_tokens} of text input, "
            f"{problem.max_tokens} in the output). Please reduce the length of either one, or use context compression."
        )

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        headers = {
            "X-RateLimit-Limit": str(overrun.limit.amount),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(round((exchange.at + min(overrun.wait_s, 86_400)) * 1000)),
        }
        message = f"Rate limit exceeded: free-models-per-{'day' if overrun.limit.period == 'day' else 'min'}."
        if told is Told.BY_PROVIDER:
            return _reply(429, message, {"headers": headers, "provider_name": None})._replace(headers=headers)
        reply = _reply(429, message + waits.in_words(overrun, told), {"provider_name": None})
        return reply._replace(headers=waits.retry_after(overrun, told, exchange.at))

    def broken_off(self, answer: Answer, model: str, exchange: Exchange) -> bytes:
        """A last chunk that carries the error, and the usage so far; `[DONE]` does not follow."""
        delta = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "error"}
        return sse.event(
            {
                "id": self.id(exchange),
                "provider": "Simulator",
                "error": {"code": FAILED.status, "message": FAILED.detail},
                "model": model,
                "object": "chat.completion.chunk",
                "created": int(exchange.at),
                "choices": [{**delta, "native_finish_reason": "error", "logprobs": None}],
                "usage": self.usage(answer, Timing(), exchange),
            }
        )


def _reply(status: int, message: str, metadata: Json, code: int | None = None) -> Reply:
    error = {"message": message, "code": code or status, "metadata": metadata}
    return Reply(status, {}, {"error": error, "user_id": "user_sim"})
