"""`make sdks`: read recorded exchanges with the providers' own SDKs and with the fleet, and compare.

The SDKs get the same bytes, from a server on the loopback. What they read is kept in `expected.jsonl` with `--store`.
"""

import json
import sys
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from workfleet.workers.cli.provider_decode import fields_of
from workfleet.workers.providers.exchange import Exchange

from . import of_anthropic, of_cohere, of_google, of_openai
from .differences import differences
from .expected import FILE, stored, summary
from .reading import Asked, Reading
from .replay import Replay, served

SDKS = ("anthropic", "cohere", "google.genai", "groq", "openai")
RECORDED = Path(__file__).parents[3] / "shared" / "recordings" / "exchanges.jsonl"

_READERS = {"anthropic": of_anthropic.read, "cohere": of_cohere.read, "google": of_google.read}


def compare(
    file: Annotated[Path, typer.Argument(help="Recorded exchanges, one JSON object a line.")] = RECORDED,
    store: Annotated[bool, typer.Option("--store", help="Keep what the SDKs read as what is expected.")] = False,
) -> None:
    """Ends with code 0 if there is no difference, else with 1."""
    lacking = [name for name in SDKS if not _is_there(name)]
    if lacking:
        sys.exit(f"not installed: {', '.join(lacking)}; `make sdks` installs them")
    exchanges = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    read = _read_all(exchanges)
    if store:
        lines = [json.dumps({"name": name, **fields}, ensure_ascii=False) for name, fields in read.items()]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = _differences(exchanges, read)
    for line in found:
        typer.echo(line)
    typer.echo(f"{len(exchanges)} exchanges read by the providers' own SDKs, {len(found)} differences")
    raise typer.Exit(1 if found else 0)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _read_all(exchanges: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    replay = Replay()
    read: dict[str, dict[str, Any]] = {}
    with served(replay) as url, warnings.catch_warnings():
        # OpenAI's SDK warns of what other providers send where it expects text.
        warnings.simplefilter("ignore")
        for exchange in exchanges:
            replay.play(exchange)
            read[exchange["name"]] = summary(_read(Asked.of(exchange), url))
    return read


def _read(asked: Asked, url: str) -> Reading:
    return _READERS.get(asked.provider, of_openai.read)(asked, url)


def _differences(exchanges: list[dict[str, Any]], read: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Also of what is kept, for those exchanges of which something is."""
    kept, found = stored() if FILE.exists() else {}, list[str]()
    for exchange in exchanges:
        name = exchange["name"]
        found += [f"{name}: {each}" for each in differences(fields_of(Exchange.of(exchange)), read[name])]
        if name in kept and kept[name] != json.loads(json.dumps(read[name])):
            found.append(f"{name}: {FILE.name} holds another reading of the SDK; `--store` brings it up to date")
    return found


if __name__ == "__main__":
    typer.run(compare)
