"""One call of a provider, made when its limits have room for it."""

import asyncio
from collections.abc import Callable

from ..tasks.answer import Answer
from .leases import Leases, Running
from .limits.admitted import Admitted
from .providers.asking import OnDelta
from .providers.endpoint import AttemptFailed
from .upstream import Unavailable, Upstream


async def ask_in_turn(
    admitted: Admitted,
    upstream: Upstream,
    leases: Leases,
    running: Running,
    on_delta: OnDelta | None,
    *,
    clock: Callable[[], float],
) -> Answer:
    """The answer. clock: the one of the job's deadline. Raises Unavailable, AttemptFailed."""
    await asyncio.sleep(admitted.wait_s)
    await leases.assure(running)
    running.asked_at = clock()
    admitted.sent()
    try:
        answer = await upstream.ask(
            running.job,
            running.spec,
            admitted.model,
            time_left_s=running.ends_at - running.asked_at,
            on_delta=on_delta,
            on_headers=admitted.replied,
        )
    except Unavailable:
        admitted.unsent()
        raise
    except AttemptFailed as failed:
        admitted.failed(failed.failure)
        raise
    admitted.answered(answer.usage)
    return answer
