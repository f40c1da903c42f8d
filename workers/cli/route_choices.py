"""The targets of a route as `fleet route explain` shows them: in which order, and why."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from ...routing.directory import Directory, Route
from ...routing.placement import Wants, admissible
from ...routing.selection import selected
from ...routing.strategy import BUILT_IN, candidate
from ...routing.suitability import Work, remarks
from ...tasks.strategies import installed_ordering
from .console import out


@dataclass(frozen=True, slots=True)
class Choice:
    """One target. skipped: why it can't run the prompt, None if it can. quality: how good it is at the work, 0 to 1.

    cost_usd: of an answer of usual length. Both are None if unknown. remarks: what a strategy that chooses looks at.
    """

    target: str
    role: str | None
    priority: int
    skipped: str | None
    quality: float | None
    cost_usd: float | None
    remarks: tuple[str, ...]


def choices(directory: Directory, route: Route, work: Work, wants: Wants) -> list[Choice]:
    """The chain in order, each target as the lane would see it."""
    found: list[Choice] = []
    ordering = installed_ordering(route.strategy) or BUILT_IN.get(route.strategy)
    chosen = selected(route, directory.providers, work, ordering=ordering)
    for link in sorted(chosen.chain, key=lambda each: each.priority):
        target = directory.resolve(link, work.task_type)
        _, skipped = admissible(directory, (link,), work.task_type, wants)
        facts = candidate(link, directory.providers, work, {})
        found.append(
            Choice(
                target=str(target) if target else link.provider,
                role=link.role,
                priority=link.priority,
                skipped=next(iter(skipped.values()), None),
                quality=facts.quality(),
                cost_usd=facts.cost_usd(),
                remarks=remarks(facts.model, work) if ordering is not None and ordering.chooses else (),
            )
        )
    return found


def fields_of(route: Route, chain: list[Choice]) -> dict[str, Any]:
    return {
        "name": route.name,
        "strategy": route.strategy,
        "mode": route.mode,
        "chain": [asdict(choice) for choice in chain],
    }


def show(route: Route, chain: list[Choice]) -> None:
    out.print(Text.assemble("route ", (route.name, "bold"), f", strategy {route.strategy}, mode {route.mode}"))
    table = Table("priority", "target", "role", "quality", "an answer", "", box=None, pad_edge=False)
    for each in chain:
        table.add_row(
            str(each.priority),
            Text(each.target),
            Text(each.role or ""),
            "-" if each.quality is None else f"{each.quality:.2f}",
            "-" if each.cost_usd is None else f"${each.cost_usd:.4f}",
            _state(each),
        )
    out.print(table)


def _state(choice: Choice) -> Text:
    if choice.skipped:
        return Text(f"skipped: {choice.skipped}", "yellow")
    return Text("; ".join(("may take the job", *choice.remarks)), "green")
