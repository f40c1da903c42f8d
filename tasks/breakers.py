"""The breakers that the whole fleet shares, in Redis: one for each target, and one for each endpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..routing.breaker import KEPT, BreakerPolicy
from .connection import AsyncRedis
from .scripting import Scripts

#: Seconds for which a node has the probe of a breaker, from when it last asked for it.
LEASE_S = 10.0

_SEPARATOR = "|"

Scope = Literal["target", "endpoint"]
Kind = Literal["ok", "bad", "probe"]


@dataclass(frozen=True, slots=True)
class BreakerName:
    """of: the model of a target, or the address of an endpoint."""

    scope: Scope
    provider: str
    of: str

    def __str__(self) -> str:
        return _SEPARATOR.join((self.scope, self.provider, self.of))

    @classmethod
    def parse(cls, text: str) -> "BreakerName | None":
        scope, _, rest = text.partition(_SEPARATOR)
        provider, found, of = rest.partition(_SEPARATOR)
        if scope == "target" and found:
            return cls("target", provider, of)
        return cls("endpoint", provider, of) if scope == "endpoint" and found else None


@dataclass(frozen=True, slots=True)
class Note:
    """What a node tells of a breaker. kind: `ok`, that calls succeeded; `bad`, that one failed; `probe`, that it wants
    the probe, or wants to keep it. age_s: seconds since the call began, of several that succeeded since the last did.
    """

    kind: Kind
    name: BreakerName
    policy: BreakerPolicy
    age_s: float = 0.0
    calls: int = 1


class SharedBreaker(BaseModel):
    """One that is open, or has seen a failure within its window. Times are ms of Redis' clock. trips: 0 is closed.

    probe: when the next probe is due. prober: the node that has it, until `lent`. successes: of probes since it opened.
    failures, calls: within the window.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    opened: float = 0
    trips: int = 0
    prober: str = ""
    lent: float = 0
    probe: float = 0
    successes: int = 0
    failures: int = 0
    calls: int = 0
    failed: float = 0
    window: float = 0

    @property
    def is_open(self) -> bool:
        """Half-open ones are too."""
        return self.trips > 0


@dataclass(frozen=True, slots=True)
class Heard:
    """now: Redis' clock, ms. breakers: by name; those that are not there are closed, and nothing has failed lately."""

    now: float
    breakers: Mapping[str, SharedBreaker] = field(default_factory=dict[str, SharedBreaker])


class Breakers:
    """namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._namespace = namespace
        self._key = f"{namespace}:breakers"
        self._scripts = Scripts(redis, "workfleet.tasks", namespace)

    async def tell(self, node: str, notes: Sequence[Note] = ()) -> Heard:
        """Say what happened, the oldest first, and hear how all breakers stand after it."""
        told = json.dumps([_told(note) for note in notes])
        reply = await self._scripts.run("breakers", node, int(LEASE_S * 1000), KEPT, told)
        names, facts = reply[1::2], reply[2::2]
        return Heard(
            now=float(reply[0]),
            breakers={
                name.decode(): SharedBreaker.model_validate_json(fact) for name, fact in zip(names, facts, strict=True)
            },
        )

    async def reset(self, provider: str) -> list[BreakerName]:
        """Close every breaker of a provider; those that were open, or had seen failures."""
        known = [BreakerName.parse(name.decode()) for name in await self._redis.hkeys(self._key)]
        own = [name for name in known if name is not None and name.provider == provider]
        if own:
            await self._redis.hdel(self._key, *map(str, own))
            await self._redis.delete(*(f"{self._namespace}:outcomes:{name}" for name in own))
        await self._redis.publish(f"{self._namespace}:wake", provider)
        return own


def _told(note: Note) -> list[object]:
    policy = note.policy
    figures = (
        policy.failures,
        round(policy.window_s * 1000),
        policy.least_calls,
        policy.share,
        round(policy.cool_off_s * 1000),
        round(policy.max_cool_off_s * 1000),
        policy.successes,
    )
    return [note.kind, str(note.name), figures, round(note.age_s * 1000), note.calls]
