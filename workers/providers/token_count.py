"""How many tokens a request is, as its provider counts them."""

from ...routing.failure import Failure
from ...tasks.request import Request
from .dialect import Ask
from .dialects import dialect_of
from .endpoint import Endpoint
from .inspection import fetch_well, within
from .wire import Wire


async def counted_tokens(wire: Wire, endpoint: Endpoint, model: str, request: Request, timeout_s: float) -> int | None:
    """None if the provider does not count. Raises AttemptFailed."""
    row = endpoint.row
    dialect = dialect_of(row.dialect)
    ask = Ask(row, endpoint.provider, model, request, api=endpoint.api)
    call = dialect.count(ask)
    if call is None or isinstance(dialect.encode(ask), Failure):
        return None
    return dialect.counted(await fetch_well(wire, endpoint, [call], within(timeout_s)))
