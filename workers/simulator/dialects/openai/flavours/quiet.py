"""An OpenAI-compatible server of no particular make, which does not tell its limits."""

from collections.abc import Sequence

from ....limits import Reading
from .flavour import Flavour


class Quiet(Flavour):
    reasoning_shown = True

    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        return {}
