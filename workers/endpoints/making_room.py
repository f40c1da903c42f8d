"""Unloading the models that are in the way of one that is asked for."""

from collections.abc import Callable

import structlog

from ..local.eviction import Wait
from ..local.residents import Residents
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.sender import Sender
from .availability import Unavailable

log = structlog.get_logger()


async def make_room(
    residents: Residents, endpoint: Endpoint, model: str, sender: Sender, *, clock: Callable[[], float]
) -> None:
    """Have a call of the model begin; whoever called tells when it has ended. Raises Unavailable if it has to wait."""
    found = residents.ask(model, now=clock())
    if isinstance(found, Wait):
        raise Unavailable(f"{model} waits: {found.why}")
    try:
        for each in found.unload:
            log.info("model.unloaded", endpoint=endpoint.base_url, model=each, makes_room_for=model)
            await sender.unload(endpoint, each)
    except AttemptFailed as failed:
        # The call will fail as well, or the server makes room itself.
        log.info("model.not_unloaded", endpoint=endpoint.base_url, error=str(failed.failure))
    except BaseException:
        residents.ended(model, now=clock())
        raise
