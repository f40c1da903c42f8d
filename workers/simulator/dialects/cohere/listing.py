"""The models that Cohere lists, a page at a time; a page's token is where it begins."""

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from .. import pages
from ..dialect import Listing, encode

_USUAL_PAGE = 20

_FEATURES = ["json_mode", "json_schema", "safety_modes", "strict_tools", "tools"]


def models(exchange: Exchange, form: Listing) -> Script:
    names = pages.names(exchange, form)
    query = pages.query(exchange.path)
    token = query.get("page_token", "")
    start = int(token) if token.isdecimal() else 0
    end = start + pages.size(query.get("page_size"), _USUAL_PAGE, form)
    rows = [_row(name, exchange) for name in names[start:end]]
    following = {"next_page_token": str(end)} if end < len(names) else {}
    body = pages.shaped(rows, {"endpoints": []}, form, lambda models: {"models": models, **following})
    return Script(200, (Frame(encode(body).encode()),), content_type=pages.content_type(form))


def model(exchange: Exchange) -> Script:
    name = exchange.path.partition("?")[0].partition("/models/")[2]
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, detail=name))
    return whole(200, encode(_row(name, exchange)).encode())


def _row(name: str, exchange: Exchange) -> Json:
    embeds = "embed" in name
    return {
        "name": name,
        "is_deprecated": False,
        "endpoints": ["embed"] if embeds else ["chat"],
        "finetuned": False,
        "context_length": exchange.settings.context_tokens,
        "tokenizer_url": "",
        "default_endpoints": [],
        "features": None if embeds else _FEATURES,
    }
