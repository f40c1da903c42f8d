"""Server-sent events, as the OpenAI API writes them."""

from ..dialect import encode

DONE = b"data: [DONE]\n\n"


def event(body: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {encode(body)}\n\n".encode()
