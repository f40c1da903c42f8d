"""How the limits of the configured providers stand: what is used and left, when it is back, when it will be gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ...routing.directory import Budget
from ...routing.limits import PACE_PARTS, Limit, Pace, Quota, Slots, Unit
from ..settings.provider import ProviderSettings
from .books import LimitBooks
from .budgets import NANO_PER_USD, agent_of, agent_scope, budget_quotas
from .lore import Lore
from .permitted import pauses_of, permitted, told_scope

#: As in lib.lua: the longest time over which use is metered, and its parts.
_METER_S = 900.0
_METER_PARTS = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit. provider: "" of an agent's budget. scope: whom it is for. of: `requests a minute`. used: within the
    period; money is in USD.

    resets_in_s: until it is whole again, or of a rolling one until the next part is back; None if nothing is used.
    runs_out_in_s: at the rate of the last minutes; None if that is not before the reset. paused_s: how long nobody asks
    because the provider wants it so.
    """

    provider: str
    scope: str
    of: str
    unit: Unit
    limit: float
    used: float
    resets_in_s: float | None
    runs_out_in_s: float | None
    paused_s: float = 0.0

    @property
    def agent(self) -> str | None:
        """Whose budget it is, None of a provider's limit."""
        return agent_of(self.scope) if not self.provider else None

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What Redis has of a limit. parts: of a quota. lately: use in the last parts of `length_s`, by number."""

    parts: Mapping[float, float]
    lately: Mapping[int, float]
    length_s: float = 0.0
    busy: int = 0


async def standings(books: LimitBooks, providers: Iterable[ProviderSettings]) -> list[Standing]:
    """Of every limit that is configured or that the providers told."""
    seconds, micro = await books.redis.time()
    books.now = seconds + micro / 1e6
    lore, found = Lore(books), dict[str, Standing]()
    for provider in providers:
        for model in sorted(provider.named_models()) or [""]:
            scope = told_scope(provider, model)
            await lore.read([scope])
            pauses = await books.redis.mget([books.key("pause", key) for key in pauses_of(provider, model)])
            paused_s = max(0.0, *(float(until or 0.0) - books.now for until in pauses))
            for limit in permitted(provider, model, lore.of(scope), now=books.now):
                # Some are shared by several models, each of which may be left alone for another while.
                known = found.get(limit.key) or _standing(provider.name, limit, await _kept(books, limit), books.now)
                found[limit.key] = replace(known, paused_s=max(known.paused_s, paused_s))
    return list(found.values())


async def agents_standings(books: LimitBooks, budgets: Mapping[str, Budget]) -> list[Standing]:
    """Of what agents may spend."""
    seconds, micro = await books.redis.time()
    books.now = seconds + micro / 1e6
    quotas = (
        quota
        for agent, budget in sorted(budgets.items())
        for quota in budget_quotas(budget, agent_scope(agent), now=books.now)
    )
    return [_standing("", quota, await _kept(books, quota), books.now) for quota in quotas]


async def _kept(books: LimitBooks, limit: Limit) -> _Kept:
    if isinstance(limit, Slots):
        return _Kept({}, {}, busy=await books.redis.zcount(books.key(limit.key), books.now, "inf"))
    if isinstance(limit, Pace) and limit.unit is Unit.TOKENS:
        trail: dict[bytes, bytes] = await books.redis.hgetall(books.key("trail", limit.key))
        tokens = {int(number): float(said.split()[0]) for number, said in trail.items() if number.isdigit()}
        return _Kept({}, _recent(tokens, PACE_PARTS, limit.part_s, books.now), limit.part_s)
    length_s = min(limit.window_s, _METER_S) / _METER_PARTS
    lately: dict[bytes, bytes] = await books.redis.hgetall(books.key("lately", limit.key))
    counted: dict[bytes, bytes] = await books.redis.hgetall(books.key(limit.key)) if isinstance(limit, Quota) else {}
    parts = {float(began): float(units) for began, units in counted.items() if began[:1].isdigit()}
    metered = {int(number): float(units) for number, units in lately.items()}
    return _Kept(parts, _recent(metered, _METER_PARTS, length_s, books.now), length_s)


def _standing(provider: str, limit: Limit, kept: _Kept, now: float) -> Standing:
    what, _, scope = limit.key.partition("@")
    if isinstance(limit, Slots):
        of, unit = "calls at the same time", Unit.REQUESTS
        return Standing(provider, scope, of, unit, limit.amount, kept.busy, None, None)
    of = what.replace("/", " a ")
    if isinstance(limit, Pace):
        back = max(kept.lately, default=None)
        resets = None if back is None else (back + 1) * kept.length_s + limit.window_s - now
        used = sum(kept.lately.values())
        return Standing(provider, scope, of, limit.unit, limit.amount, used, resets, None)
    used = limit.used(kept.parts.items(), now)
    resets = limit.wait_s([*kept.parts.items(), (limit.part(now), limit.amount)], 1, now) if used else None
    rate = _rate(kept.lately, kept.length_s, now)
    runs_out = (limit.amount - used) / rate if rate > 0 and used < limit.amount else None
    if runs_out is not None and limit.edges and runs_out >= limit.edges[1] - now:
        runs_out = None
    scale = NANO_PER_USD if limit.unit is Unit.USD else 1
    return Standing(provider, scope, of, limit.unit, limit.amount / scale, used / scale, resets, runs_out)


def _recent(lately: Mapping[int, float], parts: int, length_s: float, now: float) -> dict[int, float]:
    oldest = now // length_s - parts
    return {number: units for number, units in lately.items() if number > oldest}


def _rate(lately: Mapping[int, float], length: float, now: float) -> float:
    """Units a second since the oldest part that was used."""
    return sum(lately.values()) / max(length, now - min(lately) * length) if lately else 0.0
