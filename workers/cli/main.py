"""The `fleet` command. Each group of commands is a module beside this one."""

import os
import sys

import typer

from ...tasks.errors import FleetError
from ..logs import configure_logs, log_options
from . import batch, config, dead_letters, jobs, providers
from .bench import bench_app
from .console import error
from .doctor import doctor
from .flower import flower
from .init import init
from .model_commands import models_app
from .route import route_app
from .scale import scale
from .simulate import simulate_app
from .stream import stream
from .testgen import generate_tests
from .up import up
from .worker import worker

app = typer.Typer(
    name="fleet",
    help="An asynchronous worker fleet for LLM jobs on Celery and Redis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command()(init)
app.add_typer(config.app)
app.command("testgen")(generate_tests)
app.add_typer(batch.app)
app.command()(up)
app.command()(worker)
app.command()(flower)
app.command()(jobs.submit)
app.command()(jobs.result)
app.command()(jobs.wait)
app.command()(stream)
app.command()(jobs.cancel)
app.command("job")(jobs.job)
app.add_typer(dead_letters.app)
app.command()(doctor)
app.command()(scale)
app.add_typer(bench_app)
app.add_typer(route_app)
app.add_typer(providers.app)
app.add_typer(models_app)
app.add_typer(simulate_app)


def main() -> None:
    """Run the command line; a user's mistake ends in one line and an exit code, never in a traceback."""
    try:
        configure_logs(log_options({"FLEET_LOG_LEVEL": "warning", **os.environ}))
        app()
    except FleetError as failed:
        error(str(failed))
        sys.exit(failed.exit_code)
