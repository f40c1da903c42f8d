"""What people have changed while the fleet runs: providers switched off or drained, their slots, limits and priority,
budgets of agents, and routes. It lies over the configuration until it is taken back, and outlasts every restart.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .directory import Budget, ChainLink, Directory, Route

Switch = Literal["enabled", "disabled", "draining"]

#: How the route of an agent, of a lane or task type, or of a user is called that is nobody else's.
AGENTS_OWN, LANES_OWN, USERS_OWN = "agent:", "lane:", "user:"

#: Why a provider takes no jobs, for people.
WHY: Mapping[Switch, str | None] = {
    "enabled": None,
    "disabled": "it is disabled by hand (fleet providers enable takes it back)",
    "draining": "it is drained by hand (fleet providers enable takes it back)",
}


class ProviderControl(BaseModel):
    """Of one provider. None is as configured.

    switch: `disabled` has it take no jobs, and jobs that only it may run are refused; `draining` has it finish what
    runs, and such jobs wait. slots: of each endpoint of self-hosted servers, else of the whole fleet. resets: how often
    its breakers and refusals were forgotten.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    switch: Switch = "enabled"
    slots: int | None = Field(default=None, ge=1)
    priority: int | None = Field(default=None, ge=0)
    requests_per_minute: int | None = Field(default=None, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    usd_per_day: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    usd_per_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    resets: int = 0

    @property
    def why_out(self) -> str | None:
        return WHY[self.switch]

    def limits(self) -> dict[str, float]:
        """Those that are set, by the names that the configuration has for them."""
        return {name: value for name in LIMITS if (value := getattr(self, name)) is not None}


BUDGETS = ("usd_per_day", "usd_per_month")
LIMITS = ("requests_per_minute", "requests_per_day", "tokens_per_minute", "tokens_per_day", *BUDGETS)
SETTINGS = ("slots", "priority", *LIMITS)


class AgentControl(BaseModel):
    """Of one agent: what its calls may cost. None is as configured."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    usd_per_day: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    usd_per_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    def over(self, budget: Budget) -> Budget:
        return budget.model_copy(update=self.model_dump(exclude_none=True))


class Control(BaseModel):
    """Everything that was changed by hand. versions: of each route that ever was, the number of its last change."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    providers: dict[str, ProviderControl] = Field(default_factory=dict)
    routes: dict[str, Route] = Field(default_factory=dict)
    versions: dict[str, int] = Field(default_factory=dict)
    agents: dict[str, AgentControl] = Field(default_factory=dict)

    def of(self, provider: str) -> ProviderControl:
        return self.providers.get(provider, ProviderControl())


def controlled(directory: Directory, control: Control) -> Directory:
    """The directory as it is with what was changed by hand. Whom the directory does not know is left out.

    A route `agent:NAME` is that agent's from then on, and `lane:NAME` that of the lane or task type.
    """
    providers = dict(directory.providers)
    routes = {**directory.routes, **control.routes}
    for name, change in control.providers.items():
        if name not in providers:
            continue
        facts = providers[name]
        if change.switch == "disabled" and facts.enabled:
            facts = facts.model_copy(update={"enabled": False, "unusable": change.why_out})
        if change.priority is not None:
            facts = facts.model_copy(update={"priority": change.priority})
        if any(getattr(change, budget) is not None for budget in BUDGETS):
            facts = facts.model_copy(update={"budgeted": True})
        providers[name] = facts
    owners = {
        "agents": {**directory.agents, **_own(AGENTS_OWN, control.routes)},
        "users": {**directory.users, **_own(USERS_OWN, control.routes)},
        "lanes": {**directory.lanes, **_own(LANES_OWN, control.routes)},
        "budgets": {**directory.budgets, **_budgets(directory, control)},
    }
    changed = directory.model_copy(update={"providers": providers, "routes": routes, **owners})
    moved = [name for name in control.providers if control.of(name).priority is not None and name in providers]
    if "default" in routes and "default" not in control.routes and moved:
        routes["default"] = _reordered(routes["default"], moved, changed)
    return changed


def _budgets(directory: Directory, control: Control) -> dict[str, Budget]:
    """Those that were changed, over what holds for their agents otherwise."""
    return {name: change.over(directory.budget_of(name) or Budget()) for name, change in control.agents.items()}


def _own(kind: str, routes: Iterable[str]) -> dict[str, str]:
    return {name.removeprefix(kind): name for name in routes if name.startswith(kind)}


def _reordered(route: Route, moved: list[str], directory: Directory) -> Route:
    """The default route, whose order is that of priorities, with these providers at their new places.

    All others keep the order they have, which may be another one than that of their numbers: fallbacks follow whom they
    stand in for.
    """
    chain = [link for link in route.chain if link.provider not in moved]
    for name in sorted(moved, key=lambda each: directory.providers[each].priority):
        own = [link for link in route.chain if link.provider == name]
        at = next((at for at, link in enumerate(chain) if _comes_later(link, name, directory)), len(chain))
        rank = chain[at].priority if at < len(chain) else (chain[-1].priority + 1 if chain else 1)
        after = [link.model_copy(update={"priority": link.priority + 1}) for link in chain[at:]]
        chain = [*chain[:at], *(link.model_copy(update={"priority": rank}) for link in own), *after]
    return route.model_copy(update={"chain": tuple(chain)})


def _comes_later(link: ChainLink, name: str, directory: Directory) -> bool:
    facts = directory.providers.get(link.provider)
    return facts is not None and facts.priority > directory.providers[name].priority
