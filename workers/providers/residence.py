"""Which models are in a server's memory, as it tells: asking for another one would load it, and may put one out.

Ollama's `/api/ps` lists those that are loaded, LocalAI's `/system` too; LM Studio and llama.cpp's router list all with
a state, and vLLM those that it serves, which are loaded as long as it runs.
"""

from .dialect import Call, ListedModel
from .endpoint import Endpoint
from .inspection import fetch_well, within
from .json_fields import mapping, mappings, parse, text
from .wire import Wire

#: What the list is called.
_LISTS = ("data", "models", "loaded_models")


async def is_resident(wire: Wire, endpoint: Endpoint, model: str, timeout_s: float) -> bool | None:
    """Whether a model is loaded, None if the server does not tell. Raises AttemptFailed."""
    path = endpoint.row.loaded_path
    if path is None:
        return None
    body = mapping(parse((await fetch_well(wire, endpoint, [Call("GET", path)], within(timeout_s))).body))
    entries = (entry for name in _LISTS for entry in mappings(body.get(name)))
    return any(_is_loaded(entry) and ListedModel(_name(entry)).is_called(model) for entry in entries)


def _name(entry: dict[str, object]) -> str:
    return text(entry.get("id")) or text(entry.get("name")) or text(entry.get("model"))


def _is_loaded(entry: dict[str, object]) -> bool:
    state = text(entry.get("state")) or text(mapping(entry.get("status")).get("value"))
    return state in ("", "loaded")
