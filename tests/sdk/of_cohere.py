"""What Cohere's SDK reads."""

import json
from importlib import import_module
from typing import Any

from .reading import Asked, Called, Counts, Reading, normal_finish


def read(asked: Asked, url: str) -> Reading:
    cohere: Any = import_module("cohere")
    core: Any = import_module("cohere.core.api_error")
    client = cohere.ClientV2(api_key="none", base_url=url)
    try:
        if "embed" in asked.url:
            texts = ["x"] * asked.inputs
            return _vectors(client.embed(model=asked.model, input_type="search_query", texts=texts))
        return _answer(client.chat(model=asked.model, messages=[{"role": "user", "content": "x"}]))
    except core.ApiError as error:
        return Reading(error=str(error.status_code))


def _answer(response: Any) -> Reading:
    calls = tuple(
        Called(call.function.name, json.loads(call.function.arguments)) for call in response.message.tool_calls or ()
    )
    return Reading(
        text="".join(part.text for part in response.message.content or () if part.type == "text"),
        calls=calls,
        finish=normal_finish(response.finish_reason, calls),
        usage=_counts(response.usage.tokens, response.usage.cached_tokens),
    )


def _vectors(response: Any) -> Reading:
    vectors = tuple(tuple(vector) for vector in response.embeddings.float_)
    return Reading(embeddings=vectors, usage=_counts(response.meta.billed_units, None))


def _counts(units: Any, cached: float | None) -> dict[str, int]:
    return Counts(
        input=int(units.input_tokens or 0), cached=int(cached or 0), output=int(units.output_tokens or 0)
    ).fields()
