"""The next page of a listing, where a server gives it out in pages: OpenAI's convention of `has_more` and `after`."""

from dataclasses import replace
from urllib.parse import quote

from .dialect import Call, Reply
from .json_fields import mapping, mappings, parse, text

#: A server that never comes to an end is not listened to for ever.
MAX_PAGES = 200


def next_page(first: Call, reply: Reply) -> Call | None:
    """The call for the page after the one in the reply, None if that is the last. first: the call for the first."""
    body = mapping(parse(reply.body))
    entries = mappings(body.get("data"))
    last = text(body.get("last_id")) or (text(entries[-1].get("id")) if entries else "")
    if not body.get("has_more") or not last:
        return None
    return replace(first, path=f"{first.path}?after={quote(last, safe='')}")
