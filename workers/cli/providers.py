"""`fleet providers`: which model servers there are."""

import json
import os
from dataclasses import asdict

import typer
from rich.table import Table

from ..providers.detect import Detection
from ..providers.detect import detect as find_servers
from .console import err, out
from .provider_control import change, disable, drain, enable, reset
from .provider_decode import decode
from .provider_list import list_providers
from .provider_quota import quota
from .provider_status import status
from .providers_asked import check
from .providers_tried import attempt
from .session import JsonOption, run_async

app = typer.Typer(name="providers", help="The model servers and providers that jobs can run on.", no_args_is_help=True)


@app.callback()
def providers() -> None:
    """The model servers and providers that jobs can run on."""


@app.command()
def detect(as_json: JsonOption = False) -> None:
    """Find the model servers of this machine: Ollama, vLLM, LM Studio, LocalAI, llama.cpp and ruvLLM.

    On their usual ports; OLLAMA_HOST is respected. Ends with 0 whether there are any or not.

    Examples:

      fleet providers detect

      fleet providers detect --json
    """
    found = run_async(find_servers(os.environ))
    if as_json:
        servers = [asdict(server) for server in found.servers]
        out.print_json(json.dumps({"elapsed_ms": round(found.elapsed_s * 1000, 1), "servers": servers}))
        return
    if found.servers:
        out.print(_table(found))
    err.print(f"{_counted(len(found.servers))} found in {found.elapsed_s * 1000:.0f} ms")


app.command("list")(list_providers)
app.command()(status)
app.command()(quota)
app.command()(enable)
app.command()(disable)
app.command()(drain)
app.command("set")(change)
app.command()(reset)
app.command("test")(check)
app.command("try")(attempt)
app.command()(decode)


def _table(found: Detection) -> Table:
    table = Table("type", "address", "models", box=None, pad_edge=False)
    for server in found.servers:
        table.add_row(server.type, server.base_url, ", ".join(server.models) or "[dim]none listed[/]")
    return table


def _counted(servers: int) -> str:
    return "1 server" if servers == 1 else f"{servers or 'no'} servers"
