"""`fleet doctor`: what is inconsistent in the fleet's Redis."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...tasks.doctor import GRACE_S, Doctor, Finding
from .console import err, out
from .session import ConfigOption, JsonOption, fleet_client, run_async


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is found.")] = False,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a queued job may be without its message.")
    ] = GRACE_S,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look for jobs and messages that do not fit together: running without a lease, queued without a message …

    Ends with code 0 if nothing is wrong or all is mended, else with 1.

    Examples:

      fleet doctor

      fleet doctor --repair --json
    """
    treated = run_async(_treat(config, grace, repair=repair))
    if as_json:
        fields = ("ailment", "subject", "where")
        out.print_json(data=[{**{name: getattr(f, name) for name in fields}, "repair": done} for f, done in treated])
    else:
        _show(treated, repair=repair)
    if not all(done for _, done in treated):
        raise typer.Exit(1)


async def _treat(config: Path | None, grace_s: float, *, repair: bool) -> list[tuple[Finding, str]]:
    async with fleet_client(config) as client:
        examiner = Doctor(client.store)
        findings = await examiner.examine(grace_s=grace_s)
        return [(finding, (await examiner.repair(finding) or "already well") if repair else "") for finding in findings]


def _show(treated: Sequence[tuple[Finding, str]], *, repair: bool) -> None:
    if not treated:
        err.print("nothing is wrong")
        return
    table = Table("ailment", "job", "where", "repair", box=None, pad_edge=False)
    for finding, done in treated:
        table.add_row(finding.ailment, finding.subject, finding.where.replace("\x06\x16", " priority "), done)
    out.print(table)
    err.print(f"{len(treated)} findings" + ("" if repair else "; fleet doctor --repair mends them"))
