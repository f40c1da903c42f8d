"""`fleet simulate`: a provider that is not there, to try configurations without spending."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Table

from ...tasks.errors import ConfigurationError, FleetError
from ..simulator import Settings, Simulator
from ..simulator.admin import problems
from ..simulator.faults.catalogue import CATALOGUE, ELSEWHERE
from ..simulator.faults.fault import ALL
from ..simulator.faults.spec import FaultSpec
from . import simulate_control
from .console import err, error, out
from .setting_options import with_options
from .simulate_control import PORT

simulate_app = typer.Typer(name="simulate", pretty_exceptions_enable=False)


def simulate(
    context: typer.Context,
    address: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = PORT,
    admin_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Serve /_sim here too, where it can be reached while connections are refused."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="A fault, such as http-503:provider=groq,rate=0.3; see `fleet simulate faults --help`."),
    ] = None,
    **settings: Any,
) -> None:
    """Simulate a provider: an HTTP server with its API, its limits and its faults. Ctrl-C ends it.

    It answers at once unless told otherwise, and speaks the API of every
    provider: http://127.0.0.1:8999/groq is Groq's base URL, /anthropic is
    Anthropic's, /azure Azure's. Each has limits of its own. Without a name,
    /v1 is OpenAI's or what --flavour says, and other paths tell whose they are.

    Times are seconds, or drawn: uniform:0.2,0.8 normal:0.5,0.1
    lognormal:0.5,0.3 exponential:0.5

    Examples:

      fleet simulate

      fleet simulate --latency lognormal:0.5,0.3 --token-rate 80 --slots 8

      fleet simulate --rpm 30 --rpd 1000 --tpm 12000 --window fixed

      fleet simulate --dialect ollama --port 11434 --load 5 --num-ctx 4096

      fleet simulate --fault http-503:provider=groq,rate=0.3

    While it runs, from another terminal:

      fleet simulate on stall-midway:provider=anthropic,after=100,for=20

      fleet simulate set latency=2 rpm=60

      fleet simulate status

      fleet simulate off
    """
    if context.invoked_subcommand:
        return
    try:
        chosen = Settings(**settings)
    except ValidationError as wrong:
        raise ConfigurationError(problems(wrong)) from None
    specs = [FaultSpec.parse(text) for text in fault or []]
    simulator = Simulator(chosen, host=address, port=port, admin_port=admin_port, faults=specs)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(simulator, specs))


def faults(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the faults that can be simulated.

    A fault is switched on as NAME, or NAME:KEY=VALUE,... with these keys:

      provider=groq   only at that provider
      model=big       only for that model
      rate=0.3        a share of the requests
      after=10        not to the first ten; after=5s is a time
      for=20          to so many, then no more; for=30s is a time
      amount=2        what the last column says

    Examples:

      fleet simulate faults

      fleet simulate faults --json
    """
    if as_json:
        sys.stdout.write(json.dumps(_rows(), indent=2) + "\n")
        return
    table = Table("row", "fault", "dialects", "what happens", "amount=")
    for fault in _rows():
        dialects = ", ".join(fault["dialects"])
        told = "all" if len(fault["dialects"]) == len(ALL) else dialects
        table.add_row(fault["row"], fault["name"], told, fault["summary"], fault["amount"] or "")
    for row, where in ELSEWHERE.items():
        table.add_row(row, "", "", where, "")
    out.print(table)


simulate_app.callback(invoke_without_command=True)(with_options(Settings, simulate, {"models": "--model"}))
simulate_app.command()(faults)
simulate_app.command("on")(simulate_control.switch_on)
simulate_app.command("off")(simulate_control.switch_off)
simulate_app.command("set")(simulate_control.change)
simulate_app.command("status")(simulate_control.status)


def main() -> None:
    """As a program of its own; a user's mistake ends in one line and an exit code."""
    try:
        simulate_app()
    except FleetError as failed:
        error(str(failed))
        sys.exit(failed.exit_code)


async def _serve(simulator: Simulator, specs: list[FaultSpec]) -> None:
    stopping = asyncio.Event()
    with suppress(NotImplementedError):  # no signal handlers on Windows, where Ctrl-C raises KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with simulator:
        sys.stdout.write(f"listening on {simulator.base_url}\n")
        sys.stdout.flush()
        _introduce(simulator, specs)
        await stopping.wait()
    stats = simulator.stats
    err.print(
        f"served {stats.visits.total()} requests, {stats.refused} over the limits, {stats.aborted} aborted by clients"
    )


def _introduce(simulator: Simulator, specs: list[FaultSpec]) -> None:
    settings = simulate_control.changed(simulator.settings.model_dump(mode="json"))
    err.print(f"settings: {settings}", markup=False)
    if specs:
        err.print("faults: " + ", ".join(map(str, specs)), markup=False)
    where = "" if simulator.admin_url == simulate_control.USUAL_URL else f" --url {simulator.admin_url}"
    err.print(f"while it runs, from another terminal: fleet simulate on|off|set|status{where}", markup=False)


def _rows() -> list[Mapping[str, Any]]:
    return [
        {
            "row": fault.row,
            "name": fault.name,
            "dialects": sorted(fault.dialects, reverse=True),
            "summary": fault.summary,
            "amount": f"{fault.amount.meaning} ({fault.amount.default:g})" if fault.amount else None,
            "rate": fault.rate,
        }
        for fault in sorted(CATALOGUE.values(), key=lambda fault: int(fault.row[1:]))
    ]
