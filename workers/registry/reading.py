"""Reads the shipped registry and the user's own, field by field over it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..settings.complaints import validated
from ..settings.kinds import kind_of, known_kinds
from ..settings.problems import Findings, Problem, SettingsError, did_you_mean
from ..settings.reader import read_file
from ..settings.tree import EMPTY, Node, plain
from .entry import ModelEntry
from .registry import Registry

SHIPPED = Path(__file__).with_name("model_registry.yaml")
OVERLAY = "model_registry.yaml"
VARIABLE = "FLEET_MODEL_REGISTRY"


def overlay_file(configuration: Path | None, env: Mapping[str, str]) -> Path | None:
    """The user's own registry: what the variable names, else the file beside the configuration if there is one."""
    if env.get(VARIABLE):
        return Path(env[VARIABLE])
    beside = (configuration.parent if configuration else Path()) / OVERLAY
    return beside if beside.is_file() else None


def read_registry(overlay: Path | None = None) -> Registry:
    """The whole registry. Raises SettingsError with all that is wrong with the user's own."""
    nodes = dict(_models(SHIPPED))
    own: Mapping[str, Node] = _models(overlay) if overlay is not None else {}
    for name, node in own.items():
        nodes[name] = _over(nodes[name], node) if name in nodes else node
    findings = Findings([problem for node in own.values() for problem in _unknown_types(node)])
    entries = {name: _entry(name, node, findings) for name, node in nodes.items()}
    if findings.errors:
        raise SettingsError(findings.errors, overlay or SHIPPED)
    return Registry({name: entry for name, entry in entries.items() if entry is not None})


def _models(file: Path) -> Mapping[str, Node]:
    root = read_file(file)
    models = root.get("models") or EMPTY
    others = [
        child.problem(f"unknown field {name!r}; known: models")
        for name, child in root.fields.items()
        if name != "models"
    ]
    wrong = [
        child.problem("must be a mapping of fields, such as `offers:`")
        for child in models.fields.values()
        if not child.is_mapping
    ]
    if others or wrong:
        raise SettingsError([*others, *wrong], file)
    return models.fields


def _over(shipped: Node, own: Node) -> Node:
    """The shipped fields with those of one's own; offers of other types stay."""
    offers = {**(shipped.get("offers") or EMPTY).fields, **(own.get("offers") or EMPTY).fields}
    return own.with_value({**shipped.fields, **own.fields, "offers": (own.get("offers") or own).with_value(offers)})


def _entry(name: str, node: Node, findings: Findings) -> ModelEntry | None:
    offers = {_canonical(type_): child for type_, child in (node.get("offers") or EMPTY).fields.items()}
    node = node.with_fields({"offers": node.with_value(offers)})
    return validated(ModelEntry, {"id": name, **plain(node)}, node, findings)


def _unknown_types(node: Node) -> Iterator[Problem]:
    for type_, child in (node.get("offers") or EMPTY).fields.items():
        if kind_of(type_) is None:
            yield child.problem(f"{type_!r} is no type of provider{did_you_mean(type_, known_kinds())}")


def _canonical(type_: str) -> str:
    kind = kind_of(type_)
    return kind.name if kind is not None else type_
