"""What was asked in a recorded exchange, read from any provider's own words as far as its tokens depend on it.

Pictures and files stand as pictures, calls of tools and their results as text.
"""

import json
from collections.abc import Iterator
from typing import Any, get_args

from ...tasks.request import ImagePart, ImageURL, Message, Request, Role, TextPart
from .json_fields import mapping, mappings, sequence, text

#: Fields whose texts no model reads.
_UNREAD = frozenset({"type", "role", "id", "tool_call_id", "tool_use_id", "signature", "thoughtSignature"})
#: Fields, and types of parts, that hold what is no text.
_SHOWN = frozenset({"image", "image_url", "document", "file", "input_audio", "inlineData", "fileData", "images"})
_PICTURE = ImagePart(image_url=ImageURL(url="data:,"))


def recorded_chat(request: dict[str, Any]) -> Request:
    """A request for text; all of it as one prompt, if it has no messages that can be told."""
    system = "\n".join(_texts(request.get("system", request.get("systemInstruction"))))
    said = [_message(each) for each in mappings(request.get("messages", request.get("contents")))]
    extra = {name: request[name] for name in ("reasoning_format",) if name in request}
    if not said:
        return Request.from_prompt(json.dumps(request, ensure_ascii=False), extra=extra)
    first = [Message(role="system", content=system)] if system else []
    return Request(messages=(*first, *said), tools=tuple(mappings(request.get("tools"))), extra=extra)


def recorded_embedding(request: dict[str, Any]) -> Request:
    given = request.get("input", request.get("texts", request.get("content")))
    inputs = sequence(given) or mappings(request.get("requests")) or [given or request]
    return Request(kind="embedding", input=tuple("".join(_texts(each)) or "…" for each in inputs))


def _message(message: dict[str, Any]) -> Message:
    role = text(message.get("role"))
    said, shown = "\n".join(_texts(message)), sum(1 for _ in _pictures(message))
    content = (TextPart(text=said), *[_PICTURE] * shown) if shown else said
    return Message.model_validate({"role": role if role in get_args(Role) else "user", "content": content})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in sequence(value):
        yield from _texts(each)
    fields = mapping(value)
    if fields.get("type") not in _SHOWN:
        for name, each in fields.items():
            if name not in _UNREAD | _SHOWN:
                yield from _texts(each)


def _pictures(value: object) -> Iterator[object]:
    for each in sequence(value):
        yield from _pictures(each)
    fields = mapping(value)
    if fields.get("type") in _SHOWN or _SHOWN & fields.keys():
        yield fields
    else:
        for each in fields.values():
            yield from _pictures(each)
