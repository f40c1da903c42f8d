"""The types of provider that a configuration may name, as far as configurations go: they are the rows of providers,
ours and those of installed packages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ...tasks.errors import ConfigurationError, UnknownName
from ..providers.endpoint import Timeouts
from ..providers.registered import installed_types, known_row, row_of, type_named, where_from
from ..providers.rows import ROWS, Row
from ..providers.type_names import ALIASES, canonical_type
from .spelling import folded

#: A local server may first load the model, and generates as fast as its machine can.
LOCAL_TIMEOUTS = Timeouts(connect_s=2.0, first_token_s=120.0, idle_s=60.0, total_s=600.0)
HOSTED_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of provider, as far as its configuration goes.

    key_variables: in the order in which they are looked up. local: runs on our machines. api_fields: what may be said
    of its API. tells_loaded: which models are in its memory.
    """

    name: str
    base_url: str | None
    key_variables: tuple[str, ...]
    key_required: bool
    local: bool
    api_fields: frozenset[str] = frozenset()
    tells_loaded: bool = False


_ALIASES = {
    "local": "llamacpp",
}


def _api_fields(row: Row) -> frozenset[str]:
    """A server with OpenAI's API may differ from its row."""
    return row.api_fields | {"own"} if row.dialect == "openai" else row.api_fields


def _kind(row: Row) -> Kind:
    local, tells_loaded = row.tier == "local", row.loaded_path is not None
    return Kind(
        row.name, row.base_url, row.key_variables, row.key_required, local, _api_fields(row), tells_loaded=tells_loaded
    )


#: Kind by type, of our own ones.
KINDS: Mapping[str, Kind] = MappingProxyType({row.name: _kind(row) for row in ROWS.values()})

#: Hosted types whose account may be on a free plan that covers every model it offers.
FREE_PLANS = frozenset({"github", "google", "groq"})

#: Hosted types that charge for some of their models whatever the account, and have free ones beside them.
FREE_BESIDE_PAID = frozenset({"openrouter"})

_BY_FOLDED = {folded(name): name for name in KINDS} | {folded(alias): name for alias, name in _ALIASES.items()}


def kind_of(name: str) -> Kind | None:
    """The type of a name, however it is spelled; None if there is no such type, or its package is broken."""
    ours = KINDS.get(canonical_type(name) or _BY_FOLDED.get(folded(name), ""))
    row = known_row(type_named(name) or "") if ours is None else None
    return ours if row is None else _kind(row)


def why_broken(name: str) -> str | None:
    """What is wrong with the package that brings a type of that name, None if nothing is or there is none."""
    found = type_named(name)
    if found is None or found in ROWS:
        return None
    from ..providers.dialects import dialect_of

    try:
        dialect_of(row_of(found).dialect)
    except ConfigurationError as broken:
        return str(broken)
    except UnknownName as lacking:
        return f"{where_from(found)[0]} speaks no dialect of ours: {lacking}"
    return None


def known_kinds() -> list[str]:
    """All names that a type may have."""
    return sorted({*KINDS, *_ALIASES, *ALIASES, *installed_types()})
