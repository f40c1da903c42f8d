"""`fleet usage savings`: what calls have cost, beside what one model would have charged for their answers."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...routing.cost_cap import usd
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest
from ...tasks.usage_books import UsageBooks
from ..endpoints.pricing import price_of
from ..prices.price import Price
from ..prices.price_list import PriceList
from ..prices.savings import Saving, savings, together
from ..settings.load import load_settings
from ..settings.schema import Settings
from .console import err, whole
from .console import out as plain
from .days import span
from .session import ConfigOption, JsonOption, fleet_redis, run_async


def saved(
    baseline: Annotated[
        str, typer.Option("--baseline", "-b", help="Provider (or its type) and model that would have been asked.")
    ] = "openai/gpt-4.1",
    since: Annotated[str, typer.Option("--since", help="First day, in UTC: today, 7d, 2026-11-01.")] = "30d",
    until: Annotated[str, typer.Option("--until", help="Last day, in UTC.")] = "today",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what calls have cost beside what one model would have charged for the same answers.

    It is charged for the tokens of each good answer as they were counted, by its price of today, without any failed
    try. What has been paid is of all tries, with what budgets count for those whose bill nobody has seen. Embeddings
    are left out of the baseline.

    Examples:

      fleet usage savings

      fleet usage savings --baseline anthropic/claude-sonnet-4-5 --since 7d --json
    """
    settings = load_settings(config, needed=())
    price = _price(settings, baseline)
    found = run_async(_found(settings, price, since, until))
    if as_json:
        data = {"baseline": baseline, "price_version": price.version, "rows": [_fields(each) for each in found]}
        plain.print_json(data={**data, "total": _fields(together(found))})
    elif not found:
        err.print("no calls on these days")
    else:
        whole.print(_table(found, baseline))
        err.print(f"[dim]{escape(baseline)} by {escape(price.version)}; the same tokens, and no failed try[/]")


def _price(settings: Settings, baseline: str) -> Price:
    name, _, model = baseline.partition("/")
    now, listed = datetime.now(UTC), PriceList()
    provider = settings.providers.get(name)
    found = price_of(provider, model, listed=listed, at=now) if provider else listed.price(name, model, at=now)
    if found is None or found.input is None or found.output is None:
        raise InvalidRequest(f"the price of {baseline!r} is unknown; name one as in --baseline openai/gpt-4.1")
    return found


async def _found(settings: Settings, price: Price, since: str, until: str) -> list[Saving]:
    async with AsyncClient(fleet_redis(settings)) as client:
        books = UsageBooks(client.redis, namespace=client.store.namespace)
        first, last = span(since, until, await books.today())
        return savings(await books.days(first, last), ["model"], price)


def _table(found: list[Saving], baseline: str) -> Table:
    table = Table("model", box=None, pad_edge=False)
    for heading in ("calls", "paid", baseline, "saved"):
        table.add_column(escape(heading), justify="right")
    for each in found:
        table.add_row(escape(each.names[0]), *_cells(each))
    table.add_section()
    known = together(found)
    table.add_row(
        "total" if known.calls == sum(each.calls for each in found) else "total of known costs", *_cells(known)
    )
    return table


def _cells(each: Saving) -> list[str]:
    paid = "unknown" if each.paid_usd is None else usd(each.paid_usd)
    share = "" if each.saved is None else f"{each.saved:.1%}"
    return [f"{each.calls:,}", paid, usd(each.baseline_usd), share]


def _fields(each: Saving) -> dict[str, Any]:
    fields = {"calls": each.calls, "paid_usd": each.paid_usd, "baseline_usd": each.baseline_usd, "saved": each.saved}
    return ({"model": each.names[0]} if each.names else {}) | fields
