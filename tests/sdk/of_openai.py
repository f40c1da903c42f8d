"""What the SDKs of OpenAI and Groq read: the one was generated like the other."""

import json
from importlib import import_module
from typing import Any

from .reading import Asked, Called, Counts, Reading, normal_finish

# The SDKs are no dependency, so their types are not there for the type checkers.


def read(asked: Asked, url: str) -> Reading:
    sdk, client = _client(asked, url)
    try:
        if "embeddings" in asked.url:
            return _vectors(client.embeddings.create(model=asked.model, input=["x"] * asked.inputs))
        return _answer(_completion(client, asked))
    except sdk.APIStatusError as error:
        return Reading(error=type(error).__name__)


def _client(asked: Asked, url: str) -> tuple[Any, Any]:
    name, kind = ("groq", "Groq") if asked.provider == "groq" else ("openai", "OpenAI")
    sdk: Any = import_module(name)
    return sdk, getattr(sdk, kind)(api_key="none", base_url=url, max_retries=0)


def _completion(client: Any, asked: Asked) -> Any:
    question: Any = {"model": asked.model, "messages": [{"role": "user", "content": "x"}]}
    if not asked.streams:
        return client.chat.completions.create(**question)
    streaming: Any = import_module("openai.lib.streaming.chat")
    state: Any = streaming.ChatCompletionStreamState()
    usage: Any = None
    for chunk in client.chat.completions.create(**question, stream=True):
        state.handle_chunk(chunk)
        usage = chunk.usage or usage
    completion = state.get_final_completion()
    completion.usage = usage
    return completion


def _answer(completion: Any) -> Reading:
    choice = completion.choices[0]
    calls = tuple(
        Called(call.function.name, json.loads(call.function.arguments or "{}"))
        for call in choice.message.tool_calls or ()
    )
    return Reading(
        text=_text(choice.message.content),
        calls=calls,
        finish=normal_finish(choice.finish_reason, calls),
        usage=_counts(completion.usage),
    )


def _text(content: Any) -> str:
    """Mistral sends parts where it thinks; the SDK hands them on as they are."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part["type"] == "text")


def _vectors(response: Any) -> Reading:
    vectors = tuple(tuple(item.embedding) for item in sorted(response.data, key=lambda item: item.index))
    return Reading(embeddings=vectors, usage=_counts(response.usage))


def _counts(usage: Any) -> dict[str, int]:
    of_prompt = getattr(usage, "prompt_tokens_details", None)
    of_completion = getattr(usage, "completion_tokens_details", None)
    cached = getattr(of_prompt, "cached_tokens", None) or getattr(usage, "prompt_cache_hit_tokens", None)
    return Counts(
        input=usage.prompt_tokens,
        cached=cached or 0,
        written=getattr(of_prompt, "cache_write_tokens", None) or 0,
        output=getattr(usage, "completion_tokens", 0),
        reasoning=getattr(of_completion, "reasoning_tokens", None) or 0,
    ).fields()
