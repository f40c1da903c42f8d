"""An answer of vectors, which is the same in every dialect once they are read."""

from collections.abc import Sequence
from typing import Any

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, FinishReason, Usage
from .dialect import Ask, Reply


def embedded(
    ask: Ask,
    reply: Reply,
    vectors: Sequence[tuple[float, ...]],
    usage: Usage,
    *,
    sent: int | None = None,
    **told: Any,
) -> Answer | Failure:
    """vectors: in the order of the inputs; an empty one could not be read. sent: how many came, if that is not as many.

    told: fields of Answer that the server says.
    """
    wanted, came = len(ask.request.input), len(vectors) if sent is None else sent
    if came != wanted or len(vectors) != wanted or not all(vectors):
        message = f"{came} embeddings for {wanted} inputs, or some that cannot be read"
        return Failure(Fault.SERVER, message, status=reply.status)
    told = {"provider": ask.provider, "model": ask.model, **told}
    return Answer(embeddings=tuple(vectors), finish_reason=FinishReason.STOP, usage=usage, **told)
