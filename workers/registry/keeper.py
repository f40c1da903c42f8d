"""Keeps what the fleet knows of models as the providers list them: each pool does its part for its own provider.

Of all pools on all hosts one asks an address at every interval. What it hears is in Redis for all of them, and what
follows from it for routing in the fleet's directory.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from ...routing.directory import Directory, ProviderFacts
from ...tasks.connection import PASSING
from ...tasks.fleet_state import FleetState
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.sender import Sender
from ..settings.addresses import whereabouts
from ..settings.provider import ProviderSettings
from .discovery import choosable
from .informed import Knowledge
from .listings import Listing, Listings, together
from .retired import instead_of
from .syncing import not_listed

log = structlog.get_logger()

#: Of the interval, for which a turn is held: whoever looks first after that takes the next one.
_TURN = 0.9


@dataclass(frozen=True, slots=True)
class Sync:
    """every_s: seconds between two askings. directory: as configured, before anything was filled in. known: the same
    registry and price list that filled it in.
    """

    every_s: float
    directory: Directory
    known: Knowledge


@dataclass(slots=True)
class ListingKeeper:
    """took: told the models for jobs that name none, whenever they may have changed. host: of this machine."""

    node: str
    host: str
    provider: ProviderSettings
    endpoints: tuple[Endpoint, ...]
    sync: Sync
    sender: Sender
    fleet: FleetState
    listings: Listings
    took: Callable[[tuple[str, ...]], None]
    clock: Callable[[], float] = time.time
    _told: ProviderFacts | None = None
    _missed: frozenset[str] = field(default_factory=frozenset[str])

    async def run(self) -> None:
        """Work until cancelled. The pool's start has asked already."""
        due = self._hear
        while True:
            try:
                await due()
            except PASSING as failed:
                log.info("listings.wait", error=str(failed))
            await asyncio.sleep(self.sync.every_s)
            due = self.once

    async def once(self) -> None:
        """One look: ask if it is this node's turn, and hear what others were told."""
        asked = [await self._ask(endpoint) for endpoint in self.endpoints if await self._is_mine(endpoint)]
        listed = await self._hear()
        if any(asked) and listed is not None:
            await self._tell(listed)

    async def _is_mine(self, endpoint: Endpoint) -> bool:
        turn_s = self.sync.every_s * _TURN
        return await self.listings.my_turn(self.provider.name, self._address(endpoint), self.node, for_s=turn_s)

    def _address(self, endpoint: Endpoint) -> str:
        return whereabouts(endpoint.base_url, self.host)

    async def _ask(self, endpoint: Endpoint) -> bool:
        """Whether it listed its models. What it listed before stays if it does not answer."""
        try:
            models = await self.sender.models(endpoint, timeout_s=self.provider.health_check.timeout_s)
        except AttemptFailed as failed:
            log.info("models.not_listed", provider=self.provider.name, error=str(failed.failure))
            return False
        await self.listings.write(self.provider.name, self._address(endpoint), models, at=self.clock())
        return True

    async def _hear(self) -> Listing | None:
        """What the whole provider lists, None if nobody has asked it."""
        asked = [await self.listings.at(self.provider.name, self._address(each)) for each in self.endpoints]
        own = [listing for listing in asked if listing is not None]
        if own:
            self.took(choosable(self.provider, together(own).models, self.sync.known.registry))
        return (await self.listings.read()).get(self.provider.name)

    async def _tell(self, listed: Listing) -> None:
        """The fleet, of what routing is to know; people, of models that they have configured and that are gone."""
        known = replace(
            self.sync.known, at=datetime.fromtimestamp(self.clock(), UTC), listed={self.provider.name: listed.models}
        )
        facts = known.informed(self._forgetful()).providers[self.provider.name]
        if facts != self._told:
            only = self.sync.directory.model_copy(update={"providers": {facts.name: facts}})
            await self.fleet.publish_directory(only, whole=False)
            self._told = facts
        missed = frozenset(not_listed(self.provider, listed.models))
        for model in sorted(missed - self._missed):
            instead = instead_of(self.provider.type, model, self.sync.known.registry)
            log.warning("model.not_listed", target=f"{self.provider.name}/{model}", instead=instead)
        self._missed = missed

    def _forgetful(self) -> Directory:
        """As configured, without what was found out when this was told last: it may be otherwise now."""
        facts = self.sync.directory.providers[self.provider.name].model_copy(update={"known": ()})
        return self.sync.directory.model_copy(update={"providers": {facts.name: facts}})
