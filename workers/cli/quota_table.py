"""How limits and budgets stand, as a table and for programs."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.table import Table

from ...routing.cost_cap import usd
from ...routing.limits import Unit
from ..limits.standing import Standing
from ..limits.words import span

#: Shares of a limit from which it is shown in yellow, and in red.
_NEAR, _VERY_NEAR = 0.8, 0.9


def quota_table(found: Iterable[Standing], whose: str) -> Table:
    """whose: the heading of the first column."""
    table = Table(whose, "limit", "of", "used", "left", "resets in", "at this rate", box=None, pad_edge=False)
    for each in found:
        forecast = "" if each.runs_out_in_s is None else f"gone in {span(each.runs_out_in_s)}"
        if each.paused_s > 0:
            forecast = f"[red]asked us to wait {span(each.paused_s)}[/]"
        resets = "" if each.resets_in_s is None else span(each.resets_in_s)
        left = _amount(each.left, each.unit)
        table.add_row(_who(each), _amount(each.limit, each.unit), each.of, _coloured(each), left, resets, forecast)
    return table


def quota_fields(each: Standing) -> dict[str, Any]:
    """Amounts of money are in USD."""
    spans = {
        name: None if (value := getattr(each, name)) is None else round(value, 1)
        for name in ("resets_in_s", "runs_out_in_s", "paused_s")
    }
    return {**asdict(each), "left": each.left, **spans}


def _who(each: Standing) -> str:
    if each.agent is not None:
        return each.agent
    if each.scope == each.provider:
        return each.provider
    return f"{each.provider} ({each.scope.removeprefix(f'{each.provider}/')})"


def _amount(amount: float, unit: Unit) -> str:
    return usd(amount) if unit is Unit.USD else f"{amount:,.0f}"


def _coloured(each: Standing) -> str:
    share = each.used / each.limit
    colour = "red" if share >= _VERY_NEAR else "yellow" if share >= _NEAR else "default"
    return f"[{colour}]{_amount(each.used, each.unit)} ({share:.0%})[/]"
