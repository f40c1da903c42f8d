"""Server-sent events, and the events of the tokens of a text."""

from collections.abc import Iterator

from .. import tokens
from ..script import Frame, Part
from ..timing import Timing
from .dialect import encode

DONE = b"data: [DONE]\n\n"

EVENTS = "text/event-stream; charset=utf-8"

#: Stands for a token in the event that is written once and used for all of them.
TOKEN = "\0token"  # noqa: S105 - of text

_ENCODED_TOKEN = encode(TOKEN).encode()


def event(body: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {encode(body)}\n\n".encode()


def of_tokens(written: bytes, text: str, first: int, timing: Timing) -> Iterator[Frame]:
    """What is written with TOKEN in it, once for each token of the text. first: number of tokens that came before."""
    if not text:
        return
    before, after = written.split(_ENCODED_TOKEN)
    for number, piece in enumerate(tokens.pieces(text), first):
        yield Frame(b"%b%b%b" % (before, encode(piece).encode(), after), timing.due_s(number), Part.TEXT)
