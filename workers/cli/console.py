"""Where the command line prints: results to standard output, everything else to standard error."""

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from ..redaction import Redactor

#: Wide enough for any table: what goes to a file or a program is never cut to fit a screen.
_NO_SCREEN = 1000


def _width(stream: TextIO) -> int | None:
    return None if stream.isatty() or "COLUMNS" in os.environ else _NO_SCREEN


out = Console(highlight=False, soft_wrap=True, width=_width(sys.stdout))
#: As `out`, for tables of which no line may be cut or folded: wider than the terminal if need be.
whole = Console(highlight=False, soft_wrap=True, width=_NO_SCREEN)
err = Console(stderr=True, highlight=False, soft_wrap=True, width=_width(sys.stderr))


def error(message: str) -> None:
    """Say why a command failed. The message may quote a server's words, and so a key."""
    err.print(f"[bold red]error:[/] {escape(Redactor().text(message))}", markup=True)
