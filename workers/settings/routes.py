"""Routes: the default one from the providers, and those that the configuration names for lanes and agents."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import get_args

from pydantic import Field

from ...routing.control import AGENTS_OWN
from ...routing.directory import ChainLink, Filtered, Mode, Route, Strategy
from .choices import choose, choose_strategy
from .complaints import validated
from .fallbacks import followers
from .links import Links, in_a_row, lacks_model, links_of, why_unused, with_roles
from .part import Part
from .problems import Findings
from .provider import ProviderSettings
from .references import Providers, Reference
from .spelling import inside
from .templates import CostOf, is_template, staged, with_primary, without_stages
from .tree import Node, plain

#: Free tiers in the order in which they are recommended. It counts among providers of the same priority.
FREE_STACK = ("groq", "openrouter", "google")


class _RouteFields(Part):
    """What a route may say besides its chain; None is as the whole configuration says."""

    strategy: Strategy | None = None
    mode: Mode | None = None
    spill_after_s: float | None = Field(default=None, ge=0)
    filtered: Filtered | None = None


@dataclass(frozen=True, slots=True)
class RouteMaker:
    """Makes routes from what a configuration says. preferred: the provider that the environment puts first."""

    providers: Providers
    mode: Mode
    strategy: Strategy
    spill_after_s: float | None
    findings: Findings
    preferred: str | None = None
    cost_of: CostOf = lambda _: None

    def default(self) -> Route:
        """Every usable provider in the order of its priority, each followed by its fallback.

        Where none is usable, all of them: jobs are then refused with a reason for each. A hosted provider without a
        model is left out: what such a server lists first is nobody's choice, and may be dear.
        """
        links: list[ChainLink] = []
        last = None
        for provider, peers in self._in_order():
            same = bool(links) and peers is not None and peers == last
            rank = links[-1].priority if same else len(links) + 1
            links.append(ChainLink(provider=provider.name, priority=rank))
            last = peers
        unusable = [ChainLink(provider=each.name) for each in self.providers.values() if not each.usable]
        said = _RouteFields(strategy="priority") if self.overrules else None
        return self._route("default", with_roles(links) or in_a_row(unusable), said)

    @property
    def overrules(self) -> bool:
        """Whether the environment's choice of a provider leaves a strategy nothing to say of who comes first."""
        provider = self.providers.get(self.preferred or "")
        return provider is not None and provider.usable and self.strategy != "priority"

    def _in_order(self) -> Iterator[tuple[ProviderSettings, tuple[int, ...] | None]]:
        """Providers with what peers have in common; one that follows as a fallback is nobody's peer."""
        seen: set[str] = set()
        for first in sorted((each for each in self.providers.values() if each.usable), key=self._rank):
            for place, provider in enumerate((first, *followers(first, self.providers))):
                if provider.usable and not lacks_model(provider) and provider.name not in seen:
                    seen.add(provider.name)
                    yield provider, None if place else self._rank(provider)

    def _rank(self, provider: ProviderSettings) -> tuple[int, ...]:
        later = self.mode == "local_first" and provider.tier != "local"
        stack = FREE_STACK.index(provider.type) if self.mode == "free_only" and provider.type in FREE_STACK else -1
        return (provider.name != self.preferred, later, provider.priority, stack)

    def named(
        self,
        name: str,
        node: Node,
        *,
        routes: Collection[str] = (),
        lenient: bool = False,
        default: Route | None = None,
    ) -> Route | None:
        """A route as the configuration says it: a target, a list of them, a mapping with a `chain`, or a template.

        routes: names that might have been meant instead. lenient: see `links_of`. default: the default route, if it is
        known by now.
        """
        if is_template(node):
            first = next(iter((default or self.default()).chain), None)
            node = staged(node, self.providers, str(first) if first else None, self.cost_of, self.findings)
        node = without_stages(node, self.findings)
        fields = node if node.is_mapping else node.with_value({"chain": node})
        chain = fields.get("chain")
        if chain is None or chain.value in (None, ()):
            self.findings.errors.append(node.problem("needs a chain: targets in the order in which they are tried"))
            return None
        fields = self._words(fields.without(["chain"]))
        said = validated(_RouteFields, plain(fields), fields, self.findings) or _RouteFields()
        mode = said.mode or self.mode
        links = links_of(chain, mode, self.providers, self.findings, routes=routes, lenient=lenient)
        if not links.known:
            return None
        return self._route(name, self._extended(links, mode), said, spills="spill_after_s" in fields.fields)

    def of_agent(
        self, agent: str, node: Node, default: Route | None, routes: Collection[str], everybody: Node | None = None
    ) -> Route | None:
        """An agent's own route. A single target is followed by the default route: the agent prefers it, no more.

        everybody: the template of agents without a route of their own; a single target is its primary then.
        """
        single = isinstance(node.value, str) and not is_template(node)
        if single and everybody is not None and is_template(everybody):
            node, single = with_primary(everybody, node), False
        if single:
            return self.preferred_by(f"{AGENTS_OWN}{agent}", node, default, routes)
        return self.named(f"{AGENTS_OWN}{agent}", node, routes=routes, lenient=True, default=default)

    def preferred_by(self, name: str, node: Node, default: Route | None, routes: Collection[str]) -> Route | None:
        """A route of somebody's own. A single target is followed by the default route: it is preferred, no more."""
        route = self.named(name, node, routes=routes, lenient=True, default=default)
        if route is None or default is None or not isinstance(node.value, str) or is_template(node):
            return route
        usable = [link for link in route.chain if self._gets_jobs(link, route.mode)]
        own = {link.provider for link in usable}
        rest = [link for link in default.chain if link.provider not in own and self._gets_jobs(link, route.mode)]
        return route.model_copy(update={"chain": in_a_row([*usable, *rest]) or route.chain})

    def _gets_jobs(self, link: ChainLink, mode: Mode) -> bool:
        return why_unused(Reference(self.providers[link.provider], link.model), mode) is None

    def _extended(self, links: Links, mode: Mode) -> tuple[ChainLink, ...]:
        """A chain that comes down to one target goes on with the fallbacks of its provider."""
        best = links.best()
        if len(best) != 1:
            return with_roles(best)
        after = [ChainLink(provider=each.name) for each in followers(self.providers[best[0].provider], self.providers)]
        after = [link for link in after if self._gets_jobs(link, mode)]
        return in_a_row([*links.usable, *after]) if after else with_roles(best)

    def _words(self, fields: Node) -> Node:
        fields = inside(fields, "strategy", lambda child: choose_strategy(child, self.findings))
        fields = inside(fields, "mode", lambda child: choose(child, get_args(Mode), self.findings))
        fields = inside(fields, "filtered", lambda child: choose(child, get_args(Filtered), self.findings))
        return inside(fields, "spill_after_s", never_is_none)

    def _route(
        self, name: str, chain: tuple[ChainLink, ...], said: _RouteFields | None = None, *, spills: bool = False
    ) -> Route:
        said = said or _RouteFields()
        return Route(
            name=name,
            chain=chain,
            strategy=said.strategy or self.strategy,
            mode=said.mode or self.mode,
            spill_after_s=said.spill_after_s if spills else self.spill_after_s,
            filtered=said.filtered or "one_more",
        )


def never_is_none(node: Node) -> Node:
    """`never` is no number of seconds at all."""
    return node.with_value(None) if node.value == "never" else node
