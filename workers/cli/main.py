"""The `fleet` command. Each command is in a module beside this one."""

import os
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from ...tasks.errors import FleetError
from ..logs import configure_logs, log_options
from .commands import COMMANDS, Place
from .console import error
from .help_text import reflow, reflowed


class _Commands(TyperGroup):
    """Imports what it runs, when it runs it: all commands together take a second to import."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.help = reflowed(self.help or "")
        # For the words that a mistyped command is answered with.
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's
        return list(COMMANDS)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.commands = {name: TyperCommand(name, help=place.summary) for name, place in COMMANDS.items()}
        super().format_help(ctx, formatter)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's
        place = COMMANDS.get(cmd_name)
        return self.commands[cmd_name] or _imported(cmd_name, place) if place else None


def _imported(name: str, place: Place) -> Any:
    found = getattr(import_module(f".{place.module}", __package__), place.name)
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        command = get_command(alone)
    reflow(command)
    return command


app = typer.Typer(
    name="fleet",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"workfleet {version_of('workfleet')}\n")
        raise typer.Exit


@app.callback()
def _fleet(
    offline: Annotated[
        bool, typer.Option("--offline", help="Connect to nothing but this machine and servers of our own.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """An asynchronous worker fleet for LLM jobs on Celery and Redis.

    FLEET_MODE=offline, or `mode: offline` in the configuration, is the same as --offline.

    Commands end with 0 if all went well, 1 if what they were to do failed, 2 if the command line, the configuration or
    a name is wrong, 3 if no provider can do it or one does not answer, 4 if Redis does not answer, 5 if a job has not
    ended in time, and 130 after Ctrl-C.
    """
    if offline:
        # Also for the processes that a command starts.
        os.environ["FLEET_MODE"] = "offline"


def main() -> None:
    """Run the command line; a user's mistake ends in one line and an exit code, never in a traceback."""
    try:
        configure_logs(log_options({"FLEET_LOG_LEVEL": "warning", **os.environ}))
        app()
    except FleetError as failed:
        error(str(failed))
        sys.exit(failed.exit_code)
