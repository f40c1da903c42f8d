"""Whether a value has the shape that a JSON schema asks for."""

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.validators import validator_for
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable


class UnusableSchema(ValueError):
    """The schema itself is at fault; nothing can be held against a value."""


def mismatch(value: JsonValue, schema: dict[str, JsonValue]) -> str | None:
    """Why the value is not as the schema says, None if it is.

    Raises UnusableSchema if the schema is none, or refers to what is not in it; nothing is ever fetched.
    """
    validator_class = validator_for(schema, default=Draft202012Validator)
    try:
        validator_class.check_schema(schema)
        # An empty registry: without one, the library fetches references to other documents.
        fault = next(validator_class(schema, registry=Registry()).iter_errors(value), None)
    except (SchemaError, Unresolvable, RecursionError) as unusable:
        raise UnusableSchema(str(unusable).partition("\n")[0] or "nested too deeply") from None
    return None if fault is None else _told(fault)


def _told(fault: ValidationError) -> str:
    """Where, and what the schema asks there; the value itself is the answer's, and stays out of messages."""
    where = ".".join(str(step) for step in fault.absolute_path)
    asked = f"does not satisfy {fault.validator} {fault.validator_value!r:.100}"
    return f"{where}: {asked}" if where else asked
