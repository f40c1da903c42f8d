"""What is reserved before a call and settled after it: all limits of a target together, or none. Pure.

This is the model of `workers/limits/scripts/*.lua`; a property test compares them step by step. Times are seconds of
Redis' clock. Whoever reserves and never settles has used what was estimated: the provider has most likely counted the
call, and to hand it back would be to ask for more than is allowed. Only its slot comes back, when the lease is over.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .limits import Limit, Pace, Paid, Quota, Slots, Unit, level
from .reservation import SLOT_AGAIN_S, Ask, Denied, Granted, Used
from .trail import Trail, most, unsure

#: Answers of which the running mean still remembers something.
REMEMBERED_ANSWERS = 50
#: Below this share of a rolling quota, people will be told again when it fills, once a window is over.
CALM_BELOW = 0.7


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation. at: when it was made. begins: when the call may be. guessed: no answer of its kind was known.

    unsure: the variance of its tokens. nano_usd: what it may cost, None if its price is unknown. presumed_nano: what it
    is taken to have cost if its worker dies. money: the quotas of money that it counts in, and in which part of each.
    """

    at: float
    begins: float
    tokens: int
    guessed: bool
    unsure: int = 0
    nano_usd: int | None = 0
    presumed_nano: int | None = 0
    money: tuple[tuple[str, float], ...] = ()

    def units(self, unit: Unit) -> int:
        return _units_of(unit, 1, self.tokens, self.nano_usd or 0)

    def used(self, unit: Unit, used: Used) -> int:
        """What was used after all, where that is known."""
        tokens = self.tokens if used.tokens is None else used.tokens
        return _units_of(unit, used.requests, tokens, (self.nano_usd or 0) if used.nano_usd is None else used.nano_usd)


@dataclass(frozen=True, slots=True)
class Mean:
    """spread: the variance."""

    value: float = 0.0
    spread: float = 0.0
    count: int = 0

    def with_one(self, tokens: int) -> "Mean":
        count = min(self.count + 1, REMEMBERED_ANSWERS)
        away = tokens - self.value
        value = self.value + away / count
        return Mean(value, self.spread + (away * (tokens - value) - self.spread) / count, count)

    @property
    def variance(self) -> float:
        """Of the next answer: of few answers the mean itself is not known well."""
        return self.spread + self.value * self.value / self.count


