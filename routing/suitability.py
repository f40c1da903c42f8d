"""How well a model suits the work of a lane: whether it is good enough, and quick enough. Pure.

A band tells how often a cheap model's first answers are wrong (`complexity.py`); the harder the work, the better the
model that it calls for. A small model that is made for a task type does it as well as a larger one that is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .directory import ModelFacts
from .lanes import Band

#: The least score that is good enough for a band. Judged, on the registry's scale: 0.2 is a good model of 3 billion
#: parameters, 0.6 one of 30 to 70, 0.75 what a small model of the large makers reaches, 0.85 the best ones.
GOOD_ENOUGH: Mapping[Band, float] = {
    Band.SIMPLE: 0.2,
    Band.MODERATE: 0.6,
    Band.COMPLEX: 0.75,
    Band.VERY_COMPLEX: 0.85,
}
#: By how much a model counts as better at its strengths, and one that is made for code as worse at anything else: three
#: of the registry's steps.
STRENGTH = 0.15
#: What the registry's scores are about.
CODE_WORK = frozenset({"test-generation", "coverage-analysis", "code-review", "bug-detection", "refactoring"})
#: What somebody waits for between two steps of other work, or what there is a lot of.
QUICK_WORK = frozenset(
    {"memory-search", "context-analysis", "context-building", "task-planning", "intent-analysis", "bulk-operations"}
)
#: Tokens a second of an answer from which on a model is quick. Most hosted ones give 40 to 100.
QUICK_TOKENS_PER_S = 200.0


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a lane are."""

    task_type: str
    band: Band


def is_strong(model: ModelFacts | None, work: Work) -> bool:
    """Whether it does the task type well for its size."""
    return model is not None and work.task_type in model.strengths


def score(model: ModelFacts | None, work: Work) -> float | None:
    """How good it is at the work: its quality, from 0 to 1, more where it is strong, less where it is out of its field.

    None is unknown.
    """
    if model is None or model.quality is None:
        return None
    if is_strong(model, work):
        return round(model.quality + STRENGTH, 6)
    made_for_code = bool(model.strengths) and model.strengths <= CODE_WORK
    lost = STRENGTH if made_for_code and work.task_type not in CODE_WORK else 0.0
    return round(max(0.0, model.quality - lost), 6)


def is_good_enough(model: ModelFacts | None, work: Work) -> bool:
    """Whether nothing says that it is too weak."""
    known = score(model, work)
    return known is None or known >= GOOD_ENOUGH[work.band]


def is_quick_enough(model: ModelFacts | None, work: Work) -> bool:
    """Whether it is known to be quick, where the work calls for that."""
    if work.task_type not in QUICK_WORK:
        return True
    return model is not None and (model.tokens_per_s or 0.0) >= QUICK_TOKENS_PER_S


def remarks(model: ModelFacts | None, work: Work) -> tuple[str, ...]:
    """What speaks for a model, and against it, in words."""
    known = score(model, work)
    needed = GOOD_ENOUGH[work.band]
    said = {
        f"strong at {work.task_type}": is_strong(model, work),
        f"too weak for {work.band} work: {known} of {needed}": not is_good_enough(model, work),
        "not known to be quick": not is_quick_enough(model, work),
        "nobody has scored it": known is None,
    }
    return tuple(words for words, holds in said.items() if holds)
