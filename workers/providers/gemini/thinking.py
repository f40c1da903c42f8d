"""How long a model is to think, in Gemini's words: a level from the third generation on, a budget of tokens before."""

import re
from collections.abc import Mapping
from typing import Any

_BUDGETED = re.compile(r"gemini-2\.5")
_BEFORE_THINKING = re.compile(r"gemini-(?:1|2\.0)")
_SIGNED = re.compile(r"gemini-(?:[3-9]|.*latest)")
#: Only the smaller models of 2.5 can be kept from thinking; this is the least that `pro` takes.
_LEAST_OF_PRO = 128

_BUDGETS: Mapping[str, int] = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}
_LEVELS: Mapping[str, str] = {"none": "MINIMAL"}


#: The vendor's word in the place of a signature, for calls that another model has made: without one, they are refused
#: (ai.google.dev/gemini-api/docs/thought-signatures). The targets of a chain are different models.
UNSIGNED = "skip_thought_signature_validator"


def wants_signatures(model: str) -> bool:
    """Whether the first call of a turn must have one: from the third generation on."""
    return _SIGNED.search(model) is not None


def thinking_config(model: str, effort: str | None) -> dict[str, Any] | None:
    """`thinkingConfig`; None if nothing is to be said of it, or the model knows no thinking."""
    if effort is None or _BEFORE_THINKING.search(model):
        return None
    thoughts = {"includeThoughts": effort != "none"}
    if not _BUDGETED.search(model):
        return {"thinkingLevel": _LEVELS.get(effort, effort.upper()), **thoughts}
    budget = _BUDGETS.get(effort, -1)
    return {"thinkingBudget": max(budget, _LEAST_OF_PRO) if "pro" in model and budget >= 0 else budget, **thoughts}
