"""What the providers listed when they were last asked, for every node of the fleet.

<ns>:listings  hash  provider -> {"at": seconds since 1970, "models": [{"name", "context_tokens", …}, …]}, JSON
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ...tasks.connection import AsyncRedis
from ..providers.dialect import ListedModel


class Listing(BaseModel):
    """at: when it was asked for, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float
    models: tuple[ListedModel, ...]


_LISTING = TypeAdapter(Listing)


class Listings:
    """namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._key = f"{namespace}:listings"

    async def read(self) -> dict[str, Listing]:
        """By provider. What cannot be read is left out: it may be a newer version's."""
        found: dict[str, Listing] = {}
        raw: Mapping[bytes, bytes] = await self._redis.hgetall(self._key)
        for name, value in raw.items():
            try:
                found[name.decode()] = _LISTING.validate_json(value)
            except ValidationError:
                continue
        return found

    async def write(self, provider: str, models: Iterable[ListedModel], *, at: float) -> None:
        listing = {"at": at, "models": [_fields(model) for model in models]}
        await self._redis.hset(self._key, provider, json.dumps(listing))


def _fields(model: ListedModel) -> dict[str, object]:
    said = {name: value for name, value in asdict(model).items() if value not in (None, False)}
    return {**said, "capabilities": sorted(model.capabilities)} if model.capabilities is not None else said
