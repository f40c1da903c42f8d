"""A number that is the same each time, or drawn from a distribution."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

_FORMS = "0.5, uniform:0.2,0.8, normal:0.5,0.1, lognormal:0.5,0.3 or exponential:0.5"

_ARGUMENTS = {"fixed": 1, "uniform": 2, "normal": 2, "lognormal": 2, "exponential": 1}

_DRAWS: dict[str, Callable[[Random, tuple[float, ...]], float]] = {
    "fixed": lambda _, a: a[0],
    "uniform": lambda rng, a: rng.uniform(a[0], a[1]),
    "normal": lambda rng, a: max(rng.gauss(a[0], a[1]), 0.0),
    "lognormal": lambda rng, a: a[0] * math.exp(rng.gauss(0.0, a[1])),
    "exponential": lambda rng, a: rng.expovariate(1 / a[0]) if a[0] else 0.0,
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """uniform: lowest, highest. normal: mean, standard deviation (never below 0). lognormal: median, sigma of the
    logarithm (0.5 is a moderate skew to long values). exponential: mean.
    """

    form: str
    arguments: tuple[float, ...]

    def draw(self, rng: Random) -> float:
        return _DRAWS[self.form](rng, self.arguments)


@cache
def distribution(value: float | str) -> Distribution:
    """`0.5` or `lognormal:120,0.5`. Raises ValueError that names the forms."""
    form, colon, rest = str(value).partition(":")
    if not colon:
        form, rest = "fixed", form
    try:
        arguments = tuple(float(part) for part in rest.split(","))
    except ValueError:
        arguments = ()
    if len(arguments) != _ARGUMENTS.get(form) or any(not math.isfinite(a) or a < 0 for a in arguments):
        raise ValueError(f"{value!r} is neither a number from 0 up nor a distribution; write it as {_FORMS}")
    return Distribution(form, arguments)
