"""What Google's SDK for Gemini reads."""

from importlib import import_module
from typing import Any

from .reading import Asked, Called, Counts, Reading, normal_finish


def read(asked: Asked, url: str) -> Reading:
    genai: Any = import_module("google.genai")
    errors: Any = import_module("google.genai.errors")
    client = genai.Client(api_key="none", http_options={"base_url": url})
    try:
        if "mbedContent" in asked.url:
            return _vectors(client.models.embed_content(model=asked.model, contents=["x"] * asked.inputs))
        if "countTokens" in asked.url:
            return Reading(
                usage=Counts(client.models.count_tokens(model=asked.model, contents="x").total_tokens).fields()
            )
        if asked.streams:
            return _answer(list(client.models.generate_content_stream(model=asked.model, contents="x")))
        return _answer([client.models.generate_content(model=asked.model, contents="x")])
    except errors.APIError as error:
        return Reading(error=str(error.code))
    finally:
        client.close()


def _answer(responses: list[Any]) -> Reading:
    """One response, or all those of a stream; the last count and the last reason are right."""
    parts = [part for response in responses for part in _parts(response)]
    calls = tuple(
        Called(part.function_call.name, part.function_call.args or {}) for part in parts if part.function_call
    )
    reasons = [each.candidates[0].finish_reason for each in responses if each.candidates]
    raw = next((reason.value for reason in reversed(reasons) if reason), None)
    return Reading(
        text="".join(part.text for part in parts if part.text and not part.thought),
        calls=calls,
        finish=normal_finish(raw, calls),
        usage=_counts([each.usage_metadata for each in responses if each.usage_metadata][-1]),
    )


def _parts(response: Any) -> list[Any]:
    content = response.candidates[0].content if response.candidates else None
    return content.parts or [] if content is not None else []


def _vectors(response: Any) -> Reading:
    """The SDK knows no count of this answer."""
    return Reading(embeddings=tuple(tuple(item.values) for item in response.embeddings))


def _counts(usage: Any) -> dict[str, int]:
    thoughts = usage.thoughts_token_count or 0
    return Counts(
        input=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        cached=usage.cached_content_token_count or 0,
        output=(usage.candidates_token_count or 0) + thoughts,
        reasoning=thoughts,
    ).fields()
