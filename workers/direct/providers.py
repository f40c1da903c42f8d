"""The configured providers side by side, and an agent's chain of them asked one after the other."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

import httpx2

from ...routing.complexity import level
from ...routing.directory import ChainLink, Directory
from ...routing.lanes import DEFAULT_TASK_TYPE, band_of
from ...routing.placement import Wants, admissible
from ...routing.selection import selected
from ...routing.suitability import Work
from ...tasks.answer import Answer
from ...tasks.errors import NoTarget, UnknownName
from ...tasks.request import Request
from ...tasks.strategies import installed_ordering
from ..judging.objection import ended_badly
from ..providers.endpoint import AttemptFailed
from ..providers.sender import Sender
from ..settings.modes import near
from ..settings.schema import Settings
from .called import OnCall
from .provider import Provider


@dataclass(frozen=True, slots=True)
class Providers:
    """Those that are enabled, by name."""

    directory: Directory
    by_name: Mapping[str, Provider]

    @classmethod
    @asynccontextmanager
    async def of(
        cls,
        settings: Settings,
        *,
        on_call: OnCall = lambda _: None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> AsyncGenerator[Self]:
        """All of them behind one client. on_call: hears of each call that has ended. transport: stands in for the
        network in tests.
        """
        async with Sender(transport=transport, near=near(settings.providers.values())) as sender:
            enabled = {each.name: Provider(each, sender, on_call=on_call) for each in settings.enabled()}
            yield cls(settings.directory(), enabled)

    def __getitem__(self, name: str) -> Provider:
        if name not in self.by_name:
            raise UnknownName("provider", name, self.by_name)
        return self.by_name[name]

    def chain(self, request: Request, *, agent: str = "", task_type: str = DEFAULT_TASK_TYPE) -> tuple[ChainLink, ...]:
        """Who may answer, in order: the agent's own chain, or that of the request's lane. Raises NoTarget."""
        band = band_of(level(request.text, task_type=task_type))
        route = self.directory.route_of_agent(agent) or self.directory.route_for(task_type, band)
        if route is not None:
            ordering = installed_ordering(route.strategy)
            route = selected(route, self.directory.providers, Work(task_type, band), ordering=ordering)
        links, skipped = self._admitted(route.chain if route else (), request, task_type)
        if not links:
            raise NoTarget(skipped)
        return tuple(links)

    async def complete(self, request: Request, *, agent: str = "", task_type: str = DEFAULT_TASK_TYPE) -> Answer:
        """The first answer of the chain. Raises NoTarget, which says what each of them answered instead."""
        chain = self.chain(request, agent=agent, task_type=task_type)
        return await self.try_providers_in_order(chain, request, task_type=task_type)

    async def try_providers_in_order(
        self, chain: Sequence[ChainLink | str], request: Request, *, task_type: str = DEFAULT_TASK_TYPE
    ) -> Answer:
        """The first answer of these, each a link or `provider` or `provider/model`. Raises NoTarget, UnknownName.

        Who can't do what the request needs, or may not be asked in this mode, is passed over.
        """
        links = tuple(self._link(each, place) if isinstance(each, str) else each for place, each in enumerate(chain))
        admitted, failed = self._admitted(links, request, task_type)
        for link in admitted:
            target = self.directory.resolve(link, task_type)
            try:
                answer = await self[link.provider].complete(request, model=target.model if target else None)
            except AttemptFailed as attempt:
                failed[str(target or link)] = str(attempt.failure)
                continue
            if (ended := ended_badly(answer)) is None:
                return answer
            failed[str(target or link)] = str(ended)
        raise NoTarget(failed)

    def get_model_for_agent(self, agent_name: str, *, task_type: str = DEFAULT_TASK_TYPE) -> Provider:
        """The first of the agent's chain, with the model that the chain means; its work is taken to be simple.

        Raises NoTarget.
        """
        first = self.chain(Request.from_prompt(""), agent=agent_name, task_type=task_type)[0]
        target, own = self.directory.resolve(first, task_type), self[first.provider]
        return Provider(own.settings, own.sender, target.model if target else None, on_call=own.on_call)

    @property
    def fallback_chains(self) -> Mapping[str, tuple[str, ...]]:
        """The targets of each route, in order."""
        return {name: tuple(map(str, route.chain)) for name, route in self.directory.routes.items()}

    def _link(self, text: str, place: int) -> ChainLink:
        name, _, model = text.partition("/")
        if model and not self[name].metadata.serves(model):
            raise UnknownName(f"model of {name}", model, self[name].settings.named_models())
        return ChainLink(provider=self[name].name, model=model or None, priority=place)

    def _admitted(
        self, chain: tuple[ChainLink, ...], request: Request, task_type: str
    ) -> tuple[list[ChainLink], dict[str, str]]:
        return admissible(self.directory, chain, task_type, Wants(needs=request.needs))
