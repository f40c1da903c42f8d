"""What the OpenAI API and vLLM tell about themselves: models, health, version, metrics."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from ..dialect import House, Listing, encode
from .flavours.flavour import Flavour

_HUGE = 3_000

_PAGE = 2


def models(exchange: Exchange, flavour: Flavour, form: Listing) -> Script:
    rows = [flavour.model_row(model, exchange) for model in exchange.settings.models]
    body: Json | list[Json | None] = {"object": "list", "data": rows}
    content_type = "application/json"
    match form:
        case Listing.HUGE:
            rows += [flavour.model_row(f"sim-filler-{number:04d}", exchange) for number in range(_HUGE)]
        case Listing.PAGED:
            body = _page(rows, exchange.path)
        case Listing.BARE:
            body = [*rows]
        case Listing.MALFORMED:
            body = {"object": "list", "data": [None, {"object": "model"}, *rows]}
        case Listing.WRONG_TYPE:
            content_type = "text/html"
        case Listing.PLAIN:
            pass
    return Script(200, (Frame(encode(body).encode()),), flavour.headers(exchange), content_type)


def model(name: str, exchange: Exchange, flavour: Flavour) -> Script:
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, param="model", detail=name))
    return whole(200, encode(flavour.model_row(name, exchange)).encode(), flavour.headers(exchange))


def _page(rows: Sequence[Json], path: str) -> Json:
    """Two models after the one that `after` names."""
    after = parse_qs(urlsplit(path).query).get("after", [""])[0]
    start = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
    page = rows[start : start + _PAGE]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return {"object": "list", "data": page, "has_more": start + _PAGE < len(rows), **ends}


def account() -> Script:
    """OpenRouter's `GET /key`: what the key may spend, and has."""
    spent = {f"usage{period}": 0 for period in ("", "_daily", "_weekly", "_monthly")}
    data = {"label": "sim", "limit": None, "limit_remaining": None, "is_free_tier": False, **spent}
    return whole(200, encode({"data": data}).encode())


def metrics(exchange: Exchange, house: House) -> Script:
    """The series of vLLM's Prometheus endpoint that tell its load."""
    labels = f'{{engine="0",model_name="{next(iter(exchange.settings.models), "none")}"}}'
    slots = exchange.settings.slots
    gauges: Mapping[str, float] = {
        "num_requests_running": house.running,
        "num_requests_waiting": house.waiting,
        "kv_cache_usage_perc": min(house.running / slots, 1) if slots else 0,
    }
    counters = {"prompt_tokens_total": house.prompt_tokens, "generation_tokens_total": house.generation_tokens}
    lines = [f"# TYPE vllm:{name} gauge\nvllm:{name}{labels} {float(value)}\n" for name, value in gauges.items()]
    lines += [f"# TYPE vllm:{name} counter\nvllm:{name}{labels} {float(value)}\n" for name, value in counters.items()]
    finished = f'{labels[:-1]},finished_reason="stop"}}'
    lines.append(
        f"# TYPE vllm:request_success_total counter\nvllm:request_success_total{finished} {float(house.answered)}\n"
    )
    return Script(200, (Frame("".join(lines).encode()),), content_type="text/plain; version=0.0.4; charset=utf-8")
