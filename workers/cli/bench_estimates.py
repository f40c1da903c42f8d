"""`fleet bench estimates`: how far estimates of tokens are from what providers counted."""

from pathlib import Path
from typing import Annotated

import typer

from ..bench.estimates import Measured, measure_estimates
from .console import out, whole
from .estimate_table import accuracy_fields, estimate_fields, estimate_table
from .exchange_file import exchanges_in
from .session import JsonOption


def estimates(
    file: Annotated[Path, typer.Argument(help="Recorded exchanges, one JSON object a line; - is standard input.")],
    prompts: Annotated[bool, typer.Option("--prompts", help="A row for each shape of prompts.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how far estimates of prompts' tokens are from what providers counted in recorded exchanges.

    "before" is by the text alone; "after" is as if the fleet had seen all the other exchanges before. Lines are as
    those of `fleet providers decode`; `fleet usage estimates` has the same of your own fleet. Nothing is sent.

    Examples:

      fleet bench estimates exchanges.jsonl

      fleet bench estimates exchanges.jsonl --prompts --json
    """
    found = measure_estimates(exchanges_in(file))
    if as_json:
        known = {"learned": accuracy_fields(found.known), "left_out": found.left_out}
        out.print_json(data=estimate_fields(found.lines) | known)
    else:
        _show(found, prompts=prompts)


def _show(found: Measured, *, prompts: bool) -> None:
    whole.print(estimate_table(found.lines, shapes=prompts))
    known = found.known
    if (before := known.before.mean) is not None and (after := known.after.mean) is not None:
        out.print(
            f"\n{known.before.calls} calls have enough others like them to learn from: off by {before:.0%} on average "
            f"before, {after:.0%} after."
        )
    out.print(f"{found.left_out} calls were left out: they have no count, or pictures or files.")
