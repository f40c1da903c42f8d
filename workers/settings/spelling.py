"""How fields are spelled. `requests_per_minute`, `requestsPerMinute` and `requests-per-minute` are one spelling."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from .problems import Findings, did_you_mean
from .tree import Missing, Node


@dataclass(frozen=True, slots=True)
class Spelling:
    """Where a field goes, and how many of our units one of its units is. written: what to suggest in its place."""

    path: tuple[str, ...]
    scale: float = 1.0
    written: str | None = None


Table = Mapping[str, Spelling]


def folded(name: str) -> str:
    """Names that differ in case, `_` and `-` only are one."""
    return name.replace("_", "").replace("-", "").lower()


def table(fields: Iterable[str] = (), **others: str | Spelling) -> Table:
    """The spellings of some fields under their own names, and under others.

    A field that ends in `_s` holds seconds, and is also read as `…_seconds` and, in milliseconds, as `…_ms`.
    """
    spellings: dict[str, Spelling] = {}
    for field in fields:
        spellings[folded(field)] = Spelling((field,))
        if field.endswith("_s"):
            stem = folded(field.removesuffix("_s"))
            spellings[f"{stem}seconds"] = Spelling((field,))
            spellings[f"{stem}ms"] = Spelling((field,), 0.001)
    for name, target in others.items():
        found = target if isinstance(target, Spelling) else Spelling((target,))
        spellings[folded(name)] = replace(found, written=name) if len(found.path) > 1 else found
    return spellings


def respell(node: Node, spellings: Table, findings: Findings) -> Node:
    """A mapping with its fields where the table puts them; one that the table lacks is an error.

    What is no mapping stays as it is.
    """
    if not node.is_mapping:
        return node
    respelled = node.with_value({})
    taken: dict[tuple[str, ...], Node] = {}
    for name, child in node.fields.items():
        spelling = spellings.get(folded(name))
        if spelling is None:
            findings.errors.append(child.problem(f"unknown field {name!r}{_suggestion(name, spellings)}"))
            continue
        if spelling.path in taken:
            findings.errors.append(child.problem(f"says the same as {taken[spelling.path].path!r}; keep one of them"))
            continue
        taken[spelling.path] = child
        respelled = respelled.put(spelling.path, scaled(child, spelling.scale))
    return respelled


def scaled(node: Node, scale: float) -> Node:
    """A number in other units; what is no number stays, and validation says so."""
    if scale == 1.0 or isinstance(node.value, Missing | Mapping | tuple | bool) or node.value is None:
        return node
    try:
        # Twelve digits: 0.003 a thousand is 3 a million, not 3.0000000000000004.
        return node.with_value(float(f"{float(node.value) * scale:.12g}"))
    except ValueError:
        return node


def _suggestion(name: str, spellings: Table) -> str:
    """The closest known field, in the style of the unknown one."""
    fields = {spelling.written or spelling.path[0] for spelling in spellings.values()}
    camel = re.search(r"[a-z][A-Z]", name) is not None
    return did_you_mean(name, {_camel(field) for field in fields} if camel else fields)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def field_named(node: Node, name: str) -> tuple[str, Node] | None:
    """A field of a mapping however it is spelled, with its spelling."""
    return next(((key, child) for key, child in node.fields.items() if folded(key) == folded(name)), None)


def taken(node: Node, name: str) -> tuple[Node | None, Node]:
    """A field however it is spelled, and the mapping without it."""
    found = field_named(node, name)
    return (None, node) if found is None else (found[1], node.without([found[0]]))


def inside(node: Node, name: str, change: Callable[[Node], Node]) -> Node:
    """The same mapping with one field changed, if it has it."""
    child = node.get(name)
    return node if child is None else node.with_fields({name: change(child)})


def each(node: Node, change: Callable[[Node], Node]) -> Node:
    """The same mapping or list with every value changed."""
    if node.is_mapping:
        return node.with_value({name: change(child) for name, child in node.fields.items()})
    if isinstance(node.value, tuple):
        return node.with_value(tuple(change(child) for child in node.value))
    return node
