"""Small calls beside the asking: how many tokens a request is, and what became of an answer."""

from ...routing.failure import Failure
from ...tasks.request import Request
from .dialect import Ask, Call
from .dialects import DIALECTS
from .endpoint import Endpoint
from .inspection import fetch_well, within
from .rows import ROWS
from .ruvllm.request import query
from .turns import messages_of
from .wire import Wire


async def counted_tokens(wire: Wire, endpoint: Endpoint, model: str, request: Request, timeout_s: float) -> int | None:
    """The request's tokens as the provider counts them, None if it does not. Raises AttemptFailed."""
    row = ROWS[endpoint.type]
    dialect = DIALECTS[row.dialect]
    ask = Ask(row, endpoint.provider, model, request, api=endpoint.api)
    call = dialect.count(ask)
    if call is None or isinstance(dialect.encode(ask), Failure):
        return None
    return dialect.counted(await fetch_well(wire, endpoint, [call], within(timeout_s)))


async def tell_quality(
    wire: Wire, endpoint: Endpoint, request: Request, response: str, quality: float, timeout_s: float
) -> bool:
    """Tell a server that learns how good an answer of its own was, from 0 to 1; False if this one does not learn.

    Raises AttemptFailed.
    """
    path = ROWS[endpoint.type].feedback_path
    if path is None:
        return False
    body = {"query": query(messages_of(request)), "response": response, "quality": quality}
    await fetch_well(wire, endpoint, [Call("POST", path, body)], within(timeout_s))
    return True
