"""`fleet route`: why a prompt goes where it goes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ...routing.complexity import Complexity, score
from ...routing.directory import Directory, Route
from ...routing.lanes import DEFAULT_TASK_TYPE, Band, lane
from ...routing.placement import Wants
from ...routing.suitability import Work
from ...routing.tokens import estimate_tokens
from ...tasks.errors import InvalidRequest, UnknownName
from ..registry.knowledge import known_without_asking
from ..settings.choices import strategy_named
from ..settings.load import load_settings
from .console import out
from .route_choices import Choice, choices, fields_of, show
from .route_control import failures, list_routes, reset_route, set_route
from .route_history import history, restore, show_route
from .session import ConfigOption, JsonOption

route_app = typer.Typer(name="route", help="See why a prompt goes where it goes, and change it.", no_args_is_help=True)
route_app.command("list")(list_routes)
route_app.command("show")(show_route)
route_app.command("set")(set_route)
route_app.command("reset")(reset_route)
route_app.command()(history)
route_app.command()(restore)
route_app.command()(failures)

#: What each feature of the complexity score counts; most on a logarithmic scale, log2(1 + n).
MEANINGS: Mapping[str, str] = {
    "baseline": "where every prompt starts",
    "words": "different words",
    "variables": "names of one letter",
    "magnitude": "power of ten of the largest bound",
    "operations": "words for changes: choose, swap, perform …",
    "counting": "words for counting and number theory: ways, modulo, prime …",
    "structures": "words for parts and arrangements: subsequence, grid, pairs …",
    "graphs": "words for graphs: tree, edge, path …",
    "conditions": "words for conditions: satisfies, impossible, such …",
    "quantifiers": "words for quantities: each, any, exactly …",
    "optimisation": "words for extremes: minimum, longest …",
    "processes": "words for processes: queries, events, player …",
    "concurrency": "words for concurrency: async, lock, race …",
    "io": "words for input and output: http, database, retry …",
    "engineering": "words for engineering: refactor, migrate, compatible …",
    "functions": "functions defined",
    "branches": "lines that branch, loop or handle errors",
    "nesting": "depths of nesting",
    "recursion": "a function that calls itself",
    "files": "source files named",
    "length": "doublings beyond 2,000 tokens",
    "task": "what the task type asks by itself",
}


@route_app.command()
def explain(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; `-` reads it from standard input.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the prompt from a file.", show_default=False)
    ] = None,
    task_type: Annotated[str, typer.Option("--task-type", "-t", help="What the job is for.")] = DEFAULT_TASK_TYPE,
    agent: Annotated[str, typer.Option(help="Whose job it is.", show_default=False)] = "",
    user: Annotated[str | None, typer.Option(envvar="FLEET_USER", help="Who hands it in.", show_default=False)] = None,
    band: Annotated[
        Band | None,
        typer.Option("--complexity", help="Its band, in place of what the prompt says.", show_default=False),
    ] = None,
    needs: Annotated[
        str, typer.Option(help="What its targets must be able to do, with commas: tools, vision, json_mode.")
    ] = "",
    strategy: Annotated[
        str, typer.Option(help="Try another strategy than the route's: cost_based, balanced, …", show_default=False)
    ] = "",
    local_only: Annotated[bool, typer.Option("--local-only", help="Only targets on our own machines.")] = False,
    free_only: Annotated[bool, typer.Option("--free-only", help="Only targets that cost nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how hard a prompt is and why, its lane, and the targets that may answer. Nothing is submitted.

    The targets are those of the configuration, in the order in which the route's strategy has them before anything is
    observed of them.

    Examples:

      fleet route explain "Explain what a circuit breaker does"

      fleet route explain -f prompt.md -t code-review --strategy balanced

      fleet route explain "What is on the screenshot?" --needs vision --complexity moderate
    """
    text = _prompt(prompt, file)
    settings = load_settings(config, needed=())
    directory = known_without_asking(settings).informed(settings.directory())
    complexity = score(text, task_type=_task_type(directory, task_type))
    job = _Asked(
        Work(_task_type(directory, task_type), band or complexity.band),
        Wants(
            needs=frozenset(name.strip() for name in needs.split(",") if name.strip()),
            tokens=estimate_tokens(text),
            local_only=local_only,
            free_only=free_only,
        ),
    )
    route = _route(directory, job.work, agent, user, strategy)
    chain = choices(directory, route, job.work, job.wants) if route else []
    if as_json:
        out.print_json(data=_fields(complexity, job, route, chain))
        return
    _show_complexity(complexity, job.work)
    out.print()
    _show_targets(directory, route, chain)


def _show_targets(directory: Directory, route: Route | None, chain: list[Choice]) -> None:
    if not directory.providers:
        out.print("No configuration was found, so no targets are shown; `fleet init` writes one.")
    elif route is None:
        out.print("No route serves this lane; name one for it under `lanes`, or call one `default`.")
    else:
        show(route, chain)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the job is, and what it asks of its targets."""

    work: Work
    wants: Wants


def _task_type(directory: Directory, name: str) -> str:
    found = directory.task_type(name)
    if found is None:
        raise UnknownName("task type", name, directory.task_types)
    return found


def _route(directory: Directory, work: Work, agent: str, user: str | None, strategy: str) -> Route | None:
    """The agent's own, else the lane's own, the user's or the default; in another strategy's order, if one is named."""
    if not directory.providers:
        return None
    kind = (work.task_type, work.band)
    route = directory.route_of_agent(agent) or directory.route_of_user(user, *kind) or directory.route_for(*kind)
    if route is None or not strategy:
        return route
    return route.model_copy(update={"strategy": strategy_named(strategy)})


def _prompt(prompt: str | None, file: Path | None) -> str:
    if (prompt is None) == (file is None):
        raise InvalidRequest("give one prompt: as the argument, with --file, or `-` for standard input")
    if file is None:
        return sys.stdin.read() if prompt == "-" else prompt or ""
    try:
        return file.read_text()
    except OSError as failed:
        raise InvalidRequest(f"cannot read {file}: {failed.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not UTF-8 text") from None


def _fields(complexity: Complexity, job: _Asked, route: Route | None, chain: list[Choice]) -> dict[str, Any]:
    return {
        "score": complexity.score,
        "raw": complexity.raw,
        "band": job.work.band,
        "task_type": job.work.task_type,
        "lane": lane(job.work.task_type, job.work.band),
        "tokens": job.wants.tokens,
        "features": [{**each._asdict(), "contribution": each.contribution} for each in complexity.features],
        "route": fields_of(route, chain) if route else None,
    }


def _show_complexity(complexity: Complexity, work: Work) -> None:
    out.print(
        f"[bold]complexity {complexity.score} of 10[/], {complexity.band}: "
        f"a cheap model's first answer fails in about {complexity.raw:.0%}"
    )
    out.print(Text.assemble("lane ", (lane(work.task_type, work.band), "bold"), "\n"))
    features = Table("feature", "value", "weight", "adds", "what it counts", box=None, pad_edge=False)
    for each in sorted(complexity.features, key=lambda each: -abs(each.contribution)):
        figures = (f"{each.value:.2f}", f"{each.weight:+.2f}", f"{each.contribution:+.2f}")
        features.add_row(each.name, *figures, MEANINGS[each.name])
    total = sum(each.contribution for each in complexity.features)
    features.add_row("", "", "", f"{total:+.2f}", f"log-odds, that is {complexity.raw:.0%}", style="bold")
    out.print(features)
