"""Answers to requests that were asked before, word for word: they are given again, and nothing is bought."""

import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from pydantic import ValidationError

from ...tasks.answer import Answer, FinishReason, Usage
from ...tasks.connection import PASSING, AsyncRedis
from ...tasks.job import JobSpec
from ...tasks.scripting import Scripts

#: Up to this temperature, answers to the same request are taken to be as good as each other.
STEADY_TEMPERATURE = 0.3
#: Seconds that an answer is kept if only the job asks for it.
KEPT_S = 3600.0
#: Answers that are kept at the same time; the least recently used ones make room.
MOST_KEPT = 10_000
#: Longer ones, as JSON, are not kept.
LARGEST_BYTES = 1024 * 1024

_WHOLE = frozenset({FinishReason.STOP, FinishReason.TOOL_CALLS})
#: What an answer depends on. Its deadline, its price and who asked are no part of it.
_ASKED = frozenset(
    {"request", "task_type", "complexity", "provider", "model", "chain", "route", "constraints", "judge"}
)


def kept_s(spec: JobSpec, of_task: float | None) -> float | None:
    """Seconds that the job's answer may be given again, None if it may not. of_task: what its task type says.

    What the job says counts; else its task type must say so, and the request be one for which any answer will do.
    """
    if spec.cache is not None:
        return (of_task or KEPT_S) if spec.cache else None
    temperature = spec.request.temperature
    steady = spec.request.kind == "embedding" or (temperature is not None and temperature <= STEADY_TEMPERATURE)
    return of_task if steady else None


def key_of(spec: JobSpec) -> str:
    """The same for all jobs that ask the same."""
    asked = spec.model_dump(
        mode="json", include=set(_ASKED), exclude={"request": {"stream"}, "constraints": {"max_cost_usd"}}
    )
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """target: who gave the answer."""

    target: str
    answer: Answer


class AnswerCache:
    """In Redis, for the whole fleet. Without Redis there is nothing in it."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf", at_most: int = MOST_KEPT) -> None:
        self._scripts = Scripts(redis, "workfleet.workers.attempts", namespace)
        self._at_most = at_most

    async def find(self, spec: JobSpec) -> Known | None:
        """An answer that was given before, as one that cost nothing."""
        raw: bytes | None = None
        with suppress(*PASSING):
            raw = await self._scripts.run("kept_answer", key_of(spec))
        if raw is None:
            return None
        target, _, text = raw.decode().partition("\n")
        try:
            answer = Answer.model_validate_json(text)
        except ValidationError:  # of another version
            return None
        free = Usage(cost_usd=0.0, cost_source="cache")
        return Known(target, answer.model_copy(update={"usage": free, "first_token_s": None, "total_s": None}))

    async def keep(self, spec: JobSpec, target: str, answer: Answer, for_s: float) -> None:
        """Keep an answer, if it is whole."""
        raw = f"{target}\n{answer.model_dump_json(exclude_defaults=True)}"
        whole = spec.request.kind == "embedding" or answer.finish_reason in _WHOLE
        if whole and len(raw) <= LARGEST_BYTES:
            with suppress(*PASSING):
                await self._scripts.run("keep_answer", key_of(spec), raw, max(1, int(for_s)), self._at_most)
