"""Tokens as Cohere counts them: those that the model read and wrote, and those that are billed (C.8, C.18)."""

from typing import Any

from ....tasks.answer import Usage
from ..json_fields import count, mapping


def usage_of(usage: dict[str, Any]) -> Usage:
    """Limits count the tokens, prices the billed units: the difference is Cohere's own template and thinking."""
    tokens, billed = mapping(usage.get("tokens")), mapping(usage.get("billed_units"))
    counted = tokens or billed
    return Usage(
        input_tokens=count(counted.get("input_tokens")),
        cached_read_tokens=count(usage.get("cached_tokens")),
        output_tokens=count(counted.get("output_tokens")),
        billed_input_tokens=_billed(billed, "input_tokens"),
        billed_output_tokens=_billed(billed, "output_tokens"),
    )


def _billed(billed: dict[str, Any], name: str) -> int | None:
    """Units that are not told are none, where any are."""
    return count(billed.get(name)) if billed else None
