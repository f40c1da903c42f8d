"""`fleet stream`, and what `fleet submit --stream` prints."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...tasks.client import AsyncClient
from ...tasks.errors import JobFailed
from ...tasks.stream import Piece, PieceKind
from .console import err
from .session import ConfigOption, JsonOption, fleet_client, run_async


def stream(
    job: Annotated[str, typer.Argument(help="The id of a job handed in with --stream.", show_default=False)],
    after: Annotated[str, typer.Option("--from", help="Offset of the last piece that was seen.")] = "0",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a job's answer while it is made, from its beginning or from an offset.

    With --json each piece is a line with its offset; `--from` that offset goes on after it.

    Examples:

      fleet submit "Explain GCRA" --stream

      fleet stream 3q5w2l7kzbh4dgm6yxv5n2cdae --json
    """
    run_async(_stream(job, after, as_json, config))


async def _stream(job: str, after: str, as_json: bool, config: Path | None) -> None:
    async with fleet_client(config, wait_for_redis_s=60) as client:
        await show_stream(client, job, after=after, as_json=as_json)


async def show_stream(client: AsyncClient, job_id: str, *, after: str, as_json: bool) -> None:
    """Print the pieces as they come; raises JobFailed if the job ended without an answer."""
    said = False
    async for piece in client.stream(job_id, after=after):
        said = said or piece.kind is PieceKind.TEXT
        _print(piece, as_json=as_json)
    outcome = await client.wait(job_id)
    if outcome.answer is None:
        raise JobFailed(f"job {job_id} {outcome.state}: {outcome.error}")
    if not as_json:
        sys.stdout.write("\n" if said else outcome.answer.text + "\n")


def _print(piece: Piece, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(piece), ensure_ascii=False) + "\n")
    elif piece.kind is PieceKind.TEXT:
        sys.stdout.write(piece.text)
    elif piece.kind is PieceKind.RESET:
        err.print("\n[yellow]another attempt begins; what stands above is void[/]")
    sys.stdout.flush()
