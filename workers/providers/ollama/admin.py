"""What an Ollama server can be told to do with its models: load, unload, fetch."""

from collections.abc import AsyncGenerator

from ....routing.failure import Failure
from ..dialect import Call, ListedModel
from ..endpoint import AttemptFailed, Endpoint, Timeouts
from ..inspection import fetch_well, within
from ..pull_progress import PullProgress
from ..wire import Wire
from .models import InMemory, gpu_share, in_memory, listed, load_calls, loaded_window, unload_call
from .pull import PullDecoder, pull_call
from .response import ollama_failure

#: Loading a large model from a slow disk takes minutes.
_LOAD_S = 600.0
#: Between two lines of a pull: a registry may be slow, but a layer is reported several times a second.
_PULL = Timeouts(first_token_s=60.0, idle_s=60.0, total_s=24 * 3600.0)


async def load(wire: Wire, endpoint: Endpoint, model: str, context_tokens: int | None) -> None:
    await fetch_well(wire, endpoint, load_calls(model, context_tokens=context_tokens), within(_LOAD_S))


async def unload(wire: Wire, endpoint: Endpoint, model: str) -> None:
    await fetch_well(wire, endpoint, [unload_call(model)], within(_LOAD_S))


async def window_of(wire: Wire, endpoint: Endpoint, model: str, timeout_s: float) -> int | None:
    """The context window that a model is loaded with, None if it is not loaded. Raises AttemptFailed."""
    reply = await fetch_well(wire, endpoint, [Call("GET", "/api/ps")], within(timeout_s))
    return loaded_window(reply, model)


async def memory(
    wire: Wire, endpoint: Endpoint, timeout_s: float
) -> tuple[tuple[InMemory, ...], tuple[ListedModel, ...]]:
    """The models that are loaded, and all that the server has. Raises AttemptFailed."""
    loaded = await fetch_well(wire, endpoint, [Call("GET", "/api/ps")], within(timeout_s))
    found = listed(endpoint.row, await fetch_well(wire, endpoint, [Call("GET", "/api/tags")], within(timeout_s)))
    if isinstance(found, Failure):
        raise AttemptFailed(found)
    return in_memory(loaded), found


async def share_on_gpus(wire: Wire, endpoint: Endpoint, model: str, timeout_s: float) -> float | None:
    """From 0 to 1, None if it is not loaded. Raises AttemptFailed."""
    return gpu_share(await fetch_well(wire, endpoint, [Call("GET", "/api/ps")], within(timeout_s)), model)


async def pull(wire: Wire, endpoint: Endpoint, model: str) -> AsyncGenerator[PullProgress]:
    async with wire.opened(endpoint, pull_call(model), _PULL) as opened:
        if opened.head.status != 200:
            raise AttemptFailed(ollama_failure(await wire.read(opened)))
        decoder = PullDecoder(opened.head)
        async for piece in opened.pieces:
            for progress in decoder.feed(piece):
                opened.limits.held()
                yield progress
            opened.limits.answering()
            if decoder.ended:
                break
        failure = decoder.failure()
        if failure is not None:
            raise AttemptFailed(failure)
