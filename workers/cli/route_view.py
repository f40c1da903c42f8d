"""How a route is shown: as a line, as a table of its links, as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from ...routing.control import Control
from ...routing.directory import Route
from .console import out
from .heard import Heard


def chain(route: Route) -> str:
    """Its targets in order."""
    return ", ".join(str(link) for link in sorted(route.chain, key=lambda link: link.priority))


def facts(route: Route) -> str:
    """All about it but its chain."""
    spills = "never" if route.spill_after_s is None else f"after {route.spill_after_s:g} s"
    mode = "" if route.mode == "any" else f", mode {route.mode}"
    return f"{route.strategy}, spills {spills}, filtered: {route.filtered}{mode}"


def origin(name: str, control: Control) -> str:
    """Where a route is from, in people's words."""
    if name not in control.routes:
        return "as configured"
    return f"changed by hand, version {control.versions.get(name, 0)}"


def fields(route: Route, control: Control) -> dict[str, Any]:
    """version: 0 was never changed by hand."""
    by_hand = route.name in control.routes
    version = control.versions.get(route.name, 0)
    return {**route.model_dump(mode="json"), "changed_by_hand": by_hand, "version": version}


def links(route: Route) -> Table:
    """One row a link, with the role that the configuration gives it."""
    table = Table("priority", "target", "role", box=None, pad_edge=False)
    for link in sorted(route.chain, key=lambda link: link.priority):
        table.add_row(str(link.priority), Text(str(link)), Text(link.role or ""))
    return table


def tell(name: str, route: Route | None, control: Control, workers: Heard, *, as_json: bool) -> None:
    """A route after a change, and how many workers have heard of it. None: there is none of that name any more."""
    if as_json:
        told: Mapping[str, int] = {"workers": workers.living, "heard": workers.heard}
        out.print_json(data=None if route is None else {**fields(route, control), **told})
    elif route is None:
        out.print(f"{name} is gone; no configuration has it", markup=False)
    else:
        out.print(f"{name}: {chain(route)} ({facts(route)}; {origin(name, control)}; {workers})", markup=False)
