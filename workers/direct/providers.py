"""The configured providers side by side, and an agent's chain of them asked one after the other."""

from collections.abc import AsyncGenerator, Mapping
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
from ..objection import ended_badly
from ..providers.endpoint import AttemptFailed
from ..providers.sender import Sender
from ..settings.modes import near
from ..settings.schema import Settings
from .provider import Provider


@dataclass(frozen=True, slots=True)
class Providers:
    """Those that are enabled, by name."""

    directory: Directory
    by_name: Mapping[str, Provider]

    @classmethod
    @asynccontextmanager
    async def of(
        cls, settings: Settings, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> AsyncGenerator[Self]:
        """All of them behind one client. transport: stands in for the network in tests."""
        async with Sender(transport=transport, near=near(settings.providers.values())) as sender:
            enabled = {each.name: Provider(each, sender) for each in settings.enabled()}
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
        chain = route.chain if route else ()
        links, skipped = admissible(self.directory, chain, task_type, Wants(needs=request.needs))
        if not links:
            raise NoTarget(skipped)
        return tuple(links)

    async def complete(self, request: Request, *, agent: str = "", task_type: str = DEFAULT_TASK_TYPE) -> Answer:
        """The first answer of the chain. Raises NoTarget, which says what each of them answered instead."""
        failed: dict[str, str] = {}
        for link in self.chain(request, agent=agent, task_type=task_type):
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
