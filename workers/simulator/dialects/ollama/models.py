"""What Ollama tells of its models: those on disk, those in memory, one in detail."""

import hashlib

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Script, whole
from ...spans import moment
from .. import pages
from ..dialect import House, Listing, encode

_SIZE = 397_821_319

_DETAILS: Json = {
    "parent_model": "",
    "format": "gguf",
    "family": "sim",
    "families": ["sim"],
    "parameter_size": "494.03M",
    "quantization_level": "Q4_K_M",
}


def tags(exchange: Exchange, form: Listing) -> Script:
    rows = [_row(name, exchange) for name in pages.names(exchange, form)]
    body = pages.shaped(rows, {"size": _SIZE}, form, lambda models: {"models": models})
    return Script(200, (Frame(encode(body).encode()),), content_type=pages.content_type(form))


def loaded(exchange: Exchange, house: House) -> Script:
    """A model that is never unloaded expires in a hundred years."""
    rows = [
        {
            **_row(name, exchange),
            "expires_at": moment(exchange.at, 3.15e9 if left_s is None else left_s),
            "size_vram": _SIZE,
            "context_length": num_ctx,
        }
        for name, (num_ctx, left_s) in house.loaded.items()
    ]
    return whole(200, encode({"models": rows}).encode())


def show(name: str, exchange: Exchange) -> Script:
    settings = exchange.settings
    if settings.strict_models and not settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, detail=name))
    body: Json = {
        "modelfile": f"FROM {name}",
        "parameters": f"num_ctx {settings.num_ctx}",
        "template": "{{ .Prompt }}",
        "details": _DETAILS,
        "model_info": {
            "general.architecture": "sim",
            "general.parameter_count": 494_032_768,
            "sim.context_length": settings.context_tokens,
            "sim.embedding_length": settings.embedding_dimensions,
        },
        "capabilities": ["embedding"] if "embed" in name else ["completion", "tools"],
        "modified_at": moment(exchange.at),
    }
    return whole(200, encode(body).encode())


def delete(name: str, exchange: Exchange) -> Script:
    if not exchange.settings.lists(name):
        raise Refused(Problem(Kind.NO_MODEL, detail=name))
    return Script(200, (Frame(b""),), removes=name)


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _row(name: str, exchange: Exchange) -> Json:
    tagged = name if ":" in name else f"{name}:latest"
    modified = moment(exchange.at, -86_400)
    return {
        "name": tagged,
        "model": tagged,
        "modified_at": modified,
        "size": _SIZE,
        "digest": digest(tagged),
        "details": _DETAILS,
    }
