"""Tokens as Gemini counts them: thoughts and what its own tools read are counted apart (C.7, C.18)."""

from typing import Any

from ....tasks.answer import Usage
from ..json_fields import count


def usage_of(usage: dict[str, Any]) -> Usage:
    thoughts = count(usage.get("thoughtsTokenCount"))
    return Usage(
        input_tokens=count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        cached_read_tokens=count(usage.get("cachedContentTokenCount")),
        output_tokens=count(usage.get("candidatesTokenCount")) + thoughts,
        reasoning_tokens=thoughts,
    )
