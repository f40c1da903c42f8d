"""What the providers listed when they were last asked, for every node of the fleet.

<ns>:listings  hash  "<provider>|<address>" -> a `Listing`, JSON
<ns>:listing:<provider>|<address>  string  the node whose turn it was to ask; it expires when the next turn is due
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ...tasks.connection import AsyncRedis
from ..providers.dialect import ListedModel

#: Seconds for which it is told that a model is gone.
GONE_FOR_S = 30 * 86_400.0
#: An address that was asked so much earlier than another one of its provider is an address of the provider no more.
_STALE_S = 7 * 86_400.0


class Listing(BaseModel):
    """at: when it was asked for, seconds since 1970. gone: models that were listed before -> when they were missed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float
    models: tuple[ListedModel, ...]
    gone: dict[str, float] = {}


_LISTING = TypeAdapter(Listing)


def followed(before: Listing | None, models: Iterable[ListedModel], *, at: float) -> Listing:
    """The listing of an address after it was asked again."""
    now = tuple(models)
    listed = {model.name for model in now}
    missed = {model.name: at for model in before.models} | before.gone if before is not None else {}
    gone = {name: since for name, since in missed.items() if name not in listed and at - since < GONE_FOR_S}
    return Listing(at=at, models=now, gone=gone)


def together(listings: Sequence[Listing]) -> Listing:
    """Of all addresses of a provider. A model is gone when none of them lists it."""
    newest = max(listing.at for listing in listings)
    fresh = [listing for listing in listings if newest - listing.at < _STALE_S]
    models = {model.name: model for listing in fresh for model in listing.models}
    gone = {name: at for listing in fresh for name, at in listing.gone.items() if name not in models}
    return Listing(at=newest, models=tuple(models.values()), gone=gone)


class Listings:
    """namespace: as the store's. address: as the whole fleet tells it from others. Errors of Redis pass through."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._key = f"{namespace}:listings"
        self._turn = f"{namespace}:listing:"

    async def read(self) -> dict[str, Listing]:
        """By provider. What cannot be read is left out: it may be a newer version's."""
        found: defaultdict[str, list[Listing]] = defaultdict(list)
        raw: Mapping[bytes, bytes] = await self._redis.hgetall(self._key)
        for name, value in raw.items():
            if (listing := _read(value)) is not None:
                found[name.decode().partition("|")[0]].append(listing)
        return {provider: together(listings) for provider, listings in found.items()}

    async def at(self, provider: str, address: str) -> Listing | None:
        """What one address listed."""
        raw = await self._redis.hget(self._key, f"{provider}|{address}")
        return None if raw is None else _read(raw)

    async def write(self, provider: str, address: str, models: Iterable[ListedModel], *, at: float) -> Listing:
        """Note what an address lists now; the listing with what is gone of it."""
        listing = followed(await self.at(provider, address), models, at=at)
        fields = {"at": at, "models": [_fields(model) for model in listing.models], "gone": listing.gone}
        await self._redis.hset(self._key, f"{provider}|{address}", json.dumps(fields))
        return listing

    async def my_turn(self, provider: str, address: str, node: str, *, for_s: float) -> bool:
        """Whether this node is to ask an address; no other one of the fleet is for so long."""
        key = f"{self._turn}{provider}|{address}"
        return bool(await self._redis.set(key, node, nx=True, px=max(1, int(for_s * 1000))))


def _read(raw: bytes) -> Listing | None:
    try:
        return _LISTING.validate_json(raw)
    except ValidationError:
        return None


def _fields(model: ListedModel) -> dict[str, object]:
    said = {name: value for name, value in asdict(model).items() if value not in (None, False)}
    return {**said, "capabilities": sorted(model.capabilities)} if model.capabilities is not None else said
