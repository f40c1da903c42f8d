"""Help texts as a terminal of any width shows them: it folds paragraphs, and examples stay lines."""

import inspect
from typing import Any


def reflowed(text: str) -> str:
    """A docstring with each paragraph in one line. Indented ones stay as they are, without empty lines between them."""
    summary, *rest = inspect.cleandoc(text).split("\n\n")
    told, was_kept = "", False
    for paragraph in rest:
        kept = paragraph.startswith(" ")
        above = "\n" if kept and (was_kept or told.endswith(":")) else "\n\n"
        told += above + (paragraph if kept else paragraph.replace("\n", " "))
        was_kept = kept
    # A third newline: Typer dedents all that follows the summary, but for its first line.
    return summary + (f"\n{told}" if told else "")


def reflow(command: Any) -> None:
    """The help of a command, and of all below it."""
    command.help = reflowed(command.help or "")
    for each in getattr(command, "commands", {}).values():
        reflow(each)
