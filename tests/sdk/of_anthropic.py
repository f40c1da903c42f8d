"""What Anthropic's SDK reads."""

from importlib import import_module
from typing import Any

from .reading import Asked, Called, Counts, Reading, normal_finish


def read(asked: Asked, url: str) -> Reading:
    sdk: Any = import_module("anthropic")
    client = sdk.Anthropic(api_key="none", base_url=url, max_retries=0)
    question: Any = {"model": asked.model, "messages": [{"role": "user", "content": "x"}]}
    try:
        if "count_tokens" in asked.url:
            return Reading(usage=Counts(client.beta.messages.count_tokens(**question).input_tokens).fields())
        # The beta's messages know more kinds of blocks, and are the same otherwise.
        if not asked.streams:
            return _answer(client.beta.messages.create(**question, max_tokens=9))
        with client.beta.messages.stream(**question, max_tokens=9) as stream:
            return _answer(stream.get_final_message())
    except sdk.APIStatusError as error:
        return Reading(error=type(error).__name__)


def _answer(message: Any) -> Reading:
    calls = tuple(Called(block.name, block.input) for block in message.content if block.type == "tool_use")
    return Reading(
        text="".join(block.text for block in message.content if block.type == "text"),
        calls=calls,
        finish=normal_finish(message.stop_reason, calls),
        usage=_counts(message.usage),
    )


def _counts(usage: Any) -> dict[str, int]:
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = getattr(usage, "output_tokens_details", None)
    return Counts(
        input=usage.input_tokens + read + written,
        cached=read,
        written=written,
        output=usage.output_tokens,
        reasoning=getattr(details, "thinking_tokens", None) or 0,
    ).fields()
