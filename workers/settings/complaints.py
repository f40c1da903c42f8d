"""What validation refuses, in words for people, at the place in the file where it stands."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .problems import Findings, Problem
from .tree import Node, nearest

_Model = TypeVar("_Model", bound=BaseModel)

_WORDS: Mapping[str, str] = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "dict_type": "must be a mapping of fields",
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
    "dataclass_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "missing": "is missing",
}

_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda bound: f"must be more than {bound['gt']:g}",
    "greater_than_equal": lambda bound: f"must be at least {bound['ge']:g}",
    "less_than": lambda bound: f"must be less than {bound['lt']:g}",
    "less_than_equal": lambda bound: f"must be at most {bound['le']:g}",
    "literal_error": lambda bound: f"must be one of {bound['expected'].replace(chr(39), '')}",
}


def validated(model: type[_Model], data: Mapping[str, Any], node: Node, findings: Findings) -> _Model | None:
    """The model, or None with every complaint noted at its place below the node."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as refused:
        findings.errors.extend(_problem(detail, node) for detail in refused.errors(include_url=False))
        return None


def _problem(detail: ErrorDetails, node: Node) -> Problem:
    place = nearest(node, detail["loc"])
    kind = detail["type"]
    if kind in _BOUNDS:
        words = _BOUNDS[kind](detail.get("ctx", {}))
    else:
        words = _WORDS.get(kind, detail["msg"].removeprefix("Value error, "))
    if kind == "missing":
        words = f"needs `{detail['loc'][-1]}`"
    return place.problem(words + _shown(detail, kind))


def _shown(detail: ErrorDetails, kind: str) -> str:
    """The refused value, unless it is missing, long, or may be a key."""
    value = detail["input"]
    secret = any(str(step) in ("api_key", "headers", "redis_url") for step in detail["loc"])
    if secret or kind == "missing" or not isinstance(value, str | int | float) or len(str(value)) > 60:
        return ""
    return f", not {value!r}"
