"""Every public function below a path, as a subject for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .context import context
from .files import python_files
from .module_names import ModuleNames
from .public import public_functions
from .sources import Source, Sources, Unreadable, first_line
from .subject import Skipped, Subject

#: Tokens of context for one function, unless the caller says otherwise.
CONTEXT_TOKENS: Final = 1500


def subjects(path: Path, *, context_tokens: int = CONTEXT_TOKENS) -> Iterator[Subject | Skipped]:
    """The subjects of a file or folder, in the order of files and lines, and the files that could not be read.

    Raises InvalidRequest if the path leads to no Python.
    """
    sources = Sources(ModuleNames(path))
    for file in python_files(path):
        try:
            source = sources.read(file)
        except Unreadable as unreadable:
            yield Skipped(file, str(unreadable))
            continue
        if not source.generated:
            yield from _subjects_of(source, sources, context_tokens)


def _subjects_of(source: Source, sources: Sources, context_tokens: int) -> Iterator[Subject]:
    for function in public_functions(source.tree):
        yield Subject(
            module=source.module,
            qualname=function.qualname,
            source="\n\n".join(source.text_of(node) for node in function.nodes),
            context=context(function, source, sources, tokens=context_tokens),
            path=source.path,
            line=first_line(function.nodes[0]),
        )
