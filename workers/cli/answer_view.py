"""An answer as `fleet submit --wait`, `fleet result` and `fleet stream` print it for people, and how it is left."""

import asyncio
import sys
from collections.abc import Generator
from contextlib import contextmanager

from ...tasks.answer import Answer
from .console import err


def print_answer(answer: Answer) -> None:
    """The text and the calls of tools to standard output; of vectors, that they are there."""
    if answer.text or not (answer.tool_calls or answer.embeddings):
        sys.stdout.write(answer.text + "\n")
    print_what_is_no_text(answer)


def print_what_is_no_text(answer: Answer) -> None:
    for call in answer.tool_calls:
        sys.stdout.write(f"{call.function.name}({call.function.arguments})\n")
    if vectors := answer.embeddings:
        many = "one vector" if len(vectors) == 1 else f"{len(vectors)} vectors"
        err.print(f"{many} of {len(vectors[0])} numbers; `--json` prints them", markup=False)


@contextmanager
def may_be_left(job_id: str, command: str) -> Generator[None]:
    """Say on Ctrl-C that the job goes on, and how to come back to it. command: the one that does."""
    try:
        yield
    except asyncio.CancelledError:
        how = f"`fleet {command} {job_id}` comes back to it, `fleet cancel {job_id}` ends it"
        err.print(f"\njob {job_id} goes on: {how}", markup=False)
        raise
