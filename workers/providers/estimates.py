"""The usage of an answer that came without a count."""

from ...routing.tokens import estimate_tokens
from ...tasks.answer import Usage
from ...tasks.request import Request
from .rows import Row


def estimated_usage(row: Row, request: Request, output: str) -> Usage:
    """By the length of the texts; what runs on our own machines costs nothing."""
    local = row.tier == "local"
    return Usage(
        input_tokens=estimate_tokens(request.text),
        output_tokens=estimate_tokens(output),
        source="estimate",
        cost_usd=0.0 if local else None,
        cost_source="local" if local else None,
    )
