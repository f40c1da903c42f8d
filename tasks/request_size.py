"""How many tokens a request is, and how many its answer may be. Pure."""

import json
from dataclasses import dataclass

from ..routing.tokens import estimate_tokens
from .request import Request

#: The answer that is reserved for while none of its kind is known, and the request sets no limit.
UNKNOWN_ANSWER = 1000
#: No answer is longer.
_LONGEST_ANSWER = 1_000_000
#: Tokens that the format adds to each message: its role and its marks.
_PER_MESSAGE = 4
#: Tokens of a picture, about: providers count from 85 to 1,600.
_PER_PICTURE = 800


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens: the input, roughly; the most that the answer may be; and a guess while no answer of its kind is known."""

    input_tokens: int
    answer_cap: int
    answer_guess: int


def sized(request: Request) -> Size:
    answers = request.extra.get("n")
    answers = answers if isinstance(answers, int) and answers > 0 else 1
    if request.kind == "embedding":
        return Size(estimate_tokens(request.text), 0, 0)
    cap = (request.max_tokens or _LONGEST_ANSWER) * answers
    return Size(_input(request), cap, min(cap, UNKNOWN_ANSWER * answers))


def _input(request: Request) -> int:
    pictures = sum(part.type == "image_url" for message in request.messages for part in message.parts)
    tools = estimate_tokens(json.dumps(request.tools)) if request.tools else 0
    called = (call.function for message in request.messages for call in message.tool_calls or ())
    tools += sum(estimate_tokens(f"{call.name} {call.arguments}") for call in called)
    return estimate_tokens(request.text) + tools + _PER_MESSAGE * len(request.messages) + _PER_PICTURE * pictures
