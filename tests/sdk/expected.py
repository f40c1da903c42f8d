"""What the SDKs read, short enough to be kept: `expected.jsonl` holds it for every recorded exchange.

Long texts and vectors are kept as their length and a digest.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .reading import FAULTS, Reading

FILE = Path(__file__).parent / "expected.jsonl"

#: Characters of a text that is kept as it is.
_SHORT = 40


def summary(reading: Reading) -> dict[str, Any]:
    """error: the classes of failure that it may be."""
    return {
        "text": short(reading.text),
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in reading.calls],
        "embeddings": [digest(vector) for vector in reading.embeddings],
        "finish_reason": reading.finish,
        "usage": None if reading.usage is None else dict(reading.usage),
        "failure": None if reading.error is None else sorted(FAULTS[reading.error]),
    }


def short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{len(text)} characters, {_sha(text)}"


def digest(vector: tuple[float, ...]) -> str:
    """Numbers as they read, whichever way they were written."""
    return f"{len(vector)} numbers, {_sha(json.dumps(vector))}"


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stored() -> dict[str, Mapping[str, Any]]:
    """By the exchange's name."""
    lines = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return {line.pop("name"): line for line in lines}
