"""`fleet providers enable, disable, drain, set, reset`: changes while the fleet runs, on every host at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ...routing.control import SETTINGS
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest, UnknownName
from .budget_options import AsConfiguredOption, DayOption, MonthOption, check_budgets
from .console import err, out
from .heard import heard
from .session import ConfigOption, JsonOption, fleet_client, run_async

Name = Annotated[str, typer.Argument(help="A provider of the fleet.", show_default=False)]

_NOTHING = (
    "nothing to set; give --slots, --priority, --rpm, --rpd, --tpm, --tpd, --usd-per-day, --usd-per-month "
    "or --as-configured"
)


def enable(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Have a provider take jobs again that was disabled or drained.

    Example:

      fleet providers enable groq
    """
    run_async(_change(config, name, {"switch": None}, as_json))


def disable(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Have a provider take no more jobs. What runs ends; what waits for it goes on to other providers.

    Jobs that only it may run are refused, and those that wait already end as failed. `drain` lets them wait.

    Example:

      fleet providers disable groq
    """
    run_async(_change(config, name, {"switch": "disabled"}, as_json))


def drain(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Have a provider finish what runs and take no more jobs. What waits goes on to other providers.

    Jobs that only it may run wait until it is enabled again.

    Example:

      fleet providers drain vllm
    """
    run_async(_change(config, name, {"switch": "draining"}, as_json))


def change(
    name: Name,
    slots: Annotated[
        int | None,
        typer.Option(min=1, help="Calls at the same time: of each of your own servers, else of the whole fleet."),
    ] = None,
    priority: Annotated[int | None, typer.Option(min=0, help="Its place in the default route; lower is first.")] = None,
    rpm: Annotated[int | None, typer.Option("--rpm", min=1, help="Requests per minute.")] = None,
    rpd: Annotated[int | None, typer.Option("--rpd", min=1, help="Requests per day.")] = None,
    tpm: Annotated[int | None, typer.Option("--tpm", min=1, help="Tokens per minute.")] = None,
    tpd: Annotated[int | None, typer.Option("--tpd", min=1, help="Tokens per day.")] = None,
    usd_per_day: DayOption = None,
    usd_per_month: MonthOption = None,
    as_configured: AsConfiguredOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change a provider's slots, priority and limits until they are changed again, over every restart.

    Examples:

      fleet providers set vllm --slots 32

      fleet providers set groq --rpm 20 --priority 2

      fleet providers set openai --usd-per-day 5 --usd-per-month 50

      fleet providers set groq --as-configured
    """
    said = (slots, priority, rpm, rpd, tpm, tpd, usd_per_day, usd_per_month)
    given: dict[str, float | None] = dict(zip(SETTINGS, said, strict=True))
    if not as_configured and all(value is None for value in given.values()):
        raise InvalidRequest(_NOTHING)
    check_budgets(given)
    kept = given if as_configured else {setting: value for setting, value in given.items() if value is not None}
    run_async(_change(config, name, kept, as_json))


def reset(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Close a provider's breakers, and ask it again though it refused the credentials or wanted to be left alone.

    For instance after credits were bought or a plan was raised; what was counted of limits and quotas stays counted.

    Example:

      fleet providers reset groq
    """
    run_async(_reset(config, name, as_json))


async def _change(config: Path | None, name: str, settings: Mapping[str, str | float | None], as_json: bool) -> None:
    async with fleet_client(config) as client:
        await _known(client, name)
        await client.fleet.controls.set_provider(name, settings)
        await _tell(client, name, as_json, {})


async def _reset(config: Path | None, name: str, as_json: bool) -> None:
    async with fleet_client(config) as client:
        await _known(client, name)
        closed = await client.fleet.breakers.reset(name)
        await client.fleet.controls.forget_failures(name)
        await _tell(client, name, as_json, {"closed": [f"{each.scope} {each.of}" for each in closed]})


async def _known(client: AsyncClient, name: str) -> None:
    known = (await client.directory()).providers.keys() | {node.provider for node in (await client.snapshot()).nodes}
    if name not in known:
        raise UnknownName("provider", name, known)


async def _tell(client: AsyncClient, name: str, as_json: bool, more: dict[str, Any]) -> None:
    """How the provider is set now, and how many workers have heard of it."""
    control = await client.fleet.controls.read()
    own = control.of(name)
    workers = await heard(client, lambda node: node.control == own, provider=name)
    fields = {**own.model_dump(exclude={"resets"}), **more, "workers": workers.living, "heard": workers.heard}
    if as_json:
        out.print_json(data={"provider": name, **fields})
        return
    set_by_hand = ", ".join(
        f"{setting} {value}" for setting in SETTINGS if (value := getattr(own, setting)) is not None
    )
    closed = "; ".join(more.get("closed", ()))
    words = [
        f"{name} is {own.switch}",
        *([set_by_hand] if set_by_hand else []),
        *([f"closed {closed}"] if closed else []),
    ]
    out.print(f"{'; '.join(words)} ({workers})", markup=False)
    facts = (await client.preparer(anew=True)).directory.providers.get(name)
    if own.switch == "enabled" and facts is not None and not facts.enabled:
        err.print(
            f"it gets no jobs all the same: {facts.unusable or 'it is disabled in the configuration'}", markup=False
        )
