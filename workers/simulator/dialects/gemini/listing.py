"""The models that Gemini lists, a page at a time; a page's token is where it begins."""

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from .. import pages
from ..dialect import Listing, encode
from . import reading

_USUAL_PAGE = 50

_GENERATES = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]

_EMBEDS = ["embedContent", "countTextTokens", "countTokens"]


def models(exchange: Exchange, form: Listing) -> Script:
    names = pages.names(exchange, form)
    query = pages.query(exchange.path)
    token = query.get("pageToken", "")
    start = int(token) if token.isdecimal() else 0
    end = start + pages.size(query.get("pageSize"), _USUAL_PAGE, form)
    rows = [_row(name, exchange) for name in names[start:end]]
    following = {"nextPageToken": str(end)} if end < len(names) else {}
    body = pages.shaped(rows, {"version": "001"}, form, lambda models: {"models": models, **following})
    return Script(200, (Frame(encode(body).encode()),), content_type=pages.content_type(form))


def model(exchange: Exchange) -> Script:
    name = reading.target(exchange.path)[0]
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, detail=name))
    return whole(200, encode(_row(name, exchange)).encode())


def _row(name: str, exchange: Exchange) -> Json:
    embeds = "embed" in name
    row: Json = {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": exchange.settings.context_tokens,
        "outputTokenLimit": 1 if embeds else 8_192,
        "supportedGenerationMethods": _EMBEDS if embeds else _GENERATES,
    }
    return row if embeds else row | {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2, "thinking": False}
