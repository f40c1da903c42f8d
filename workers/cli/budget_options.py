"""The options of commands that change budgets and other limits."""

import math
from collections.abc import Mapping
from typing import Annotated

import typer

from ...routing.control import BUDGETS
from ...tasks.errors import InvalidRequest

DayOption = Annotated[float | None, typer.Option("--usd-per-day", help="What its calls may cost in a day, in USD.")]
MonthOption = Annotated[
    float | None, typer.Option("--usd-per-month", help="What its calls may cost in a month, in USD.")
]
AsConfiguredOption = Annotated[bool, typer.Option("--as-configured", help="First take back all that was set before.")]


def check_budgets(given: Mapping[str, float | None]) -> None:
    """Raises InvalidRequest. Nothing at all is no budget: there are switches for that."""
    for name in BUDGETS:
        usd = given.get(name)
        if usd is not None and not (usd > 0 and math.isfinite(usd)):
            raise InvalidRequest(f"--{name.replace('_', '-')} is an amount of more than 0, not {usd:g}")
