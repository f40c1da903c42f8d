"""How long a model is to think, in Anthropic's words: an effort, or a budget of tokens for the models before."""

from collections.abc import Mapping
from typing import Any

from ....tasks.request import Request
from .generations import thinks_by_budget

_EFFORTS: Mapping[str, str] = {"minimal": "low"}
_BUDGETS: Mapping[str, int] = {"minimal": 1024, "low": 1024, "medium": 4096, "high": 16_384}
_LARGEST = 32_768
#: The API takes no smaller budget.
_SMALLEST = 1024


def thinking(model: str, request: Request, max_tokens: int) -> dict[str, Any]:
    """The fields of the body; none if the request says nothing of it. The budget is part of `max_tokens`.

    A request that leaves no room for the smallest budget is answered without thinking.
    """
    effort = request.reasoning_effort
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if not thinks_by_budget(model):
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": _EFFORTS.get(effort, effort)}}
    budget = min(_BUDGETS.get(effort, _LARGEST), max_tokens // 2)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= _SMALLEST else {}
