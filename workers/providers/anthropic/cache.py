"""Having the API keep what many calls begin with: tools, then the system prompt. What follows is each job's own."""

from typing import Any

_KEPT = {"cache_control": {"type": "ephemeral"}}


def with_cache(body: dict[str, Any]) -> dict[str, Any]:
    """The body with a mark behind its last part that other jobs share. Short ones the API does not keep."""
    if system := body.get("system"):
        return {**body, "system": [{"type": "text", "text": system, **_KEPT}]}
    if tools := body.get("tools"):
        return {**body, "tools": [*tools[:-1], {**tools[-1], **_KEPT}]}
    return body
