"""What installed packages bring along: an entry point of one of our groups, whose name is what it is called here.

A package that can't be loaded is the trouble of those who ask for what it brings, and of nobody else.
"""

import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Brought:
    """what: the sort of thing, for people: `strategy`."""

    what: str
    entry: EntryPoint

    @property
    def package(self) -> str:
        """Its name and version."""
        dist = self.entry.dist
        return f"{dist.name} {dist.version}" if dist is not None else "a package"

    def __str__(self) -> str:
        return f"the {self.what} {self.entry.name!r} of {self.package} ({self.entry.value})"

    def wrong(self, why: str) -> ConfigurationError:
        """The error that says so."""
        return ConfigurationError(f"{self} {why}")

    def load(self) -> object:
        """Raises ConfigurationError."""
        try:
            loaded: object = self.entry.load()
        except Exception as failed:
            # The boundary to code of others, of which anything may be raised while it is imported.
            raise self.wrong(f"can't be loaded: {type(failed).__name__}: {failed}") from failed
        return loaded


def brought(group: str, what: str) -> dict[str, tuple[Brought, ...]]:
    """Who brings what, by name. Where a name is brought more than once, it is nobody's: see `only`."""
    found: dict[str, tuple[Brought, ...]] = {}
    for entry in _entries(group, tuple(sys.path)):
        found[entry.name] = (*found.get(entry.name, ()), Brought(what, entry))
    return found


def only(group: str, what: str, name: str) -> Brought | None:
    """What is brought under a name, None if nothing is. Raises ConfigurationError if several packages do."""
    found = brought(group, what).get(name, ())
    if len(found) > 1:
        packages = ", ".join(each.package for each in found)
        raise ConfigurationError(f"several packages bring the {what} {name!r}: {packages}; uninstall all but one")
    return found[0] if found else None


@lru_cache(maxsize=16)
def _entries(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001 - what it depends on
    """To look through all packages takes tens of milliseconds. path: where Python looks for them."""
    return tuple(sorted(entry_points(group=group), key=lambda each: each.name))