@dataclass(frozen=True, slots=True)
class Counted:
    """parts: when each began -> units. told: marks that people have been told of, the last of them at `told_at`.

    amount: what the limit was when something was counted last.
    """

    parts: Mapping[float, float] = field(default_factory=dict[float, float])
    told: int = 0
    told_at: float = 0.0
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that is known of the limits of all targets. trails: of paces of tokens. leases: until when those who
    reserved are known to live.
    """

    paces: Mapping[str, Paid] = field(default_factory=dict[str, Paid])
    trails: Mapping[str, Trail] = field(default_factory=dict[str, Trail])
    counts: Mapping[str, Counted] = field(default_factory=dict[str, Counted])
    slots: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    pauses: Mapping[str, float] = field(default_factory=dict[str, float])
    means: Mapping[str, Mean] = field(default_factory=dict[str, Mean])
    held: Mapping[str, Held] = field(default_factory=dict[str, Held])
    leases: Mapping[str, float] = field(default_factory=dict[str, float])

    def reserve(self, ask: Ask, now: float) -> tuple["Books", Granted | Denied]:
        """The books after it, and whether the call may be made. A quota or a slot is never waited for."""
        before = self.held.get(ask.id)
        if before is not None:
            return self, Granted(max(0.0, before.begins - now), before.tokens, nano_usd=before.nano_usd)
        held = self._estimated(ask, now)
        lacking = self._lacking(ask, held, now)
        if lacking is not None:
            return self, lacking
        wait_s, key, patience_s = self._pace(ask, held, now)
        if wait_s > patience_s:
            return self, Denied(wait_s, key)
        held = replace(held, begins=now + wait_s)
        books, crossed = self._with(ask, held)
        return books, Granted(wait_s, held.tokens, crossed, held.nano_usd)

    def _estimated(self, ask: Ask, now: float) -> Held:
        mean = self.means.get(ask.kind)
        answer = math.ceil(min(ask.answer_cap, mean.value) if mean else ask.answer_guess)
        variance = unsure(mean.variance, max(0, ask.answer_cap - answer)) if mean else 0
        # Money that was spent does not come back: as much is reserved as the answer will hardly exceed.
        nano_usd, presumed = _cost(ask, most(answer, variance)), _cost(ask, answer)
        return Held(now, now, ask.input_tokens + answer, mean is None, variance, nano_usd, presumed)

    def _lacking(self, ask: Ask, held: Held, now: float) -> Denied | None:
        """The quota or slot that is not there, with the longest wait."""
        longest: Denied | None = None
        for limit in ask.limits:
            wait_s, units = 0.0, 0
            if isinstance(limit, Quota):
                parts, units = self.counts.get(limit.key, Counted()).parts.items(), held.units(limit.unit)
                wait_s = limit.wait_s(parts, units, now)
            elif isinstance(limit, Slots) and len(self._living(limit.key, now)) >= limit.amount:
                wait_s = SLOT_AGAIN_S
            if wait_s > (longest.wait_s if longest else 0.0):
                longest = Denied(wait_s, limit.key, units)
        return longest

    def _pace(self, ask: Ask, held: Held, now: float) -> tuple[float, str, float]:
        """(wait, who makes it wait, the longest wait that it takes).

        Small calls fit in sooner than large ones, and would overtake them for ever: a large one books its own time too.
        """
        longest, key, own_s = 0.0, "", 0.0
        for pause in ask.pauses:
            if self.pauses.get(pause, 0.0) - now > longest:
                longest, key = self.pauses[pause] - now, pause
        for limit in ask.limits:
            if not isinstance(limit, Pace):
                continue
            units = held.units(limit.unit)
            wait_s = limit.wait_s(self.paces.get(limit.key, Paid()), units, now)
            if limit.unit is Unit.TOKENS:
                own_s = max(own_s, limit.worth_s(most(units, held.unsure)))
                trail = self.trails.get(limit.key, Trail())
                wait_s = trail.begins(limit, units, held.unsure, now + wait_s) - now
            if wait_s > longest:
                longest, key = wait_s, limit.key
        return longest, key, min(ask.patience_s + own_s, ask.longest_s)

    def _living(self, key: str, now: float) -> dict[str, float]:
        return {id_: until for id_, until in self.slots.get(key, {}).items() if until > now}

    def _with(self, ask: Ask, held: Held) -> tuple["Books", dict[str, int]]:
        paces, counts, slots = dict(self.paces), dict(self.counts), dict(self.slots)
        trails, crossed, money = dict(self.trails), dict[str, int](), list[tuple[str, float]]()
        for limit in ask.limits:
            if isinstance(limit, Slots):
                slots[limit.key] = {**self._living(limit.key, held.at), ask.id: held.begins + ask.lease_s}
                continue
            units = held.units(limit.unit)
            if isinstance(limit, Pace):
                paces[limit.key] = limit.taken(paces.get(limit.key, Paid()), units, held.begins, held.at)
                if limit.unit is Unit.TOKENS:
                    trail = trails.get(limit.key, Trail())
                    trails[limit.key] = trail.taken(limit, limit.cost(units), held.unsure, held.begins, held.at)
            else:
                count = _counted(counts.get(limit.key, Counted()), limit, units, held.at, held.at)
                counts[limit.key] = _told(count, limit, held.at, crossed)
                money += [(limit.key, limit.part(held.at))] if limit.unit is Unit.USD else []
        held_now = {**self.held, ask.id: replace(held, money=tuple(money))}
        leases = {**self.leases, ask.id: held.at + ask.lease_s}
        books = replace(self, paces=paces, trails=trails, counts=counts, slots=slots, held=held_now, leases=leases)
        return books, crossed

    def settle(
        self, id_: str, kind: str, limits: Iterable[Limit], used: Used, now: float
    ) -> tuple["Books", dict[str, int]]:
        """The books with what a call used instead of what it reserved; as they were if it is settled already."""
        held = self.held.get(id_)
        if held is None:
            return self, {}
        paces, counts, slots = dict(self.paces), dict(self.counts), dict(self.slots)
        trails, crossed = dict(self.trails), dict[str, int]()
        for limit in limits:
            if isinstance(limit, Slots):
                slots[limit.key] = {other: until for other, until in slots[limit.key].items() if other != id_}
                continue
            reserved, units = held.units(limit.unit), held.used(limit.unit, used)
            if isinstance(limit, Pace):
                if change := _change(limit, reserved, units, guessed=held.guessed):
                    paces[limit.key] = limit.moved(paces[limit.key], change, now)
                if limit.unit is Unit.TOKENS:
                    change = limit.cost(units) - limit.cost(reserved)
                    trails[limit.key] = trails[limit.key].settled(limit, change, held.unsure, held.begins, now)
            else:
                count = _counted(counts[limit.key], limit, units - reserved, held.at, now)
                counts[limit.key] = _told(count, limit, now, crossed)
        means = dict(self.means)
        if used.answer_tokens is not None:
            means[kind] = means.get(kind, Mean()).with_one(used.answer_tokens)
        kept = {other: each for other, each in self.held.items() if other != id_}
        leases = {other: until for other, until in self.leases.items() if other != id_}
        changed = replace(self, paces=paces, trails=trails, counts=counts, slots=slots, means=means)
        return replace(changed, held=kept, leases=leases), crossed

    def lapsed(self, now: float) -> "Books":
        """The books after those have died whose leases are over.

        Of what they reserved, all money comes back of a call that cannot have begun, and the margin of any other: a
        single answer may be long, all of them together are as long as usual. One that lives after all settles the rest.
        """
        counts, held = dict(self.counts), dict(self.held)
        over = {id_: until for id_, until in self.leases.items() if until <= now}
        for id_, until in over.items():
            each = held[id_]
            kept = 0 if each.begins > until else (each.presumed_nano or 0)
            for key, part in each.money:
                counts[key] = _corrected(counts[key], part, kept - (each.nano_usd or 0))
            if each.money:
                held[id_] = replace(each, nano_usd=kept, presumed_nano=kept, money=())
        leases = {id_: until for id_, until in self.leases.items() if id_ not in over}
        return replace(self, counts=counts, held=held, leases=leases)


def _cost(ask: Ask, answer_tokens: float) -> int | None:
    """Nano-dollars, None if nobody knows."""
    if ask.input_nano is None or ask.answer_nano is None:
        return None
    return math.ceil(ask.input_tokens * ask.input_nano + max(answer_tokens, ask.answer_paid) * ask.answer_nano)


def _corrected(count: Counted, part: float, units: int) -> Counted:
    """With units added to a part, if that still counts."""
    if part not in count.parts:
        return count
    return replace(count, parts={**count.parts, part: count.parts[part] + units})


def _units_of(unit: Unit, requests: int, tokens: int, nano_usd: int) -> int:
    return tokens if unit is Unit.TOKENS else nano_usd if unit is Unit.USD else requests


def _change(limit: Pace, reserved: int, units: int, *, guessed: bool) -> float:
    """Units by which the pace moves.

    What was guessed too high is not handed back if the call used anything: so much at once, early in a window, would be
    more than the window may hold.
    """
    change = limit.cost(units) - limit.cost(reserved)
    return 0.0 if guessed and units and change < 0 else change


def _counted(count: Counted, limit: Quota, units: int, at: float, now: float) -> Counted:
    """With units added to the part of the time `at`, without parts that count no more."""
    oldest, part = limit.oldest(now), limit.part(at)
    parts = {began: held for began, held in count.parts.items() if began >= oldest}
    if part >= oldest:
        parts[part] = parts.get(part, 0.0) + units
    return replace(count, parts=parts)


def _told(count: Counted, limit: Quota, now: float, crossed: dict[str, int]) -> Counted:
    """With what is news. What was reserved counts; to settle for less is no news: the next call reaches the mark."""
    used = limit.used(count.parts.items(), now)
    reached = level(used, limit.amount)
    over = count.told_at < limit.oldest(now) and (bool(limit.edges) or used < CALM_BELOW * limit.amount)
    raised = count.amount < limit.amount and reached < count.told
    count = replace(count, amount=limit.amount)
    if reached > count.told or (count.told and (over or raised)):
        crossed[limit.key] = reached
        return replace(count, told=reached, told_at=now)
    return count
