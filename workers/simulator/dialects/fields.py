"""Reads the fields of a request's JSON object, and names the field that cannot be what it is."""

import json
from typing import Any, NoReturn, Self

from ..narrowing import as_array, as_object
from ..problem import Kind, Problem, Refused


def invalid(param: str | None, detail: str) -> NoReturn:
    raise Refused(Problem(Kind.INVALID, param=param, detail=detail))


class Fields:
    """An absent field and `null` are the same."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.all = found

    @classmethod
    def parse(cls, body: bytes) -> Self:
        try:
            found = json.loads(body)
        except ValueError:
            raise Refused(Problem(Kind.BAD_JSON)) from None
        fields = as_object(found)
        if fields is None:
            raise Refused(Problem(Kind.BAD_JSON))
        return cls(fields)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, value in self.all.items() if value is not None)

    def text(self, name: str) -> str:
        value = self.all.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else self._wrong(name, "a string")

    def boolean(self, name: str, default: bool = False) -> bool:
        value = self.all.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else self._wrong(name, "a boolean")

    def integer(self, name: str, low: int = 1, high: int | None = None) -> int | None:
        value = self.all.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(name, "an integer")
        if value < low:
            invalid(
                name,
                f"Invalid '{name}': integer below minimum value. Expected a value >= {low}, but got {value} instead.",
            )
        if high is not None and value > high:
            invalid(
                name,
                f"Invalid '{name}': integer above maximum value. Expected a value <= {high}, but got {value} instead.",
            )
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.all.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._wrong(name, "a decimal")
        if not low <= value <= high:
            bound, sign, limit = ("below minimum", ">=", low) if value < low else ("above maximum", "<=", high)
            invalid(
                name,
                f"Invalid '{name}': decimal {bound} value. Expected a value {sign} {limit:g}, but got {value} instead.",
            )
        return value

    def object(self, name: str) -> dict[str, Any]:
        value = self.all.get(name)
        if value is None:
            return {}
        found = as_object(value)
        return self._wrong(name, "an object") if found is None else found

    def array(self, name: str) -> list[Any]:
        value = self.all.get(name)
        if value is None:
            return []
        found = as_array(value)
        return self._wrong(name, "an array") if found is None else found

    def texts(self, name: str) -> tuple[str, ...]:
        """A string, or an array of strings."""
        value = self.all.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        parts = as_array(value)
        if parts is not None and all(isinstance(part, str) for part in parts):
            return tuple(parts)
        return self._wrong(name, "a string or an array of strings")

    def _wrong(self, name: str, wanted: str) -> NoReturn:
        got = type(self.all.get(name)).__name__
        invalid(name, f"Invalid type for '{name}': expected {wanted}, but got {got} instead.")
