"""A server of ours that answers with another model than it was asked for, and tells so in its answer alone.

LM Studio takes the model that it has loaded where it does not know the name (#619 of its bug tracker), and so does
LocalAI. What hosted providers call a model of theirs is their own affair.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

import structlog

from ...tasks.answer import Answer
from ..settings.provider import ProviderSettings

log = structlog.get_logger()

#: Which of its own models to ask, these servers are not told.
_CHOOSING = frozenset({"ruvllm"})
_DATE = re.compile(r"20\d\d([-.]?)\d\d\1\d\d")
_WORD = re.compile(r"\d+|[^\W\d_]+")
#: Words by which a model differs from another of its family; others may be left out of a name.
_KINDS = frozenset(
    {
        *("coder", "embed", "embedding", "guard", "omni", "turbo", "vision", "vl"),
        *("large", "lite", "medium", "micro", "mini", "nano", "small", "tiny"),
    }
)


@dataclass(frozen=True, slots=True)
class StandIns:
    """told: target asked and target that answered, of which people have been told."""

    told: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def seen(self, provider: ProviderSettings, target: str, answer: Answer | None) -> str:
        """The target whose model stood in for the one that was asked, '' if none did."""
        asked = target.removeprefix(f"{provider.name}/")
        if answer is None or answer.model in ("", asked) or not provider.self_hosted or provider.type in _CHOOSING:
            return ""
        if not is_another(asked, answer.model):
            return ""
        by = f"{provider.name}/{answer.model}"
        if (target, by) not in self.told:
            self.told.add((target, by))
            log.warning("model.replaced", target=target, answered_by=by)
        return by


@lru_cache(maxsize=256)
def is_another(asked: str, answered: str) -> bool:
    """Whether the names are those of two models, as far as names tell: folders, dates, order and spelling are not said.

    In doubt they are of one: a name that only says less, such as `qwen3` for `qwen3-4b-q4_k_m.gguf`, is an alias.
    """
    ours, theirs = _words(asked), _words(answered)
    if not (ours <= theirs or theirs <= ours):
        return True
    return not _KINDS.isdisjoint({*(ours - theirs), *(theirs - ours)})


def _words(model: str) -> Counter[str]:
    return Counter(_WORD.findall(_DATE.sub("", model.rpartition("/")[2].lower())))
