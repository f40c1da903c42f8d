"""Where a provider's API key comes from. It is looked up once, at the start, and is text to nobody but the sender."""

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from .context import Context
from .environment import Environment, read_secret
from .kinds import Kind
from .problems import Findings
from .provider import KeySource
from .tree import Missing, Node

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

KEY_FIELDS = ("api_key", "api_key_env", "api_key_file")

#: What documents write where a key belongs.
_PLACEHOLDERS = frozenset({"your_key", "your_api_key", "your-key", "your-api-key", "changeme", "xxx"})


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its source; both None if the provider has none. file: what it was read from, if from a file.

    absent: what to set, if one is needed and lacking. refused: what is said of it is an error already.
    """

    key: SecretStr | None = None
    source: KeySource | None = None
    file: Path | None = None
    absent: str | None = None
    refused: bool = False


def credential(node: Node, kind: Kind, context: Context) -> Credential:
    """The key that a provider's fields name, else the first of its type's variables that is set."""
    said = [name for name in KEY_FIELDS if node.get(name) is not None]
    if len(said) > 1:
        context.findings.errors.append(node.fields[said[1]].problem(f"{said[0]} says it already; keep one of them"))
    found = _said(said[0], node.fields[said[0]], kind, context) if said else _of_type(kind, context)
    return _checked(found, node.fields[said[0]] if said else node, context.findings)


def _of_type(kind: Kind, context: Context) -> Credential:
    return _from_variables(kind.key_variables, context.environment) if kind.key_variables else Credential()


def _said(field: str, node: Node, kind: Kind, context: Context) -> Credential:
    if not isinstance(node.value, str | int | Missing | None) or isinstance(node.value, bool):
        context.findings.errors.append(node.problem("must be text"))
        return Credential(refused=True)
    if field == "api_key_env":
        if not _VARIABLE.fullmatch(str(node.value)):
            # Not shown: where a variable's name belongs, people have put the key itself.
            context.findings.errors.append(node.problem("must be the name of a variable, such as GROQ_API_KEY"))
            return Credential(refused=True)
        return _from_variables(_and_equals(str(node.value), kind), context.environment)
    if field == "api_key_file":
        return _from_file(node, context.folder)
    if isinstance(node.value, Missing):
        return _from_variables(_and_equals(node.value.names[0], kind), context.environment)
    if node.variables:
        name = node.variables[0]
        return _held(str(node.value), KeySource(kind="variable", name=name), _file_of(name, context.environment))
    if node.value in (None, ""):
        return Credential()
    variable = kind.key_variables[0] if kind.key_variables else "A_VARIABLE"
    advice = f"the key stands in the file; better ${{{variable}}} and the environment"
    context.findings.warnings.append(node.problem(advice))
    return _held(str(node.value), KeySource(kind="literal"))


def _and_equals(name: str, kind: Kind) -> tuple[str, ...]:
    """The variable that is named, and those that serve as well if it is one of the type's own."""
    others = kind.key_variables if name in kind.key_variables else ()
    return (name, *(other for other in others if other != name))


def _from_variables(names: tuple[str, ...], environment: Environment) -> Credential:
    for name in names:
        value = environment.get(name)
        if value is not None:
            return _held(value, KeySource(kind="variable", name=name), _file_of(name, environment))
    files = [f"{name}_FILE" for name in names if f"{name}_FILE" in environment.variables]
    unread = [f"{file} names a file that can't be read" for file in files]
    return Credential(absent="; ".join([f"set {' or '.join(names)}", *unread]))


def _from_file(node: Node, folder: Path) -> Credential:
    name = str(node.value)
    value = read_secret(folder / name)
    if value is None:
        return Credential(absent=f"{name} can't be read, or is empty")
    return _held(value, KeySource(kind="file", name=name), folder / name)


def _file_of(variable: str, environment: Environment) -> Path | None:
    """The file that the variable's twin names, if it is what counts."""
    return None if environment.variables.get(variable) else environment.path(f"{variable}_FILE")


def _held(value: str, source: KeySource, file: Path | None = None) -> Credential:
    return Credential(SecretStr(value.strip()), source, file) if value.strip() else Credential()


def _checked(found: Credential, node: Node, findings: Findings) -> Credential:
    value = found.key.get_secret_value() if found.key else ""
    if not value.isascii() or not value.isprintable() or " " in value:
        findings.errors.append(node.problem("the key holds a blank, a line break or a character that no header takes"))
    if value.lower() in _PLACEHOLDERS:
        findings.warnings.append(node.problem(f"{value!r} looks like a placeholder, not a key"))
    return found
