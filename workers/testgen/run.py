"""Tests for many subjects: one batch of jobs, each answer kept as it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetError
from ...tasks.job import JobSpec
from ...tasks.line_file import LineFile
from .harvest import Result, harvest
from .output_folder import GeneratedTests
from .prompt import MAX_TOKENS, request
from .subject import Subject

_JUDGE: Final = "python-tests"
_LONGEST_NAME: Final = 500
_CANCEL_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How the tests are asked for. provider, model, route: where the jobs must run; None leaves it to their lanes."""

    agent: str = "default"
    provider: str | None = None
    model: str | None = None
    route: str | None = None
    max_tokens: int = MAX_TOKENS

    def spec(self, subject: Subject, custom_id: str) -> JobSpec:
        return JobSpec(
            request=request(subject, max_tokens=self.max_tokens),
            task_type="test-generation",
            agent=self.agent,
            provider=self.provider,
            model=self.model,
            route=self.route,
            priority=Priority.BATCH,
            judge=_JUDGE,
            custom_id=custom_id,
        )


async def generate(
    client: AsyncClient,
    subjects: Iterable[Subject],
    asking: Asking,
    tests: GeneratedTests,
    results: LineFile,
    *,
    name: str,
    on_batch: Callable[[str], None],
) -> list[Result]:
    """Ask for the tests of all subjects and write what comes; what became of each, in the order of ending.

    name: of the batch. on_batch: is told the batch's id. If it is cancelled, so is the batch.
    """
    known = named(subjects)
    specs = (asking.spec(subject, custom_id) for custom_id, subject in known.items())
    batch = await client.open_batch(name=name, agent=asking.agent)
    on_batch(batch)
    found: list[Result] = []
    async with _cancelled_with_us(client, batch):
        async for _ in client.submit_many(specs, batch=batch):
            pass
        await client.seal_batch(batch)
        async for _, outcome, custom_id in client.outcomes(batch, follow=True):
            if (subject := known.get(custom_id)) is not None:
                result = harvest(subject, outcome, tests)
                results.write([result.to_line()])
                found.append(result)
    return found


def named(subjects: Iterable[Subject]) -> Mapping[str, Subject]:
    """Each subject under a name of its own: its full name, numbered where two have the same."""
    known: dict[str, Subject] = {}
    for subject in subjects:
        name, number = str(subject)[:_LONGEST_NAME], 1
        while name in known:
            number += 1
            name = f"{str(subject)[:_LONGEST_NAME]}#{number}"
        known[name] = subject
    return known


@asynccontextmanager
async def _cancelled_with_us(client: AsyncClient, batch: str) -> AsyncGenerator[None]:
    """Nobody waits for the answers any more, so nobody should pay for them."""
    try:
        yield
    except BaseException:
        with suppress(FleetError, TimeoutError):
            async with asyncio.timeout(_CANCEL_WITHIN_S):
                await client.cancel_batch(batch)
        raise
