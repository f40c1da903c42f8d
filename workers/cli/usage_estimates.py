"""`fleet usage estimates`: how far our estimates of tokens were from what providers counted."""

from pathlib import Path
from typing import Annotated

import typer

from ..calibration.books import EstimateBooks
from ..calibration.report import TargetLine, report
from .console import err, out, whole
from .estimate_table import estimate_fields, estimate_table
from .session import ConfigOption, JsonOption, fleet_client, run_async


def estimates(
    prompts: Annotated[
        bool, typer.Option("--prompts", help="A row for each shape of prompts, with its factor of now.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how far estimates of prompts' tokens were from what providers counted, for each target.

    Limits and budgets are reserved by estimates. "before" is by the text alone; "after" is what was used, multiplied by
    what the model counted of the calls before. Errors are shares of the count: their mean, what half and 95% of the
    calls do not exceed, and the bias, which is below 0 where estimates are too low. Where no limit needs estimates, one
    call in 16 is measured.

    Examples:

      fleet usage estimates

      fleet usage estimates --prompts --json
    """
    lines = run_async(_report(config))
    if as_json:
        out.print_json(data=estimate_fields(lines))
    elif lines:
        whole.print(estimate_table(lines, shapes=prompts))
    else:
        err.print("no provider has counted the tokens of a call yet")


async def _report(config: Path | None) -> list[TargetLine]:
    async with fleet_client(config) as client:
        books = EstimateBooks(client.redis, namespace=client.store.namespace)
        return report(await books.accuracy(), await books.calibrations())
