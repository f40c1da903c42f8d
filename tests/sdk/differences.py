"""Where what the fleet reads of an exchange differs from what the provider's own SDK reads."""

import json
from collections.abc import Mapping
from typing import Any

from .expected import digest, short


def differences(decoded: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """decoded: a line of `fleet providers decode --json`. Each difference says what the SDK reads, and what we do."""
    ours = _comparable(decoded)
    theirs = {**expected, "failure": None}
    if theirs["usage"] is None:
        # Google's SDK passes over the count of an embedding, and a failure has none.
        ours["usage"] = None
    found = [f"{name}: SDK {theirs[name]!r}, fleet {ours[name]!r}" for name in ours if ours[name] != theirs[name]]
    may_be: list[str] | None = expected["failure"]
    failure = decoded["failure"]
    if (may_be is None) != (failure is None) or (may_be is not None and failure not in may_be):
        found.append(f"failure: SDK {may_be!r}, fleet {failure!r}")
    return found


def _comparable(decoded: Mapping[str, Any]) -> dict[str, Any]:
    usage: dict[str, Any] = decoded["usage"] or {}
    counted = usage.get("source") == "provider"
    counts = ("input_tokens", "cached_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    return {
        "text": short(decoded["text"]),
        "tool_calls": [
            {"name": call["name"], "arguments": json.loads(call["arguments"])} for call in decoded["tool_calls"]
        ],
        "embeddings": [digest(tuple(vector)) for vector in decoded["embeddings"]],
        "finish_reason": decoded["finish_reason"],
        "usage": {name: usage[name] for name in counts} if counted else None,
    }
