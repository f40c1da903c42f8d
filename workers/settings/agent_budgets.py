"""What agents may spend, which a configuration says beside their routes."""

from ...routing.directory import Budget
from ...routing.quota_calendar import is_zone
from .complaints import validated
from .problems import Findings
from .tree import EMPTY, Node, plain


def budgets_of(node: Node, findings: Findings) -> tuple[Node, dict[str, Budget]]:
    """The configuration without the budgets, and the budgets by agent.

    An agent of which only a budget is said takes the routes of its jobs' lanes.
    """
    agents, routes, budgets = node.get("agents") or EMPTY, dict[str, Node](), dict[str, Budget]()
    for name, child in agents.fields.items():
        said = child.get("budget") if child.is_mapping else None
        if said is not None and (budget := _budget(said, findings)) is not None:
            budgets[name] = budget
        route = _route(child.without(["budget"]), findings) if child.is_mapping else child
        if route.value != {} or said is None:
            routes[name] = route
    return (node.with_fields({"agents": agents.with_value(routes)}) if agents.is_mapping else node), budgets


def _route(node: Node, findings: Findings) -> Node:
    """`route: bulk` is the route of that name."""
    named = node.get("route")
    if named is None:
        return node
    if len(node.fields) > 1:
        others = ", ".join(f"`{name}:`" for name in node.fields if name != "route")
        findings.errors.append(named.problem(f"names a whole route; leave out {others}"))
    return named


def _budget(node: Node, findings: Findings) -> Budget | None:
    if not node.is_mapping:
        findings.errors.append(node.problem("must be a mapping, as in `budget: {usd_per_day: 5}`"))
        return None
    zone = node.get("resets")
    if zone is not None and not (isinstance(zone.value, str) and is_zone(zone.value)):
        findings.errors.append(zone.problem("must be a time zone such as America/Los_Angeles or UTC, or `rolling`"))
        return None
    budget = validated(Budget, plain(node), node, findings)
    if budget is not None and not budget.limits:
        findings.errors.append(node.problem("needs usd_per_day, usd_per_month or both"))
        return None
    return budget
