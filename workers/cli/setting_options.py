"""Command-line options made from the fields of a model of settings: every setting is an option, and says the same."""

import inspect
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo


def with_options(
    model: type[BaseModel], command: Callable[..., None], names: Mapping[str, str] | None = None
) -> Callable[..., None]:
    """The command with an option for each field, which it gets as keyword arguments.

    `latency_s` is `--latency`: the unit is in the help. names: field -> option, where it is another one.
    """
    own = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
    added = [_parameter(name, field, (names or {}).get(name)) for name, field in model.model_fields.items()]

    def run(**given: Any) -> None:
        command(**given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return run


def _parameter(name: str, field: FieldInfo, option: str | None) -> inspect.Parameter:
    flag = option or "--" + name.removesuffix("_s").replace("_", "-")
    default: Any = field.default
    if isinstance(default, tuple):
        default = list(cast("tuple[object, ...]", default))
    chosen: Any = typer.Option(default, flag, help=field.description)
    annotation = _typed(field.annotation, optional=default is None)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=chosen, annotation=annotation)


def _typed(annotation: Any, *, optional: bool = False) -> Any:
    """What typer can read in its place: a list for a tuple, text for what has several types or is secret."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        types = [part for part in arguments if part is not type(None)]
        found = _typed(types[0]) if len(types) == 1 else str
    elif origin is tuple:
        found = list[str]
    else:
        found = str if annotation is SecretStr else annotation
    return Union[found, None] if optional else found  # noqa: UP007 - `|` is not for values that are made at run time
