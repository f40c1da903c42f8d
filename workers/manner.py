"""How a call is made: as a stream or in one piece, and how long each part of it may take. Pure."""

import math
from dataclasses import replace

from ..routing.cost_cap import ANSWER_TOKENS
from ..tasks.job import JobSpec
from .providers.endpoint import Timeouts
from .settings.provider import ProviderSettings
from .settings.schema import TaskTypeSettings

#: Tokens a second that even a slow server reaches; long answers get the time they need at this rate.
SLOW_TOKENS_PER_S = 20.0
#: A server that answers as it lately did takes so many times as long at the most.
_LENIENCE = 4.0


def streams(spec: JobSpec, provider: ProviderSettings, task: TaskTypeSettings) -> bool:
    """Whether the provider is to stream the answer: for who reads it, or because its first token is to be timed.

    Whoever wants the provider's own body gets it as the provider wrote it, in one piece.
    """
    if spec.request.kind == "embedding":
        return False
    if spec.request.stream or spec.stream:
        return True
    said = task.measure_first_token
    return (provider.measure_first_token if said is None else said) and not spec.request.keep_body


def limits(
    spec: JobSpec,
    provider: ProviderSettings,
    task: TaskTypeSettings,
    *,
    time_left_s: float,
    streamed: bool,
    token_s: float = 0.0,
) -> Timeouts:
    """The provider's limits, longer for long answers, and never past the job's deadline.

    token_s: seconds that a token lately took where the call goes, 0 if that is not known.
    """
    own = provider.timeouts
    total = task.timeout_s or max(own.total_s, (spec.request.max_tokens or 0) / SLOW_TOKENS_PER_S)
    if not streamed and token_s and not task.timeout_s:
        # Until it is whole, nothing but the time shows that such a call hangs.
        tokens = spec.request.max_tokens or ANSWER_TOKENS
        total = min(total, own.first_token_s + _LENIENCE * token_s * tokens)
    total = max(0.001, min(total, time_left_s))
    if not streamed:
        # An answer in one piece has no first token before it is whole.
        return replace(own, first_token_s=math.inf, idle_s=math.inf, total_s=total)
    return replace(own, total_s=total)
