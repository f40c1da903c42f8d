"""`fleet agents`: what agents may spend, and what they have spent of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from ...routing.control import BUDGETS, controlled
from ...routing.directory import ANY_AGENT, Budget
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest, UnknownName
from ...tasks.usage_books import UsageBooks
from ..limits.books import LimitBooks
from ..limits.standing import Standing, agents_standings
from ..settings.load import load_settings
from ..settings.schema import Settings
from .budget_options import AsConfiguredOption, DayOption, MonthOption, check_budgets
from .console import out
from .quota_table import quota_fields, quota_table
from .session import ConfigOption, JsonOption, fleet_redis, run_async

app = typer.Typer(name="agents", help="The agents that hand in jobs, and their budgets.", no_args_is_help=True)

#: Days in which an agent must have made a call to be shown with the budget of all other agents.
_LATELY_DAYS = 31


@app.callback()
def agents() -> None:
    """The agents that hand in jobs, and their budgets."""


@app.command()
def budget(
    agent: Annotated[
        str | None, typer.Argument(help="Only this agent; all that have a budget if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what agents may spend: what is used and left, when it begins anew, and when it is gone at this rate.

    Calls under way count as what they may cost. What agents have spent in all is with `fleet usage --by agent`.

    Examples:

      fleet agents budget

      fleet agents budget reviewer --json
    """
    found = run_async(_standings(config, agent))
    none = "no agent has a budget; say `budget:` of it in fleet.yaml, or `fleet agents set NAME --usd-per-day 5`"
    _show(found, none, as_json)


@app.command("set")
def change(
    agent: Annotated[str, typer.Argument(help="Its name; '*' is each that has no own budget.", show_default=False)],
    usd_per_day: DayOption = None,
    usd_per_month: MonthOption = None,
    as_configured: AsConfiguredOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change what an agent may spend until it is changed again, over every restart. What it has spent stays counted.

    Examples:

      fleet agents set reviewer --usd-per-day 2 --usd-per-month 30

      fleet agents set reviewer --as-configured
    """
    given: dict[str, float | None] = dict(zip(BUDGETS, (usd_per_day, usd_per_month), strict=True))
    check_budgets(given)
    if not as_configured:
        given = {name: usd for name, usd in given.items() if usd is not None}
    if not given:
        raise InvalidRequest("nothing to set; give --usd-per-day, --usd-per-month or --as-configured")
    found = run_async(_change(config, agent, given))
    _show(found, f"agent {agent} has no budget", as_json)


async def _change(config: Path | None, agent: str, given: Mapping[str, float | None]) -> list[Standing]:
    settings = load_settings(config, needed=())
    async with AsyncClient(fleet_redis(settings)) as client:
        await client.fleet.controls.set_agent(agent, given)
        budgets = await _budgets(settings, client)
        return await _of_agents(client, _only(agent, budgets))


async def _standings(config: Path | None, agent: str | None) -> list[Standing]:
    settings = load_settings(config, needed=())
    async with AsyncClient(fleet_redis(settings)) as client:
        budgets = await _budgets(settings, client)
        if agent is None:
            return await _of_agents(client, budgets)
        if agent not in budgets and ANY_AGENT not in budgets:
            raise UnknownName("agent with a budget", agent, budgets)
        return await _of_agents(client, _only(agent, budgets))


def _only(agent: str, budgets: Mapping[str, Budget]) -> dict[str, Budget]:
    own = budgets.get(agent) or budgets.get(ANY_AGENT)
    return {} if own is None else {agent: own}


async def _budgets(settings: Settings, client: AsyncClient) -> Mapping[str, Budget]:
    """As configured here, or where there is no configuration as the fleet has it; with what was changed by hand."""
    by_hand = await client.fleet.controls.read()
    directory = controlled(settings.directory(), by_hand) if settings.providers else await client.directory()
    return directory.budgets


async def _of_agents(client: AsyncClient, budgets: Mapping[str, Budget]) -> list[Standing]:
    """The budget of all other agents is shown of each of them that has made calls lately."""
    chosen = dict(budgets)
    if (others := chosen.pop(ANY_AGENT, None)) is not None:
        books = UsageBooks(client.redis, namespace=client.store.namespace)
        today = await books.today()
        days = await books.days(today - timedelta(days=_LATELY_DAYS), today)
        seen = {row.agent for table in days.values() for row in table}
        chosen |= dict.fromkeys(seen - budgets.keys(), others)
    return await agents_standings(LimitBooks(client.redis, namespace=client.store.namespace), chosen)


def _show(found: list[Standing], none: str, as_json: bool) -> None:
    if as_json:
        out.print_json(data=[_fields(each) for each in found])
    elif found:
        out.print(quota_table(found, "agent"))
    else:
        out.print(none, markup=False)


def _fields(each: Standing) -> dict[str, Any]:
    fields = quota_fields(each)
    del fields["provider"], fields["scope"], fields["paused_s"]
    return {"agent": each.agent, **fields}
