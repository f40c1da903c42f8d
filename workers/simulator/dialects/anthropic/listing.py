"""The models that Anthropic lists, a page at a time."""

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from .. import pages
from ..dialect import Listing, encode
from . import wording

_USUAL_PAGE = 20


def models(exchange: Exchange, form: Listing) -> Script:
    names = pages.names(exchange, form)
    query = pages.query(exchange.path)
    start = next((at + 1 for at, name in enumerate(names) if name == query.get("after_id")), 0)
    end = start + pages.size(query.get("limit"), _USUAL_PAGE, form)
    rows = [_row(name, exchange) for name in names[start:end]]
    ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {"first_id": None, "last_id": None}
    body = pages.shaped(
        rows, {"type": "model"}, form, lambda data: {"data": data, "has_more": end < len(names), **ends}
    )
    return Script(200, (Frame(encode(body).encode()),), wording.headers(exchange), pages.content_type(form))


def model(exchange: Exchange) -> Script:
    name = exchange.path.partition("?")[0].partition("/models/")[2]
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, detail=name))
    return whole(200, encode(_row(name, exchange)).encode(), wording.headers(exchange))


def _row(name: str, exchange: Exchange) -> Json:
    context = exchange.settings.context_tokens
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": context,
        "max_tokens": context,
    }
