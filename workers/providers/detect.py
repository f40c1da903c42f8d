"""Finding the model servers of this machine: all their usual ports at once, in less than a tenth of a second.

Where nobody listens, the system says so at once. Whoever has taken the connection is given longer to say what it is:
on a busy machine it is there all the same, and it may be ourselves who were late to hear it.

All of these servers but ruvLLM answer `GET /v1/models` with a listing. Who it is, its listing tells, or else the paths
that only it has.
"""

import asyncio
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from ...routing.failure import Failure
from .dialect import Call, Reply
from .dialects import DIALECTS
from .endpoint import AttemptFailed, Endpoint
from .http_client import http_client
from .inspection import within
from .json_fields import mapping, mappings, parse, text
from .offline import is_near
from .ollama.host import ollama_url
from .rows import ROWS
from .ruvllm.dialect import ANY_MODEL
from .wire import Wire

#: Refused connections come back at once; a host that takes longer than this to take one is not worth waiting for.
CONNECT_S = 0.08
#: What has taken the connection answers within milliseconds on a machine with nothing else to do.
ANSWER_S = 2.0

_TYPES = ("ollama", "vllm", "lmstudio", "localai", "llamacpp", "ruvllm")
#: Who a listing names as the owner of its models.
_OWNERS = {"vllm": "vllm", "llamacpp": "llamacpp"}
#: Where a listing says nothing: the path that only this server has.
_SIGNS = {"ollama": "/api/tags", "lmstudio": "/api/v0/models", "localai": "/readyz", "ruvllm": "/stats"}
#: What only ruvLLM counts; that a server is healthy, many say.
_RUVLLM_COUNTS = "router_updates"


@dataclass(frozen=True, slots=True)
class Detected:
    """One server. type: its row. models: that run on it; empty also if the server wants a key before it lists them."""

    type: str
    base_url: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    servers: tuple[Detected, ...]
    elapsed_s: float


async def detect(
    environ: Mapping[str, str], *, answer_s: float = ANSWER_S, places: Mapping[str, Sequence[str]] | None = None
) -> Detection:
    """The servers that run here, in the order of their rows. environ: `OLLAMA_HOST` is looked up in it, and whether
    nothing but this machine may be asked.

    answer_s: for those who listen. places: base URL -> the types that usually are there; the default is the ports of
    the rows.
    """
    began = time.monotonic()
    places = usual_places(environ) if places is None else places
    listening = await asyncio.gather(*(_listens(url) for url in places))
    there = {url: places[url] for url, is_there in zip(places, listening, strict=True) if is_there}
    found = await _among(there, time.monotonic() + answer_s)
    order = list(ROWS)
    return Detection(tuple(sorted(found, key=lambda server: order.index(server.type))), time.monotonic() - began)


async def _listens(url: str) -> bool:
    """Whether somebody takes connections there. Mostly nobody does, and a client costs more than this."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    knocking = asyncio.to_thread(_knock, parts.hostname or "", port)
    if is_near(parts.hostname or "", frozenset()):
        return await knocking
    try:
        # Its name may have to be looked up, which nothing else ends.
        async with asyncio.timeout(CONNECT_S):
            return await knocking
    except TimeoutError:
        return False


def _knock(host: str, port: int) -> bool:
    """In a thread: a connection that stands is seen there however late we look, where a loop's timer would win."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_S).close()
    except OSError:
        return False
    return True


async def _among(places: Mapping[str, Sequence[str]], until: float) -> list[Detected]:
    if not places:
        return []
    async with http_client(verify=any(url.startswith("https") for url in places)) as client:
        probes = (_probe(client, url, types, until) for url, types in places.items())
        return [server for server in await asyncio.gather(*probes) if server is not None]


def usual_places(environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Base URL -> the types that usually are there."""
    places: dict[str, list[str]] = {}
    for name in _TYPES:
        host = _ollamas_host(environ) if name == "ollama" else None
        url = ollama_url(host) if host else ROWS[name].base_url
        assert url is not None, "every local row has a base URL"
        places.setdefault(url, []).append(name)
    return places


def _ollamas_host(environ: Mapping[str, str]) -> str | None:
    said = environ.get("OLLAMA_HOST")
    away = said and not is_near(urlsplit(ollama_url(said)).hostname or "", frozenset())
    return None if away and environ.get("FLEET_MODE") == "offline" else said


async def _probe(client: httpx2.AsyncClient, url: str, types: Sequence[str], until: float) -> Detected | None:
    wire = Wire(client)
    listing = await _get(wire, url, "/v1/models", until)
    if listing is None:
        return None
    owner = _owner(listing)
    if owner is not None:
        return Detected(owner, url, _models(owner, listing) or ())
    replies = await asyncio.gather(*(_get(wire, url, path, until) for path in _SIGNS.values()))
    return _recognised(url, types, listing, dict(zip(_SIGNS, replies, strict=True)))


def _recognised(url: str, types: Sequence[str], listing: Reply, signs: Mapping[str, Reply | None]) -> Detected | None:
    """Who answered. Where a sign did not come in time, it is who usually is there."""
    for name in ("ollama", "lmstudio"):
        reply = signs[name]
        own = None if reply is None else _models(name, reply)
        if own is not None:
            return Detected(name, url, own)
    stats = signs["ruvllm"]
    if stats is not None and stats.status == 200 and _RUVLLM_COUNTS in mapping(parse(stats.body)):
        return Detected("ruvllm", url, (ANY_MODEL,))
    models = _models("openai_compatible", listing)
    if models is None:
        wants_key = listing.status == 401 and mapping(parse(listing.body)).get("error") == "Unauthorized"
        return Detected("vllm", url) if wants_key else None
    ready = signs["localai"]
    if ready is not None and ready.status == 200:
        return Detected("localai", url, models)
    return Detected(types[0] if None in signs.values() else "openai_compatible", url, models)


def _owner(listing: Reply) -> str | None:
    """The type that the listing itself names."""
    if listing.headers.get("server") == "llama.cpp":
        return "llamacpp"
    owners = (text(entry.get("owned_by")) for entry in mappings(mapping(parse(listing.body)).get("data")))
    return next((_OWNERS[owner] for owner in owners if owner in _OWNERS), None)


def _models(name: str, reply: Reply) -> tuple[str, ...] | None:
    """The names of the models that run there, if the reply is a listing in the words of that type."""
    row = ROWS[name]
    models = DIALECTS[row.dialect].models(row, reply) if reply.status == 200 else None
    if models is None or isinstance(models, Failure):
        return None
    return tuple(model.name for model in models if model.local or row.tier == "hosted")


async def _get(wire: Wire, url: str, path: str, until: float) -> Reply | None:
    """The reply, whatever its status; None if there is none in time."""
    left_s = until - time.monotonic()
    if left_s <= 0:
        return None
    try:
        return await wire.fetch(Endpoint("", "openai_compatible", url), Call("GET", path), within(left_s))
    except AttemptFailed:
        return None
