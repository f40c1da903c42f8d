"""Streamed answers of the Gemini API: whole responses with what is new in them, a few tokens each.

With `alt=sse` they are server-sent events with CR LF, and after the last the stream just ends; without it they are the
elements of one JSON array.
"""

from collections.abc import Iterator

from ... import tokens
from ...answer import Answer, Choice, Finish
from ...ask import Ask
from ...exchange import Exchange
from ...narrowing import Json
from ...script import JSON, Frame, Part, Script
from ...timing import Timing
from .. import pages
from ..dialect import encode
from .writing import candidate, chunk, reason, usage

#: Tokens of a chunk after the first.
_CHUNK = 8


def write(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
    frames = [
        frame
        for index, choice in enumerate(answer.choices)
        for frame in _of(index, ask, answer, choice, timing, exchange)
    ]
    if len(answer.choices) > 1:
        frames.sort(key=lambda frame: frame[1])
    last = len(frames) - 1
    events = is_events(exchange)
    written = tuple(
        Frame(_written(body, events, first=at == 0, last=at == last), due_s, Part.END if at == last else Part.TEXT)
        for at, (body, due_s) in enumerate(frames)
    )
    return Script(200, written, content_type="text/event-stream" if events else JSON, stream=True)


def is_events(exchange: Exchange) -> bool:
    return pages.query(exchange.path).get("alt") == "sse"


def broken_off(error: Json, exchange: Exchange) -> bytes:
    """The error in an array, as Google writes it where a stream was asked for."""
    return f"data: {encode([error])}\r\n\r\n".encode() if is_events(exchange) else f",\r\n{encode(error)}\r\n]".encode()


def _of(
    index: int, ask: Ask, answer: Answer, choice: Choice, timing: Timing, exchange: Exchange
) -> Iterator[tuple[Json, float]]:
    """The responses of one candidate, and when they are due; the last says why it ended."""
    spoken = 0
    if not ask.reasoning_shown:
        spoken = tokens.count(choice.reasoning)
    else:
        for text, count in _pieces(choice.reasoning):
            spoken += count
            counts = usage(answer, 0, early=True)
            yield _response(ask, exchange, index, [{"text": text, "thought": True}], counts), timing.due_s(spoken - 1)
    thought, said = spoken, choice.text or choice.refusal or ""
    for text, count in _pieces(said):
        spoken += count
        counts = usage(answer, spoken - thought, early=True)
        yield _response(ask, exchange, index, [{"text": text}], counts), timing.due_s(spoken - 1)
    call = choice.call
    parts: list[Json] = [{"functionCall": {"name": call.name, "args": call.arguments}}] if call else []
    if not parts and said:
        parts = [{"text": ""}]
    counts = usage(answer, answer.completion_tokens - answer.reasoning_tokens)
    ended = candidate(index, parts, reason(choice), choice.finish is Finish.CONTENT_FILTER)
    yield chunk(ask, exchange, [ended], counts), timing.due_s(max(spoken - 1, 0))


def _response(ask: Ask, exchange: Exchange, index: int, parts: list[Json], counts: Json | None) -> Json:
    return chunk(ask, exchange, [candidate(index, parts, None)], counts)


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """The first token alone, then several at a time, and how many each has."""
    pieces = tokens.pieces(text)
    for start in (0, *range(1, len(pieces), _CHUNK)):
        some = pieces[start : start + (_CHUNK if start else 1)]
        if some:
            yield "".join(some), len(some)


def _written(body: Json, events: bool, *, first: bool, last: bool) -> bytes:
    if events:
        return f"data: {encode(body)}\r\n\r\n".encode()
    return f"{'[' if first else ''}{encode(body)}{']' if last else ',' + chr(13) + chr(10)}".encode()
