"""An answer as the object that OpenAI's API would have sent, for callers that read that format.

Chats, completions and embeddings: https://platform.openai.com/docs/api-reference. Providers that speak the format have
sent it themselves; the others' answers are rendered.
"""

import base64
import hashlib
import struct
from collections.abc import Mapping
from typing import Any

from .answer import Answer, FinishReason, Usage
from .request import Request

#: OpenAI's words; what it has no word for ended, as far as its readers are concerned.
_FINISH: Mapping[FinishReason, str] = {
    FinishReason.LENGTH: "length",
    FinishReason.TOOL_CALLS: "tool_calls",
    FinishReason.CONTENT_FILTER: "content_filter",
}


def openai_body(answer: Answer, request: Request, created: int) -> dict[str, Any]:
    """The provider's own body if it was kept, else one rendered from the answer. created: seconds since the epoch."""
    if answer.body is not None:
        return answer.body
    if request.kind == "embedding":
        return _embeddings(answer, request)
    prefix, kind, choice = (
        ("chatcmpl", "chat.completion", {"message": _message(answer)})
        if request.kind == "chat"
        else ("cmpl", "text_completion", {"text": answer.text})
    )
    finish = _FINISH.get(answer.finish_reason, "stop")
    return {
        "id": answer.request_id or f"{prefix}-{_digest(answer, created)}",
        "object": kind,
        "created": created,
        "model": answer.model,
        "choices": [{"index": 0, **choice, "logprobs": None, "finish_reason": finish}],
        "usage": _usage(answer.usage),
    }


def _message(answer: Answer) -> dict[str, Any]:
    refused = answer.finish_reason is FinishReason.REFUSAL
    silent = refused or (bool(answer.tool_calls) and not answer.text)
    message: dict[str, Any] = {"role": "assistant", "content": None if silent else answer.text}
    message["refusal"] = answer.text if refused else None
    if answer.reasoning:
        message["reasoning"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [call.model_dump() for call in answer.tool_calls]
    return message


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _embeddings(answer: Answer, request: Request) -> dict[str, Any]:
    packed = request.extra.get("encoding_format") == "base64"
    vectors = [_packed(vector) if packed else list(vector) for vector in answer.embeddings]
    tokens = answer.usage.input_tokens
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)],
        "model": answer.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _packed(vector: tuple[float, ...]) -> str:
    """Base64 of little-endian 32-bit floats, as OpenAI packs them."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _digest(answer: Answer, created: int) -> str:
    """An id for an answer whose provider gives none: the same answer has the same id."""
    said = f"{created}\0{answer.model}\0{answer.text}\0{answer.reasoning}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(said).hexdigest()[:24]
