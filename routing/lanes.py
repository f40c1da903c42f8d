"""The names of queues: lanes `<task type>.<band>` and alternate queues `provider.<name>`."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

DEFAULT_TASK_TYPE = "general"

#: Task types that every fleet knows; a configuration adds its own.
TASK_TYPES = (
    "test-generation",
    "coverage-analysis",
    "code-review",
    "bug-detection",
    "documentation",
    "refactoring",
    "general",
    "cli-analysis",
    "test-plan-generation",
    "result-verification",
    "memory-search",
    "context-analysis",
    "context-building",
    "task-planning",
    "intent-analysis",
    "bulk-operations",
    "artifact-generation",
    "analytical",
    "creative",
    "technical",
)

#: Other names of the task types, as callers spell them.
TASK_TYPE_ALIASES: Mapping[str, str] = {
    "bug-analysis": "bug-detection",
    "multi-file-refactoring": "refactoring",
    "accessibility-testing": "code-review",
    "performance-testing": "bug-detection",
    "security-scanning": "bug-detection",
}


class Band(StrEnum):
    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"
    VERY_COMPLEX = "very-complex"


class Priority(StrEnum):
    """Two priorities: a person who waits comes before a batch."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


def band_of(score: int) -> Band:
    """The band of a complexity score from 1 to 10."""
    if not 1 <= score <= 10:
        raise ValueError(f"complexity score {score} is outside 1..10")
    if score <= 3:
        return Band.SIMPLE
    if score <= 6:
        return Band.MODERATE
    return Band.COMPLEX if score <= 8 else Band.VERY_COMPLEX


def canonical(name: str) -> str:
    """Names are case-insensitive, and `_` is `-`."""
    return name.strip().lower().replace("_", "-")


def lane(task_type: str, band: Band) -> str:
    return f"{task_type}.{band}"


def lanes(task_types: Iterable[str]) -> list[str]:
    """All lanes of the task types, in order."""
    return [lane(task_type, band) for task_type in task_types for band in Band]


_ALTERNATE = "provider."


def alternate_queue(provider: str) -> str:
    """The queue of jobs that must run on this provider next."""
    return f"{_ALTERNATE}{provider}"


def provider_of(queue: str) -> str | None:
    """The provider whose alternate queue it is, None if it is none."""
    return queue.removeprefix(_ALTERNATE) if queue.startswith(_ALTERNATE) else None
