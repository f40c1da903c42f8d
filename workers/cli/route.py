"""`fleet route`: why a prompt goes where it goes."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ...routing.complexity import Complexity, score
from ...routing.directory import Directory, Route
from ...routing.lanes import DEFAULT_TASK_TYPE, lane
from ...routing.placement import Wants, admissible
from ...routing.tokens import estimate_tokens
from ...tasks.errors import InvalidRequest, UnknownName
from ..registry.knowledge import known_without_asking
from ..settings.load import load_settings
from .console import out
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


@dataclass(frozen=True, slots=True)
class _Link:
    """One target of a chain. skipped: why it can't run the prompt, None if it can."""

    target: str
    role: str | None
    priority: int
    skipped: str | None


@route_app.command()
def explain(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; `-` reads it from standard input.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the prompt from a file.", show_default=False)
    ] = None,
    task_type: Annotated[str, typer.Option("--task-type", "-t", help="What the job is for.")] = DEFAULT_TASK_TYPE,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how hard a prompt is and why, its lane, and the targets that may answer. Nothing is submitted."""
    text = _prompt(prompt, file)
    settings = load_settings(config, needed=())
    directory = known_without_asking(settings).informed(settings.directory())
    wanted = directory.task_type(task_type)
    if wanted is None:
        raise UnknownName("task type", task_type, directory.task_types)
    complexity = score(text, task_type=wanted)
    route = directory.route_for(wanted, complexity.band) if directory.providers else None
    tokens = estimate_tokens(text)
    links = list(_links(directory, route, wanted, tokens)) if route else []
    if as_json:
        out.print_json(data=_fields(complexity, wanted, tokens, route, links))
        return
    _show_complexity(complexity, wanted)
    out.print()
    _show_route(directory, route, links)


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


def _links(directory: Directory, route: Route, task_type: str, tokens: int) -> Iterator[_Link]:
    """The chain in order of priority, each target as the lane would see it."""
    wants = Wants(tokens=tokens)
    for link in sorted(route.chain, key=lambda each: each.priority):
        _, skipped = admissible(directory, (link,), task_type, wants)
        target = directory.resolve(link, task_type)
        yield _Link(
            target=str(target) if target else link.provider,
            role=link.role,
            priority=link.priority,
            skipped=next(iter(skipped.values()), None),
        )


def _fields(
    complexity: Complexity, task_type: str, tokens: int, route: Route | None, links: list[_Link]
) -> dict[str, Any]:
    chain = [{name: getattr(link, name) for name in _Link.__slots__} for link in links]
    return {
        "score": complexity.score,
        "raw": complexity.raw,
        "band": complexity.band,
        "task_type": task_type,
        "lane": lane(task_type, complexity.band),
        "tokens": tokens,
        "features": [{**each._asdict(), "contribution": each.contribution} for each in complexity.features],
        "route": {"name": route.name, "strategy": route.strategy, "mode": route.mode, "chain": chain}
        if route
        else None,
    }


def _show_complexity(complexity: Complexity, task_type: str) -> None:
    out.print(
        f"[bold]complexity {complexity.score} of 10[/], {complexity.band}: "
        f"a cheap model's first answer fails in about {complexity.raw:.0%}"
    )
    out.print(Text.assemble("lane ", (lane(task_type, complexity.band), "bold"), "\n"))
    features = Table("feature", "value", "weight", "adds", "what it counts", box=None, pad_edge=False)
    for each in sorted(complexity.features, key=lambda each: -abs(each.contribution)):
        figures = (f"{each.value:.2f}", f"{each.weight:+.2f}", f"{each.contribution:+.2f}")
        features.add_row(each.name, *figures, MEANINGS[each.name])
    total = sum(each.contribution for each in complexity.features)
    features.add_row("", "", "", f"{total:+.2f}", f"log-odds, that is {complexity.raw:.0%}", style="bold")
    out.print(features)


def _show_route(directory: Directory, route: Route | None, links: list[_Link]) -> None:
    if not directory.providers:
        out.print("No configuration was found, so no targets are shown; `fleet init` writes one.")
        return
    if route is None:
        out.print("No route serves this lane; name one for it under `lanes`, or call one `default`.")
        return
    out.print(Text.assemble("route ", (route.name, "bold"), f", strategy {route.strategy}, mode {route.mode}"))
    chain = Table("priority", "target", "role", "", box=None, pad_edge=False)
    for link in links:
        state = Text(f"skipped: {link.skipped}", "yellow") if link.skipped else Text("may take the job", "green")
        chain.add_row(str(link.priority), Text(link.target), Text(link.role or ""), state)
    out.print(chain)
