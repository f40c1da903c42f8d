"""Having a server of ours fetch a model, and going on when that is interrupted."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

from ...routing.failure import Failure, Fault
from .endpoint import AttemptFailed, Endpoint
from .lmstudio_pull import lmstudio_pull
from .localai_pull import localai_pull
from .ollama.admin import pull as ollama_pull
from .pull_progress import PullProgress
from .wire import Wire

#: Interruptions in a row, with nothing fetched between them, after which it is given up.
_GIVE_UP_AFTER = 5
_PASSING = frozenset({Fault.TRANSPORT, Fault.TIMEOUT_CONNECT, Fault.TIMEOUT_IDLE, Fault.SERVER, Fault.OVERLOADED})


class Pull(Protocol):
    def __call__(self, wire: Wire, endpoint: Endpoint, model: str) -> AsyncGenerator[PullProgress]: ...


#: Who can be told to fetch a model, by type of provider.
PULLS: Mapping[str, Pull] = {"ollama": ollama_pull, "lmstudio": lmstudio_pull, "localai": localai_pull}


def pulled(wire: Wire, endpoint: Endpoint, model: str) -> AsyncGenerator[PullProgress]:
    """A server's own fetching. Raises AttemptFailed."""
    if endpoint.type not in PULLS:
        raise AttemptFailed(Failure(Fault.BAD_REQUEST, f"a server of type {endpoint.type} fetches no models"))
    return PULLS[endpoint.type](wire, endpoint, model)


async def persistently(
    begin: Callable[[], AsyncGenerator[PullProgress]], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[PullProgress]:
    """Begin again after each interruption, as long as that brings it on. What began before is gone on with.

    A first failure is one: a server that is not there is no interruption.
    """
    furthest, idle = 0.0, _GIVE_UP_AFTER
    progress = PullProgress("waiting")
    while True:
        try:
            async for progress in begin():
                if (progress.share or 0.0) > furthest or idle == _GIVE_UP_AFTER:
                    furthest, idle = max(furthest, progress.share or 0.0), 0
                yield progress
        except AttemptFailed as failed:
            idle += 1
            if failed.failure.fault not in _PASSING or idle >= _GIVE_UP_AFTER:
                raise
        else:
            return
        yield replace(progress, status="interrupted, going on")
        await sleep(float(idle))
