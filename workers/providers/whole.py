"""A reply in one piece, which is a JSON object in most dialects."""

from collections.abc import Callable
from typing import Any

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer
from .dialect import Ask, Reply
from .json_fields import mapping, parse


def decoded(
    ask: Ask, reply: Reply, answer_in: Callable[[Ask, dict[str, Any], Reply], Answer | Failure]
) -> Answer | Failure:
    """The answer of a complete reply. OpenRouter pads it with blank lines while it waits; JSON allows them."""
    body = mapping(parse(reply.body))
    if not body:
        return Failure(Fault.SERVER, "the answer is no JSON object", status=reply.status)
    return answer_in(ask, body, reply)
