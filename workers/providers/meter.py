"""What an answer has come to while it is made, so that a call that breaks off is booked with what it used.

A provider bills what its model has read and written by the time that it notices that nobody listens any more (OpenAI,
Anthropic), or all that it would have written (some behind OpenRouter, C.11): what came is the least that it has cost.
"""

from dataclasses import dataclass, field

from ...routing.tokens import estimate_tokens
from ...tasks.answer import Usage
from ...tasks.request import Request
from ...tasks.request_size import sized
from .dialect import Delta
from .sending import Sending


@dataclass(slots=True)
class Meter:
    """Of one call; a stream runs through it. first_token_s: seconds to the first token, None before it has come.

    sending: how far its request got.
    """

    first_token_s: float | None = None
    sending: Sending = field(default_factory=Sending)
    _told: Usage | None = None
    _untold: list[str] = field(default_factory=list[str])

    def take(self, delta: Delta) -> None:
        """What the stream adds. A count of the provider's has in it all that came before it, and with it."""
        if delta.usage is not None:
            self._told = delta.usage
            self._untold.clear()
        elif delta.is_token:
            self._untold += (delta.reasoning, delta.text, *(call.name + call.arguments for call in delta.tool_calls))

    def ended(self, usage: Usage | None) -> None:
        """The reply is whole, and holds an answer or none. usage: as the provider counts it, None if it does not."""
        if usage is not None:
            self.take(Delta(usage=usage))

    def usage(self, request: Request) -> Usage | None:
        """What the call has used; None if nothing has come, and nobody knows."""
        untold = estimate_tokens("".join(self._untold))
        if self._told is None:
            size = sized(request)
            return Usage(input_tokens=size.input_tokens, output_tokens=untold, source="estimate") if untold else None
        if not untold:
            return self._told
        output, told = self._told.output_tokens + untold, {"cost_usd": None, "cost_source": None}
        return self._told.model_copy(update={"output_tokens": output, "source": "estimate", **told})
