"""The next page of a listing, where a server gives it out in pages: by a token of its own, or by the last entry's id
and `has_more`, as OpenAI and Anthropic do."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from .dialect import Call, Reply
from .json_fields import mapping, mappings, parse, text
from .rows import Row

#: A server that never comes to an end is not listened to for ever.
MAX_PAGES = 200


def next_page(row: Row, first: Call, reply: Reply) -> Call | None:
    """The call for the page after the one in the reply, None if that is the last. first: the call for the first."""
    body = mapping(parse(reply.body))
    token = text(body.get(row.page_field)) if row.page_field else _last_id(body)
    if not token:
        return None
    joint = "&" if "?" in first.path else "?"
    return replace(first, path=f"{first.path}{joint}{row.page_parameter}={quote(token, safe='')}")


def _last_id(body: dict[str, Any]) -> str:
    entries = mappings(body.get("data"))
    last = text(body.get("last_id")) or (text(entries[-1].get("id")) if entries else "")
    return last if body.get("has_more") else ""
