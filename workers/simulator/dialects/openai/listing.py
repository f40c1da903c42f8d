"""What the OpenAI API and vLLM tell about themselves: models, health, version, metrics."""

from collections.abc import Mapping, Sequence

from ... import tokens
from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from .. import pages
from ..dialect import House, Listing, encode
from ..fields import Fields
from .flavours.flavour import Flavour


def models(exchange: Exchange, flavour: Flavour, form: Listing) -> Script:
    of_loaded = "/api/v0/models" in exchange.path
    if of_loaded and not flavour.lists_loaded:
        raise Refused(Problem(Kind.NO_ROUTE, detail=f"GET {exchange.path}"))
    row = _row_of_lm_studio if of_loaded else flavour.model_row
    rows = [row(model, exchange) for model in pages.names(exchange, form)]
    if form is Listing.PAGED:
        body: Json | list[Json | None] = _page(rows, exchange.path)
    else:
        form = Listing.BARE if flavour.listing_bare and form is Listing.PLAIN else form
        body = pages.shaped(rows, {"object": "model"}, form, lambda data: {"object": "list", "data": data})
    return Script(200, (Frame(encode(body).encode()),), flavour.headers(exchange), pages.content_type(form))


def model(name: str, exchange: Exchange, flavour: Flavour) -> Script:
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, param="model", detail=name))
    return whole(200, encode(flavour.model_row(name, exchange)).encode(), flavour.headers(exchange))


def _page(rows: Sequence[Json], path: str) -> Json:
    """Two models after the one that `after` names."""
    after = pages.query(path).get("after")
    start = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
    page = rows[start : start + pages.SMALL_PAGE]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return {"object": "list", "data": page, "has_more": start + pages.SMALL_PAGE < len(rows), **ends}


def _row_of_lm_studio(model: str, exchange: Exchange) -> Json:
    return {
        "id": model,
        "object": "model",
        "type": "embeddings" if "embed" in model else "llm",
        "publisher": "simulator",
        "arch": "sim",
        "compatibility_type": "gguf",
        "quantization": "Q4_K_M",
        "state": "loaded",
        "max_context_length": exchange.settings.context_tokens,
        "loaded_context_length": exchange.settings.context_tokens,
    }


def properties(exchange: Exchange) -> Script:
    """llama.cpp's `GET /props`."""
    settings = exchange.settings
    body: Json = {
        "default_generation_settings": {"n_ctx": settings.context_tokens, "params": {}},
        "total_slots": settings.slots or 1,
        "model_path": next(iter(settings.models), "none"),
        "modalities": {"vision": False, "audio": False},
    }
    return whole(200, encode(body).encode())


def tokenized(body: bytes, exchange: Exchange) -> Script:
    """`POST /tokenize`: llama.cpp's of `content`, vLLM's of a prompt or of messages."""
    fields = Fields.parse(body)
    content = fields.text("content")
    said = [content or fields.text("prompt"), *(str(message.get("content")) for message in fields.array("messages"))]
    numbers = list(range(tokens.count("\n".join(filter(None, said)))))
    told: Json = {"tokens": numbers}
    if not content:
        told |= {"count": len(numbers), "max_model_len": exchange.settings.context_tokens, "token_strs": None}
    return whole(200, encode(told).encode())


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
