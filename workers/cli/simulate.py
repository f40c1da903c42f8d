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
from ..simulator.admin import PREFIX, problems
from ..simulator.faults.catalogue import CATALOGUE, ELSEWHERE
from ..simulator.faults.fault import ALL
from ..simulator.faults.spec import FaultSpec
from .console import err, error, out
from .setting_options import with_options

DEFAULT_PORT = 8999

simulate_app = typer.Typer(name="simulate", pretty_exceptions_enable=False)


def simulate(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = DEFAULT_PORT,
    admin_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Serve /_sim here too, where it can be reached while connections are refused."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME[:rate=0.3][,after=10][,for=5s][,model=X][,amount=2]; see `fleet simulate faults`."),
    ] = None,
    **settings: Any,
) -> None:
    """Simulate a provider: an HTTP server with its API, its limits and its faults. Ctrl-C ends it.

    It answers at once unless told otherwise, and speaks the API of every provider. The path says whose: its first
    segment is the provider's name, as in /groq, /anthropic, /azure. Without a name, /v1 is OpenAI's or what --flavour
    says, /v1/messages Anthropic's, /v1beta Gemini's, /v2 Cohere's, /openai/deployments Azure's, /api Ollama's, /query
    ruvLLM's.

    Times are seconds, or drawn: uniform:0.2,0.8 normal:0.5,0.1 lognormal:0.5,0.3 exponential:0.5

    \b
    fleet simulate
    fleet simulate --latency lognormal:0.5,0.3 --token-rate 80 --slots 8
    fleet simulate --flavour groq --rpm 30 --rpd 1000 --tpm 12000 --window fixed
    fleet simulate --dialect ollama --port 11434 --load 5 --num-ctx 4096
    fleet simulate --fault http-503:rate=0.3 --fault stall-midway:after=100,for=20

    While it runs: GET, PATCH /_sim/settings - GET, POST, DELETE /_sim/faults - GET /_sim/stats - POST /_sim/reset
    """
    if context.invoked_subcommand:
        return
    try:
        chosen = Settings(**settings)
    except ValidationError as wrong:
        raise ConfigurationError(problems(wrong)) from None
    specs = [FaultSpec.parse(text) for text in fault or []]
    simulator = Simulator(chosen, host=host, port=port, admin_port=admin_port, faults=specs)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(simulator, specs))


def faults(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the faults that can be simulated."""
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
    usual = Settings().model_dump(mode="json")
    changed = {
        name: value for name, value in simulator.settings.model_dump(mode="json").items() if value != usual[name]
    }
    err.print("settings: " + (", ".join(f"{name}={value}" for name, value in changed.items()) or "the defaults"))
    if specs:
        err.print("faults: " + ", ".join(map(str, specs)))
    err.print(
        f"change them while it runs: {simulator.admin_url}{PREFIX}/settings, {PREFIX}/faults; counts: {PREFIX}/stats"
    )


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
