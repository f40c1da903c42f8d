"""Where the command line prints: results to standard output, everything else to standard error."""

import os
import shutil
import sys
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from ..redaction import Redactor

#: Wide enough for any table: what goes to a file or a program is never cut to fit a screen.
_NO_SCREEN = 1000


def width_of(stream: TextIO, columns: str) -> int | None:
    """Characters a line; None is for Rich to find out, also when a window changes.

    columns: `COLUMNS` of the environment, "" if not there. What runs programs without a screen sets it to 0, in which
    Rich would show nothing at all.
    """
    if columns.isdigit() and int(columns) > 0:
        return None
    if not stream.isatty():
        return _NO_SCREEN
    return shutil.get_terminal_size().columns if columns else None


def _console(stream: TextIO, *, width: int | None = None) -> Console:
    """Without emoji, which would take the name from `ollama/glm-4.6:cloud: it is not there`."""
    width = width or width_of(stream, os.environ.get("COLUMNS", ""))
    return Console(stderr=stream is sys.stderr, highlight=False, soft_wrap=True, emoji=False, width=width)


out = _console(sys.stdout)
#: As `out`, for tables of which no line may be cut or folded: wider than the terminal if need be.
whole = _console(sys.stdout, width=_NO_SCREEN)
err = _console(sys.stderr)


def error(message: str) -> None:
    """Say why a command failed. The message may quote a server's words, and so a key."""
    err.print(f"[bold red]error:[/] {escape(Redactor().text(message))}", markup=True)
