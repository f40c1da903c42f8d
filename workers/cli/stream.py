"""`fleet stream`, and what `fleet submit --stream` prints."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...tasks.client import AsyncClient
from ...tasks.errors import FleetError
from ...tasks.stream import Piece, PieceKind
from .answer_view import may_be_left, print_answer, print_what_is_no_text
from .console import err
from .session import ConfigOption, JsonOption, fleet_client, run_async


def stream(
    job: Annotated[str, typer.Argument(help="The id of a job handed in with --stream.", show_default=False)],
    after: Annotated[str, typer.Option("--from", help="Offset of the last piece that was seen.")] = "0",
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0, help="Seconds to wait at most.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a job's answer while it is made, from its beginning or from an offset.

    With --json each piece is a line with its offset; `--from` that offset goes on after it.

    Examples:

      fleet submit "Explain GCRA" --stream

      fleet stream 3q5w2l7kzbh4dgm6yxv5n2cdae --json
    """
    run_async(_stream(job, after, timeout, as_json, config))


async def _stream(job: str, after: str, timeout_s: float | None, as_json: bool, config: Path | None) -> None:
    async with fleet_client(config, patient=True, timeout_s=timeout_s) as client:
        await show_stream(client, job, after=after, as_json=as_json, timeout_s=timeout_s)


async def show_stream(
    client: AsyncClient, job_id: str, *, after: str, as_json: bool, timeout_s: float | None = None
) -> None:
    """Print the pieces as they come. Raises JobFailed if the job ended without an answer, typer.Exit if it has not
    ended within `timeout_s`.
    """
    try:
        with may_be_left(job_id, "stream"):
            async with asyncio.timeout(timeout_s):
                await _follow(client, job_id, after=after, as_json=as_json)
    except TimeoutError:
        job = await client.job(job_id)
        err.print(f"job {job_id} is {job.state} in {job.queue}; `fleet stream {job_id}` goes on with it")
        raise typer.Exit(5) from None


async def _follow(client: AsyncClient, job_id: str, *, after: str, as_json: bool) -> None:
    heard = ""
    try:
        async for piece in client.stream(job_id, after=after):
            heard = "" if piece.kind is PieceKind.RESET else heard + _text(piece)
            _print(piece, as_json=as_json)
        answer = (await client.wait(job_id)).unwrap()
    except (asyncio.CancelledError, FleetError):
        # What is said of it stands in a line of its own.
        sys.stdout.write("\n" if heard and not as_json else "")
        raise
    if as_json:
        return
    if after != "0" or (heard and heard == answer.text):
        sys.stdout.write("\n")
        print_what_is_no_text(answer)
        return
    # Nobody is told less than the answer: it may have come in one piece, or Redis could not take all of them.
    if heard:
        err.print("\n[yellow]pieces are missing above; this is the whole answer[/]")
    print_answer(answer)


def _text(piece: Piece) -> str:
    return piece.text if piece.kind is PieceKind.TEXT else ""


def _print(piece: Piece, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(piece), ensure_ascii=False) + "\n")
    elif piece.kind is PieceKind.TEXT:
        sys.stdout.write(piece.text)
    elif piece.kind is PieceKind.RESET:
        err.print("\n[yellow]another attempt begins; what stands above is void[/]")
    sys.stdout.flush()
