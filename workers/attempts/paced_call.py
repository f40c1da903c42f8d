"""One call of a provider, made when its limits have room for it."""

import asyncio
from collections.abc import Callable

from ...tasks.answer import Answer
from ...tasks.job import JobSpec
from ..endpoints.availability import Unavailable
from ..endpoints.upstream import Upstream
from ..limits.admitted import Admitted
from ..providers.asking import OnDelta
from ..providers.endpoint import AttemptFailed
from ..providers.meter import Meter
from .leases import Leases, Running


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
    if admitted.wait_s > 0:
        await asyncio.sleep(admitted.wait_s)
    await leases.assure(running)
    running.asked_at = clock()
    admitted.sent()
    meter = Meter()
    try:
        answer = await upstream.ask(
            running.job,
            running.spec,
            admitted.model,
            time_left_s=running.ends_at - running.asked_at,
            on_delta=on_delta,
            on_headers=admitted.replied,
            meter=meter,
        )
    except Unavailable:
        admitted.unsent()
        raise
    except BaseException as broken:
        # Also if it was cancelled: what has come by then has its price.
        running.paid = _begun(meter, upstream, running.spec, admitted.model)
        failure = broken.failure if isinstance(broken, AttemptFailed) else None
        running.lost = admitted.broke_off(running.paid, failure, meter.sending)
        raise
    admitted.answered(answer.usage)
    running.paid = answer  # whatever becomes of it
    return answer


def _begun(meter: Meter, upstream: Upstream, spec: JobSpec, model: str) -> Answer | None:
    """What had come of an answer when its call broke off, or that it was none, with its cost; None if nothing had."""
    usage = meter.usage(spec.request)
    if usage is None:
        return None
    return Answer(usage=upstream.pricing.of_usage(usage, model), first_token_s=meter.first_token_s)
