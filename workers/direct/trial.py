"""Trying what a provider can do with one prompt: its health, its count of tokens, an answer in one piece and a stream;
and how alike the answers of several providers are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ...routing.failure import Failure
from ...tasks.answer import Answer
from ...tasks.errors import NoTarget
from ...tasks.request import Request
from ...tasks.request_size import sized
from ..judging.objection import ended_badly
from ..providers.endpoint import AttemptFailed
from .provider import Provider


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. estimated_tokens, counted_tokens: of the prompt, by us and by the provider if it counts.

    failed: why something of it did not work, None if all did. alike: how alike the answer is to the first provider's,
    from 0 to 1, None without an answer.
    """

    provider: str
    model: str | None = None
    estimated_tokens: int = 0
    counted_tokens: int | None = None
    whole: Answer | None = None
    streamed: Answer | None = None
    failed: str | None = None
    alike: float | None = None


async def try_all(providers: Sequence[Provider], request: Request) -> list[Trial]:
    """All at the same time, each on its own; compared with the first that answered."""
    trials = await asyncio.gather(*(try_one(provider, request) for provider in providers))
    first = next((trial.whole for trial in trials if trial.whole is not None), None)
    if first is None:
        return list(trials)
    return [replace(each, alike=alike(first.text, each.whole.text) if each.whole else None) for each in trials]


async def try_one(provider: Provider, request: Request) -> Trial:
    """Step by step, until one does not work."""
    trial = Trial(provider.name, provider.model, estimated_tokens=sized(request).input_tokens)
    health = await provider.health()
    if not health.healthy:
        return replace(trial, failed=f"its health check fails: {health.detail}")
    try:
        await provider.initialize()
        trial = replace(trial, model=provider.model, counted_tokens=await provider.count_tokens(request))
        trial = replace(trial, whole=await provider.complete(request))
    except (AttemptFailed, NoTarget) as failed:
        return replace(trial, failed=str(failed))
    streamed, failure = await _streamed(provider, request)
    failure = failure or next((bad for each in (trial.whole, streamed) if each and (bad := ended_badly(each))), None)
    return replace(trial, streamed=streamed, failed=str(failure) if failure else None)


async def _streamed(provider: Provider, request: Request) -> tuple[Answer | None, Failure | None]:
    last = [event async for event in provider.stream(request)][-1]
    return last.answer, last.failure


def alike(one: str, other: str) -> float:
    """By their words in order, whatever their case, from 0 to 1."""
    first, second = one.casefold().split(), other.casefold().split()
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
