"""Calls whose bill nobody has seen: they were sent, and no answer came back, or none that tells what it used. Pure.

No provider of completions documents that it makes an answer once only (an idempotency key), so to ask again is to pay
again, if the first answer was made: the ledger has such a call with an unknown cost, beside the one that succeeded.
"""

from dataclasses import dataclass

from ...routing.failure import Failure
from ..providers.sending import Sending


@dataclass(frozen=True, slots=True)
class LostCall:
    """presumed_usd: what budgets and caps take it to have cost; None if nobody knows the price."""

    presumed_usd: float | None


def may_be_billed(sending: Sending, failure: Failure | None) -> bool:
    """Whether its provider may have made an answer and charge for it. failure: None if we have stopped the call.

    Nobody charges for an error.
    """
    if failure is not None and failure.refused:
        return False
    return sending.arrived and (sending.status is None or sending.status < 300)
