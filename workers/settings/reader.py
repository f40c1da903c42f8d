"""YAML (and JSON, which is YAML) as a tree that knows its lines. What is no YAML is one error with line and column.

Built on PyYAML's node graph instead of its objects: those forget the lines and let the last of two equal keys win.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from .problems import Problem, SettingsError
from .tree import Node, Scalar, below

#: A configuration of this many values is a mistake, or a file of aliases that multiply.
MAX_VALUES = 100_000

_TAG = "tag:yaml.org,2002:"
_TYPED = {f"{_TAG}{name}" for name in ("int", "float", "bool", "null")}


def read_file(path: Path) -> Node:
    """The tree of a file. Raises SettingsError if it can't be read or is no YAML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _refused(path, "there is no such file") from None
    except UnicodeDecodeError as broken:
        line = broken.object.count(b"\n", 0, broken.start) + 1
        raise SettingsError([Problem("not UTF-8 text", line=line)], path) from None
    except OSError as failed:
        raise _refused(path, f"can't be read: {failed.strerror or failed}") from None
    # JSON may be indented with tabs, YAML may not; a tab inside a JSON string is not valid anyway.
    return read_text(text.replace("\t", " ") if path.suffix == ".json" else text, path)


def read_text(text: str, source: Path | str) -> Node:
    """The tree of a text; an empty one is an empty mapping."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as broken:
        raise SettingsError([_syntax(broken)], source) from None
    except yaml.reader.ReaderError as broken:
        line = text.count("\n", 0, broken.position) + 1
        raise SettingsError([Problem("not valid YAML: it holds a control character", line=line)], source) from None
    except RecursionError:
        raise _refused(source, "nested too deeply") from None
    if root is None:
        return Node({}, line=1)
    tree = _Walk(source)
    node = tree.node(root, line=root.start_mark.line + 1, path="")
    if tree.problems:
        raise SettingsError(tree.problems, source)
    if not node.is_mapping:
        raise SettingsError([Problem("must be a mapping of fields, such as `providers:`", line=node.line)], source)
    return node


def _refused(source: Path | str, why: str) -> SettingsError:
    return SettingsError([Problem(why)], source)


def _syntax(broken: yaml.MarkedYAMLError) -> Problem:
    mark = broken.problem_mark or broken.context_mark
    what = broken.problem or broken.context or "it can't be parsed"
    fix = "; indent with spaces, not tabs" if "'\\t'" in what else ""
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return Problem(f"not valid YAML: {what}{fix}", line=line, column=column)


class _Walk:
    """One walk over the graph of a document."""

    def __init__(self, source: Path | str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._values = 0

    def node(self, raw: yaml.Node, *, line: int, path: str) -> Node:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _refused(self.source, f"holds more than {MAX_VALUES} values")
        if id(raw) in self._open:
            raise SettingsError([Problem("an alias refers to itself", field=path, line=line)], self.source)
        if isinstance(raw, yaml.ScalarNode):
            return Node(_scalar(raw), line=line, path=path)
        self._open.add(id(raw))
        try:
            if isinstance(raw, yaml.SequenceNode):
                return Node(self._sequence(raw, path), line=line, path=path)
            assert isinstance(raw, yaml.MappingNode)
            return Node(self._mapping(raw, path), line=line, path=path)
        finally:
            self._open.discard(id(raw))

    def _sequence(self, raw: yaml.SequenceNode, path: str) -> tuple[Node, ...]:
        items: list[yaml.Node] = raw.value
        return tuple(
            self.node(item, line=item.start_mark.line + 1, path=f"{path}[{index}]") for index, item in enumerate(items)
        )

    def _mapping(self, raw: yaml.MappingNode, path: str) -> Mapping[str, Node]:
        own: dict[str, Node] = {}
        inherited: dict[str, Node] = {}
        pairs: list[tuple[yaml.Node, yaml.Node]] = raw.value
        for key, value in pairs:
            line = key.start_mark.line + 1
            if key.tag == f"{_TAG}merge":
                inherited = {**inherited, **self._merged(value, line, path)}
                continue
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(Problem("a field's name must be text", field=path or None, line=line))
                continue
            name: str = key.value
            here = below(path, name)
            if name in own:
                first = f" (first in line {own[name].line})"
                self.problems.append(Problem(f"the field {name!r} stands here twice{first}", field=here, line=line))
            own[name] = self.node(value, line=line, path=here)
        return {**inherited, **own}

    def _merged(self, value: yaml.Node, line: int, path: str) -> dict[str, Node]:
        """What `<<: *anchor` brings in; of several anchors the first wins, as YAML has it."""
        sources: list[yaml.Node] = value.value if isinstance(value, yaml.SequenceNode) else [value]
        fields: dict[str, Node] = {}
        for source in reversed(sources):
            fields.update(self.node(source, line=line, path=path).fields)
        return fields


def _scalar(raw: yaml.ScalarNode) -> Scalar:
    """Numbers, truth values and null as such; everything else, dates too, is the text as it stands."""
    text: str = raw.value
    if raw.tag not in _TYPED:
        return text
    try:
        value: Scalar = yaml.constructor.SafeConstructor().construct_object(raw)
    except (ValueError, KeyError):  # `!!int twelve`; what expects a number will say so, and where
        return text
    return value
