"""One call of a provider, made as soon as its limits have room for it, and settled however it ends."""

import asyncio
from collections.abc import Callable

from ..tasks.answer import Answer
from .leases import Running
from .limits.admission import Admission
from .providers.asking import OnDelta
from .providers.endpoint import AttemptFailed
from .upstream import Unavailable, Upstream


async def ask_in_turn(
    admission: Admission,
    upstream: Upstream,
    running: Running,
    model: str,
    on_delta: OnDelta | None,
    *,
    clock: Callable[[], float],
) -> Answer:
    """The answer. clock: the one of the job's deadline. Raises NotAdmitted, Unavailable, AttemptFailed."""
    async with admission.admitted(running.job, running.spec, model) as call:
        await asyncio.sleep(call.wait_s)
        running.asked_at = clock()
        call.sent()
        try:
            answer = await upstream.ask(
                running.job,
                running.spec,
                model,
                time_left_s=running.ends_at - running.asked_at,
                on_delta=on_delta,
                on_headers=call.replied,
            )
        except Unavailable:
            call.unsent()
            raise
        except AttemptFailed as failed:
            call.failed(failed.failure)
            raise
        call.answered(answer.usage)
        return answer
