"""What a function needs around it to be understood, the nearest first, within a number of tokens."""

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...routing.tokens import estimate_tokens
from .outline import outline, signature
from .public import Function, PublicFunction
from .references import Definition, Imported, referred
from .sources import Source, Sources

#: Steps from the function: what it refers to is 1, what that refers to is 2.
_DEPTH: Final = 2

#: Imports that lead through this many modules are followed to where a name is defined.
_REEXPORTS: Final = 5

#: Tokens up to which a definition is shown in full rather than in outline.
_WHOLE: Final = 250


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition that is referred to, and the module that holds it."""

    source: Source
    name: str
    definition: Definition
    depth: int


def context(function: PublicFunction, source: Source, sources: Sources, *, tokens: int) -> str:
    """Definitions that the function rests on, as Python, under a comment for each module they come from."""
    pieces: dict[str, list[str]] = {source.module: [f"# {source.module}"]}
    left = tokens
    for module, versions in _pieces(function, source, sources):
        known = pieces.setdefault(module, [f"# {module}"])
        for text in versions:
            size = estimate_tokens(text if len(known) > 1 else f"{known[0]}\n{text}")
            if size <= left:
                known.append(text)
                left -= size
                break
    return "\n\n".join("\n\n".join(texts) for texts in pieces.values() if len(texts) > 1)


def _pieces(function: PublicFunction, source: Source, sources: Sources) -> Iterator[tuple[str, list[str]]]:
    """(module, versions from full to short) of everything that matters, the most important first."""
    queue = deque(_referred_to(function.nodes, source, sources, depth=1))
    imports = sorted({found.definition.statement for found in queue if isinstance(found.definition, Imported)})
    if imports:
        yield source.module, ["\n".join(imports)]
    shown = {(source.path, function.qualname)}
    for owner in function.owners[-1:]:
        shown.add((source.path, owner.name))
        yield source.module, _owner_versions(source, owner, function)
        queue.extend(_referred_to(_interface(owner), source, sources, depth=2))
    while queue:
        found = queue.popleft()
        if isinstance(found.definition, Imported) or (found.source.path, found.name) in shown:
            continue
        shown.add((found.source.path, found.name))
        yield found.source.module, _versions(found.source, found.definition)
        if found.depth < _DEPTH:
            queue.extend(_referred_to(_interface(found.definition), found.source, sources, depth=found.depth + 1))


def _referred_to(nodes: Sequence[ast.AST], source: Source, sources: Sources, *, depth: int) -> list[_Found]:
    found: list[_Found] = []
    for reference in referred(nodes):
        name, _, attribute = reference.partition(".")
        if (definition := source.defined.get(name)) is not None:
            found.append(_resolved(_Found(source, name, definition, depth), attribute, sources))
    return found


def _resolved(found: _Found, attribute: str, sources: Sources) -> _Found:
    """Follow imports within the package to the definition; an import from elsewhere stays what it is."""
    at = found
    for _ in range(_REEXPORTS):
        brought = at.definition
        if not isinstance(brought, Imported):
            return at
        inside = f"{brought.module}.{brought.name}".strip(".") if brought.name else brought.module
        module, wanted = sources.imported(at.source, brought.level, inside), attribute
        if module is None and brought.name is not None:
            module, wanted = sources.imported(at.source, brought.level, brought.module), brought.name
        definition = module.defined.get(wanted) if module is not None else None
        if module is None or definition is None:
            return found
        at = _Found(module, wanted, definition, found.depth)
    return found


def _owner_versions(source: Source, owner: ast.ClassDef, function: PublicFunction) -> list[str]:
    """The class of a method: whole in outline, or what the method itself uses of it."""
    used = {reference.partition(".")[2] for reference in referred(function.nodes)}
    return [
        outline(source, owner, construction=True),
        outline(source, owner, methods=used, construction=True),
        outline(source, owner, methods=used),
    ]


def _versions(source: Source, definition: Function | ast.ClassDef | ast.Assign | ast.AnnAssign) -> list[str]:
    whole = source.text_of(definition)
    if isinstance(definition, ast.Assign | ast.AnnAssign):
        return [whole, _first_lines(whole)]
    short = signature(definition) if isinstance(definition, Function) else outline(source, definition)
    return [whole, short] if estimate_tokens(whole) <= _WHOLE else [short]


def _first_lines(text: str, lines: int = 4) -> str:
    shown = text.splitlines()
    return "\n".join([*shown[:lines], f"    # … {len(shown) - lines} more lines"]) if len(shown) > lines else text


def _interface(definition: Definition) -> list[ast.AST]:
    """The parts of a definition whose names a caller needs: signatures, bases and fields, not bodies."""
    if isinstance(definition, Function):
        returns = [definition.returns] if definition.returns else []
        return [definition.args, *returns]
    if isinstance(definition, ast.ClassDef):
        fields = [node for node in definition.body if not isinstance(node, Function | ast.ClassDef)]
        construction = [node.args for node in definition.body if isinstance(node, Function) and node.name == "__init__"]
        return [*definition.bases, *fields, *construction]
    return [] if isinstance(definition, Imported) else [definition]
