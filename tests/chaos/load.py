"""What is handed in: a pure value made from a seed, and the client that hands it in however often it fails."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from workfleet.routing.lanes import TASK_TYPES, Band, Priority
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable
from workfleet.tasks.job import JobSpec

#: What every job asks.
SAY = "{name}: say something"

#: Jobs in each queue at a time; the rest of a wave waits in its batch.
WINDOW = 80

#: A model whose requests hang, so that there is time to kill who asked.
POISON_MODEL = "sim-poison"

_SINGLE = 0.05  #: handed in without a batch
_STREAMED = 0.1
_PINNED = 0.05  #: to one provider, through its alternate queue
_HURRIED = 0.01  #: with a deadline that most will miss
_TRY_AGAIN_S = 0.3


@dataclass(frozen=True, slots=True)
class Wave:
    """Jobs that are handed in together: most of them as a batch, some one by one, in the order of `specs`."""

    name: str
    batched: tuple[JobSpec, ...]
    single: tuple[JobSpec, ...]


def waves(seed: int, jobs: int, *, size: int, poison: int, providers: tuple[str, ...]) -> Iterator[Wave]:
    """The whole load. poison: so many jobs among the others kill whoever runs them."""
    rng = Random(seed)
    poisonous = {int(jobs * (number + 0.5) / poison) for number in range(poison)}
    for start in range(0, jobs, size):
        batched: list[JobSpec] = []
        single: list[JobSpec] = []
        for number in range(start, min(start + size, jobs)):
            spec = _spec(number, rng, providers, poisonous=number in poisonous)
            (single if rng.random() < _SINGLE else batched).append(spec)
        yield Wave(f"wave-{start:06d}", tuple(batched), tuple(single))


def is_poison(custom_id: str) -> bool:
    return custom_id.startswith("poison")


def _spec(number: int, rng: Random, providers: tuple[str, ...], *, poisonous: bool) -> JobSpec:
    name = f"{'poison' if poisonous else 'job'}-{number:06d}"
    fields: dict[str, Any] = {
        "task_type": rng.choice(TASK_TYPES[:3]),
        "complexity": rng.choice((Band.SIMPLE, Band.COMPLEX)),
        "priority": rng.choice(list(Priority)),
        "stream": rng.random() < _STREAMED,
        "custom_id": name,
        # A client that does not know whether it was heard says it again.
        "idempotency_key": name,
    }
    pinned, hurried = rng.random() < _PINNED, rng.random() < _HURRIED
    if poisonous:
        fields["model"] = POISON_MODEL
    elif pinned:
        fields["provider"] = rng.choice(providers)
    elif hurried:
        fields["deadline_s"] = rng.uniform(0.5, 5.0)
    return JobSpec.from_prompt(SAY.format(name=name), **fields)


@dataclass(slots=True)
class HandedIn:
    """names: every custom id. ids: custom id -> job id. batches: their ids."""

    names: list[str] = field(default_factory=list[str])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    batches: list[str] = field(default_factory=list[str])


async def hand_in(client: AsyncClient, wave: Wave, into: HandedIn) -> None:
    """Hand in a wave, again and again until Redis has taken all of it."""
    into.batches.append(wave.name)
    into.names += [spec.custom_id or "" for spec in (*wave.batched, *wave.single)]
    while True:
        try:
            batch = await client.open_batch(name=wave.name, window=WINDOW, batch_id=wave.name)
            await _all_of(client, wave.batched, batch, into)
            await client.seal_batch(batch)
            await _all_of(client, wave.single, "", into)
            return
        except FleetUnavailable:
            await asyncio.sleep(_TRY_AGAIN_S)


async def _all_of(client: AsyncClient, specs: tuple[JobSpec, ...], batch: str, into: HandedIn) -> None:
    at = 0
    async for ids in client.submit_many(specs, batch=batch):
        for spec, job_id in zip(specs[at : at + len(ids)], ids, strict=True):
            into.ids[spec.custom_id or ""] = job_id
        at += len(ids)
