"""Which route a lane, a task type and an agent take; and the task types themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...routing.control import LANES_OWN, USERS_OWN
from ...routing.directory import ANY_AGENT, Route
from ...routing.lanes import TASK_TYPE_ALIASES, TASK_TYPES, Band, canonical
from ..judging.judges import JUDGES
from .complaints import validated
from .problems import Findings, Problem, did_you_mean
from .routes import RouteMaker
from .schema import TaskTypeSettings
from .spelling import inside
from .tree import EMPTY, Node, plain

_TASK_TYPE = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Everything that names a route. It is filled while the configuration is read."""

    routes: dict[str, Route]
    lanes: dict[str, str] = field(default_factory=dict[str, str])
    agents: dict[str, str] = field(default_factory=dict[str, str])
    users: dict[str, str] = field(default_factory=dict[str, str])


def task_types_of(node: Node | None, findings: Findings) -> dict[str, TaskTypeSettings]:
    """Task types that the configuration adds, or says more about."""
    found: dict[str, TaskTypeSettings] = {}
    taken = {**{name: name for name in TASK_TYPES}, **TASK_TYPE_ALIASES}
    for spelled, child in (node or EMPTY).fields.items():
        name = canonical(spelled)
        if not _TASK_TYPE.fullmatch(name):
            findings.errors.append(child.problem(f"{spelled!r} is no name for a task type: letters, digits and `-`"))
            continue
        if not child.is_mapping and child.value is not None:
            findings.errors.append(child.problem("must be a mapping of fields, such as `judge:`"))
            continue
        fields = inside(child, "judge", lambda judge: _judge(judge, findings))
        said = validated(TaskTypeSettings, plain(fields) or {}, fields, findings)
        if said is None:
            continue
        aliases = tuple(canonical(alias) for alias in said.aliases)
        for alias in aliases:
            if taken.get(alias, name) != name:
                means = "is a task type of its own" if taken[alias] == alias else f"already means {taken[alias]}"
                findings.errors.append(child.problem(f"the alias {alias!r} {means}"))
            taken[alias] = name
        found[name] = said.model_copy(update={"aliases": aliases})
    return found


def _judge(node: Node, findings: Findings) -> Node:
    known = [*JUDGES, "none"]
    name = canonical(str(node.value))
    if name not in known:
        findings.errors.append(node.problem(f"{node.value!r} is no judge{did_you_mean(name, known)}"))
    return node.with_value(name)


def traffic_of(node: Node, task_types: Mapping[str, str], maker: RouteMaker) -> Traffic:
    """The routes, and who takes which. task_types: every name and alias -> the task type."""
    traffic = Traffic(_routes(node.get("routes") or EMPTY, maker))
    if maker.providers and "default" not in traffic.routes:
        traffic.routes["default"] = maker.default()
        if maker.overrules:
            first = (
                f"puts {maker.preferred} first, so that the default route's strategy is priority, not {maker.strategy}"
            )
            maker.findings.warnings.append(Problem(first, source="MODEL_PROVIDER"))
    named = tuple(traffic.routes)
    for spelled, child in (node.get("lanes") or EMPTY).fields.items():
        lane = _lane(spelled, child, task_types, maker.findings)
        if lane in traffic.lanes:
            maker.findings.errors.append(child.problem(f"the route of {lane} is said already"))
        if child.value in named:
            traffic.lanes[lane] = str(child.value)
        else:
            _add(
                traffic,
                traffic.lanes,
                lane,
                maker.named(f"{LANES_OWN}{lane}", child, routes=named, default=traffic.routes.get("default")),
            )
    agents, default = node.get("agents") or EMPTY, traffic.routes.get("default")
    for agent, child in agents.fields.items():
        if child.value in named:
            traffic.agents[agent] = str(child.value)
        else:
            route = maker.of_agent(agent, child, default, named, everybody=agents.get(ANY_AGENT))
            _add(traffic, traffic.agents, agent, route)
    for user, child in (node.get("users") or EMPTY).fields.items():
        if child.value in named:
            traffic.users[user] = str(child.value)
        else:
            _add(traffic, traffic.users, user, maker.preferred_by(f"{USERS_OWN}{user}", child, default, named))
    return traffic


def _add(traffic: Traffic, takers: dict[str, str], taker: str, route: Route | None) -> None:
    if route is not None:
        traffic.routes[route.name] = route
        takers[taker] = route.name


def _routes(node: Node, maker: RouteMaker) -> dict[str, Route]:
    routes: dict[str, Route] = {}
    for name, child in node.fields.items():
        if name in maker.providers:
            maker.findings.errors.append(child.problem(f"{name!r} is a provider; give the route another name"))
        if ":" in name:
            maker.findings.errors.append(child.problem(f"{name!r} is no name for a route; use no colon"))
        route = maker.named(name, child)
        if route is not None:
            routes[name] = route
    return routes


def _lane(spelled: str, node: Node, task_types: Mapping[str, str], findings: Findings) -> str:
    """The name of a lane, `<task type>.<band>`, or of a task type."""
    name, dot, band = spelled.partition(".")
    task_type = task_types.get(canonical(name))
    if task_type is None:
        close = did_you_mean(name, task_types, listed=task_types.values())
        findings.errors.append(node.problem(f"{name!r} is no task type{close}"))
    if dot and canonical(band) not in list(Band):
        findings.errors.append(node.problem(f"{band!r} is no band; known: {', '.join(Band)}"))
    return f"{task_type}{dot}{canonical(band)}" if dot else str(task_type)
