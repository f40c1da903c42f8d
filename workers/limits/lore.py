"""What providers told of their limits, shared by all hosts for as long as it can be believed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..providers.limits_told import Told
from .books import LimitBooks
from .permitted import EVERY, Of, limit_key

#: Seconds for which a provider's word is believed. Each of its replies renews it.
TOLD_S = 3600.0
#: Seconds between two notes of the same word.
_RENEW_S = 300.0
#: After a refusal that names no limit, what is left of it, and for how many seconds: our count was off by a little.
CAUTION, CAUTION_S = 0.98, 600.0


@dataclass(slots=True)
class Lore:
    """told: by scope, as it was read last."""

    books: LimitBooks
    told: dict[str, Mapping[Of, float]] = field(default_factory=dict[str, Mapping[Of, float]])
    _noted: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    def of(self, scope: str) -> Mapping[Of, float]:
        return self.told.get(scope, {})

    async def read(self, scopes: Sequence[str]) -> None:
        """Read what all hosts have noted."""
        keys = [self._key(word, scope, of) for scope in scopes for of in EVERY for word in ("told", "wary")]
        found = iter(await self.books.redis.mget(keys) if keys else ())
        for scope in scopes:
            pairs = [(of, [float(raw) for raw in (next(found), next(found)) if raw is not None]) for of in EVERY]
            self.told[scope] = {of: min(known) for of, known in pairs if known}

    async def note(self, scope: str, told: Told) -> None:
        """The provider has said so in so many words. What is news to us is noted; the last word holds."""
        for of, amount in told.items():
            key, now = self._key("told", scope, of), self.books.now
            before, at = self._noted.get(key, (0.0, 0.0))
            if amount != before or now - at > _RENEW_S:
                self._noted[key] = (amount, now)
                self.told[scope] = {**self.of(scope), of: amount}
                await self.books.redis.set(key, amount, px=int(TOLD_S * 1000))

    async def beware(self, scope: str, limits: Iterable[tuple[Of, float]]) -> None:
        """It refused a call within these limits without naming one.

        Of many calls that were refused together, each tells the same: all had been let through by the same limits.
        """
        for of, amount in limits:
            lower = max(1.0, min(amount * CAUTION, self.of(scope).get(of, math.inf)))
            self.told[scope] = {**self.of(scope), of: lower}
            await self.books.redis.set(self._key("wary", scope, of), lower, px=int(CAUTION_S * 1000))

    async def trust(self, scopes: Iterable[str]) -> None:
        """Forget what was refused within the limits."""
        if wary := [self._key("wary", scope, of) for scope in scopes for of in EVERY]:
            await self.books.redis.delete(*wary)

    def _key(self, word: str, scope: str, of: Of) -> str:
        return self.books.key(word, limit_key(scope, of))
