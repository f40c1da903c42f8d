"""Fetching a model: a line for each step, several layers, each with its progress."""

from collections.abc import Iterator

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script
from ..dialect import Pull, encode
from .models import digest
from .writing import NDJSON

#: Bytes of the layers: weights, template, licence, parameters.
_LAYERS = (397_807_936, 68, 11_357, 487)

#: Shares of the first layer that are told; the small ones come at once.
_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)

_FAILED = {"error": "pull model manifest: file does not exist"}


def pull(name: str, stream: bool, exchange: Exchange, form: Pull) -> Script:
    """Takes the seconds that loading a model takes."""
    if not stream:
        if form is Pull.ERROR:
            raise Refused(Problem(Kind.STATUS, status=500, detail=_FAILED["error"]))
        return Script(200, (Frame(b'{"status":"success"}', exchange.settings.load_s),), adds=name)
    present = form is Pull.PRESENT or exchange.settings.lists(name)
    lines = list(_lines(name, Pull.PRESENT if present and form is Pull.PLAIN else form))
    pause_s = exchange.settings.load_s / len(lines)
    frames = tuple(
        Frame(encode(line).encode() + b"\n", pause_s * number, Part.ERROR if "error" in line else Part.TEXT)
        for number, line in enumerate(lines, 1)
    )
    return Script(200, frames, content_type=NDJSON, stream=True, adds="" if form is Pull.ERROR else name)


def _lines(name: str, form: Pull) -> Iterator[Json]:
    yield {"status": "pulling manifest"}
    for number, total in enumerate(_LAYERS):
        layer = digest(f"{name} {number}")
        head: Json = {"status": f"pulling {layer[:12]}", "digest": f"sha256:{layer}", "total": total}
        if form is Pull.PRESENT:
            yield {**head, "completed": total}
            continue
        yield head
        yield from _progress(head, total, form if number == 0 else Pull.PLAIN)
        if form is Pull.ERROR:
            yield _FAILED
            return
    for status in ("verifying sha256 digest", "writing manifest", "removing any unused layers", "success"):
        yield {"status": status}


def _progress(head: Json, total: int, form: Pull) -> Iterator[Json]:
    steps: tuple[float, ...] = _STEPS if total > 1_000_000 else (1.0,)
    if form is Pull.ERROR:
        steps = steps[:2]
    if form is Pull.RESTART:
        steps = (*steps[:3], *steps)
    for share in steps:
        # As Go's omitempty has it, a zero disappears.
        yield {**head, "completed": round(total * share)} if share else head
