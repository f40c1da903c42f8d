"""Where the command line prints: results to standard output, everything else to standard error."""

from rich.console import Console
from rich.markup import escape

from ..redaction import Redactor

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def error(message: str) -> None:
    """Say why a command failed. The message may quote a server's words, and so a key."""
    err.print(f"[bold red]error:[/] {escape(Redactor().text(message))}", markup=True)
