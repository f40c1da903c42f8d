"""How a call is made: as a stream or in one piece, and how long each part of it may take. Pure."""

import math
from dataclasses import replace

from ...routing.cost_cap import ANSWER_TOKENS
from ...tasks.job import CallLimits, JobSpec
from ..providers.endpoint import Timeouts
from ..settings.provider import ProviderSettings
from ..settings.schema import TaskTypeSettings

#: Tokens a second that even a slow server reaches; long answers get the time they need at this rate.
SLOW_TOKENS_PER_S = 20.0
#: A server that answers as it lately did takes so many times as long at the most.
_LENIENCE = 4.0


def streams(spec: JobSpec, provider: ProviderSettings, task: TaskTypeSettings, model: str) -> bool:
    """Whether the provider is to stream the answer: for who reads it, or because its first token is to be timed.

    A limit that somebody has set for its first token holds for those that nobody reads, too. Whoever wants the
    provider's own body gets it as the provider wrote it, in one piece.
    """
    if spec.request.kind == "embedding":
        return False
    if spec.request.stream or spec.stream:
        return True
    said = provider.measure_first_token if task.measure_first_token is None else task.measure_first_token
    limited = "first_token_s" in {*provider.said_timeouts, *_said(spec, provider, task, model)}
    return (said or limited) and not spec.request.keep_body


def limits(
    spec: JobSpec,
    provider: ProviderSettings,
    task: TaskTypeSettings,
    model: str,
    *,
    time_left_s: float,
    streamed: bool,
    token_s: float = 0.0,
) -> Timeouts:
    """The provider's limits, under those of the model, the task type and the job; never past the job's deadline.

    Long answers get more time in all, unless somebody has set how much. token_s: seconds that a token lately took where
    the call goes, 0 if that is not known.
    """
    said = _said(spec, provider, task, model)
    own = replace(provider.timeouts, **said)
    total = own.total_s
    if "total_s" not in {*provider.said_timeouts, *said}:
        total = max(total, (spec.request.max_tokens or 0) / SLOW_TOKENS_PER_S)
    if not streamed and token_s and "total_s" not in said:
        # Until it is whole, nothing but the time shows that such a call hangs.
        tokens = spec.request.max_tokens or ANSWER_TOKENS
        total = min(total, own.first_token_s + _LENIENCE * token_s * tokens)
    own = replace(own, total_s=max(0.001, min(total, time_left_s)))
    # An answer in one piece has no first token before it is whole.
    return own if streamed else replace(own, first_token_s=math.inf, idle_s=math.inf)


def _said(spec: JobSpec, provider: ProviderSettings, task: TaskTypeSettings, model: str) -> dict[str, float]:
    """What is set for less than a provider: the job's word before the task type's, and that before the model's."""
    known = provider.model(model)
    of_model = known.timeouts if known else CallLimits()
    return {**of_model.said(), **task.limits().said(), **spec.timeouts.said()}
