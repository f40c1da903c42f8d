"""Images in a request: those that travel in it, as base64, and those that are only named by their address."""

import re
from dataclasses import dataclass

from ...tasks.request import ImagePart, Message

_DATA_URL = re.compile(r"data:([^;,]*)[^,]*;base64,(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class InlineImage:
    """data: base64. media_type: `image/png` if the URL does not say."""

    media_type: str
    data: str


def images_of(message: Message) -> list[str]:
    """The URLs of a message's images."""
    return [part.image_url.url for part in message.parts if isinstance(part, ImagePart)]


def inline(url: str) -> InlineImage | None:
    """The image that a data URL holds, None if it is an address."""
    found = _DATA_URL.fullmatch(url)
    return InlineImage(found[1] or "image/png", found[2]) if found else None
