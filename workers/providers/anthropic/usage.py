"""Tokens as Anthropic counts them: its input is without what the cache gave or took (C.6, C.18)."""

from typing import Any

from ....tasks.answer import Usage
from ..json_fields import count, mapping


def usage_of(usage: dict[str, Any]) -> Usage:
    """Input is what was read anew, read from the cache, and written to it; output holds the thinking."""
    read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=count(usage.get("input_tokens")) + read + written,
        cached_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=count(mapping(usage.get("cache_creation")).get("ephemeral_1h_input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        reasoning_tokens=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    )
