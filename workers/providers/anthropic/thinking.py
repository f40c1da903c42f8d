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

    A request that leaves no room for the smallest budget is answered without thinking. So is one in the middle of a
    turn: there, a model of budgets wants its own signed thoughts back, which no other target of a chain has.
    """
    effort = request.reasoning_effort
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if not thinks_by_budget(model):
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": _EFFORTS.get(effort, effort)}}
    if _in_the_middle(request):
        return {}
    budget = min(_BUDGETS.get(effort, _LARGEST), max_tokens // 2)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= _SMALLEST else {}


def _in_the_middle(request: Request) -> bool:
    """Whether the model's last turn goes on: it called tools that have answered, or is to be continued."""
    last = next((message for message in reversed(request.messages) if message.role == "assistant"), None)
    return last is not None and (bool(last.tool_calls) or request.messages[-1] is last)
