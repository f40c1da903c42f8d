"""The books of all limits, in Redis: each call is one script (scripts/*.lua), whose model is `routing.limit_books`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...routing.limits import Limit, Pace, Quota, Slots
from ...routing.reservation import Ask, Denied, Granted, Used
from ...tasks.connection import AsyncRedis
from ...tasks.scripting import Scripts

_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wait:
    """How long the smallest call of a target would wait, and whose limit or pause that is; "" if it would not."""

    wait_s: float
    key: str = ""


class LimitBooks:
    """now: Redis' clock when it last answered, in seconds. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self.redis = redis
        self.namespace = namespace
        self.now = 0.0
        self._scripts = Scripts(redis, "workfleet.workers.limits", namespace, shared=("lib",))

    def key(self, *parts: str) -> str:
        return ":".join((self.namespace, "limit", *parts))

    async def reserve(self, ask: Ask) -> Granted | Denied:
        """Everything that a call needs, or nothing."""
        fields = {
            "id": ask.id,
            "kind": ask.kind,
            "input": ask.input_tokens,
            "cap": ask.answer_cap,
            "guess": ask.answer_guess,
            "patience": ask.patience_s,
            "longest": ask.longest_s,
            "lease": ask.lease_s,
            "limits": [_written(limit) for limit in ask.limits],
            "pauses": ask.pauses,
            "rates": () if None in (ask.input_nano, ask.answer_nano) else (ask.input_nano, ask.answer_nano),
            "paid": ask.answer_paid,
            "target": ask.target,
        }
        word, wait, *rest = await self._run("reserve", json.dumps(fields))
        if word == b"granted":
            return Granted(float(wait), int(rest[0]), _crossed(rest[2:]), int(rest[1]) if rest[1] else None)
        return Denied(float(wait), rest[0].decode(), int(rest[1]))

    async def settle(self, id_: str, kind: str, limits: Iterable[Limit], used: Used) -> dict[str, int]:
        """What a call used instead of what it reserved; the quotas of which there is news, as in `Granted`."""
        fields = {
            "id": id_,
            "kind": kind,
            "limits": [_written(limit) for limit in limits],
            "requests": used.requests,
            "tokens": -1 if used.tokens is None else used.tokens,
            "nano_usd": -1 if used.nano_usd is None else used.nano_usd,
            "answer": -1 if used.answer_tokens is None else used.answer_tokens,
        }
        return _crossed(await self._run("settle", json.dumps(fields)))

    async def renew(self, calls: Iterable[tuple[str, str]], *, lease_s: float) -> None:
        """Keep the reservations of calls that are still made: (id, key of its slots or "")."""
        await self._run("renew", lease_s, *(part for pair in calls for part in pair))

    async def lapse(self, *, at_most: int = 500) -> int:
        """Let go of what dead workers have reserved; of how many calls."""
        (calls,) = await self._run("lapse", at_most)
        return int(calls)

    async def peek(
        self, targets: Sequence[tuple[Sequence[Limit], Sequence[str]]], least: Mapping[str, int] = _NOTHING
    ) -> list[Wait]:
        """How long the smallest call would wait, for each of (limits, pauses).

        least: by the key of a quota, what the smallest call uses of it, if it is more than 1.
        """
        asked = [{"limits": [_written(limit) for limit in limits], "pauses": pauses} for limits, pauses in targets]
        reply = await self._run("peek", json.dumps(asked), json.dumps(dict(least)))
        return [Wait(float(wait), key.decode()) for wait, key in zip(reply[::2], reply[1::2], strict=True)]

    async def pause(self, key: str, wait_s: float) -> None:
        """Nobody asks for a while."""
        await self._run("pause", key, wait_s)

    async def resume(self, keys: Iterable[str]) -> None:
        """Whoever was asked to wait need not any more."""
        if paused := [self.key("pause", key) for key in keys]:
            await self.redis.delete(*paused)

    async def exhausted(self, key: str) -> bool:
        """What is left of a quota fits no call; whether people are to be told, which is once."""
        (news,) = await self._run("exhaust", key)
        return bool(news)

    async def _run(self, script: str, *arguments: str | float) -> list[Any]:
        reply: list[Any] = await self._scripts.run(script, *arguments)
        self.now = float(reply[0])
        return reply[1:]


def _crossed(flat: Sequence[Any]) -> dict[str, int]:
    return {key.decode(): int(marks) for key, marks in zip(flat[::2], flat[1::2], strict=True)}


def _written(limit: Limit) -> list[Any]:
    """As `read` in lib.lua takes it."""
    match limit:
        case Pace():
            times = (limit.window_s, limit.part_s, limit.span_s)
            return ["pace", limit.key, limit.unit, limit.amount, limit.burst, limit.per_s, *times, []]
        case Quota():
            times = (limit.window_s, limit.part_s, 0)
            return ["quota", limit.key, limit.unit, limit.amount, 0, 0, *times, limit.edges]
        case Slots():
            return ["slots", limit.key, "requests", limit.amount, 0, 0, 0, 0, 0, []]
