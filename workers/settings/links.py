"""The targets of a chain, from how people write them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ...routing.directory import ChainLink, Mode
from .complaints import validated
from .modes import admits
from .part import Part
from .problems import Findings
from .provider import ProviderSettings
from .references import Providers, Reference, Unresolved, resolve
from .tree import Node, plain

_ROLES = ("primary", "secondary", "tertiary", "final")


class _LinkFields(Part):
    """What a link may say besides its target."""

    priority: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a chain in its order. known: all of them. usable: those that get jobs."""

    usable: tuple[ChainLink, ...]
    known: tuple[ChainLink, ...]

    def best(self) -> tuple[ChainLink, ...]:
        """The usable ones. If there is none, all: a job is then refused with a reason for each, and not with none."""
        return self.usable or self.known


def links_of(
    chain: Node,
    mode: Mode,
    providers: Providers,
    findings: Findings,
    *,
    routes: Collection[str] = (),
    lenient: bool = False,
) -> Links:
    """The links of a chain; a warning tells of each that can't be used.

    routes: those that might have been meant instead. lenient: a target that may yet come to exist is a warning, not an
    error.
    """
    usable: list[ChainLink] = []
    known: list[ChainLink] = []
    for item in chain.items or (chain,):
        fields = item if item.is_mapping else item.with_value({"target": item})
        reference = _reference(fields, providers, findings, () if chain.items else routes, lenient=lenient)
        if reference is None:
            continue
        if any((reference.provider.name, reference.model) == (other.provider, other.model) for other in known):
            findings.warnings.append(item.problem("stands in the chain twice; the second has no effect"))
            continue
        said = validated(_LinkFields, plain(fields.without(["target"])), fields, findings) or _LinkFields()
        known.append(_link(reference, said, place=len(known) + 1))
        why = why_unused(reference, mode)
        if why is None:
            usable.append(_link(reference, said, place=len(usable) + 1))
        else:
            findings.warnings.append(item.problem(f"{plain(fields.fields['target'])} is not used: {why}"))
    return Links(tuple(usable), tuple(known))


def _reference(
    fields: Node, providers: Providers, findings: Findings, routes: Collection[str], *, lenient: bool
) -> Reference | None:
    target = fields.get("target")
    if target is None or not isinstance(target.value, str):
        findings.errors.append(fields.problem("must be a target, such as groq or groq/llama-3.3-70b-versatile"))
        return None
    found = resolve(target.value, providers, routes)
    if isinstance(found, Unresolved):
        where = findings.warnings if lenient and found.passing else findings.errors
        where.append(target.problem(found.why))
        return None
    return found


def _link(reference: Reference, said: _LinkFields, *, place: int) -> ChainLink:
    return ChainLink(
        provider=reference.provider.name,
        model=reference.model,
        priority=place if said.priority is None else said.priority,
        role=said.role,
    )


def why_unused(reference: Reference, mode: Mode) -> str | None:
    """Why a target gets no jobs on a route of this mode, None if it does."""
    provider = reference.provider
    if not provider.usable:
        return provider.unusable if provider.enabled else f"{provider.name} is not enabled"
    if reference.model is None and lacks_model(provider):
        return f"it names no model, and {provider.name} has no default_model"
    return None if admits(mode, provider, reference.model) else f"the mode is {mode}"


def lacks_model(provider: ProviderSettings) -> bool:
    """Whether nobody said which model a hosted provider uses; a local server has few, and its first will do."""
    return provider.tier != "local" and not provider.named_models()


def with_roles(links: Sequence[ChainLink]) -> tuple[ChainLink, ...]:
    """Links without a role get the name of their place: primary, secondary, tertiary, final."""
    return tuple(
        link if link.role else link.model_copy(update={"role": _ROLES[min(place, len(_ROLES) - 1)]})
        for place, link in enumerate(links)
    )


def in_a_row(links: Iterable[ChainLink]) -> tuple[ChainLink, ...]:
    """The links one after another, none a peer of another, with the roles of their places."""
    bare = (link.model_copy(update={"priority": place, "role": None}) for place, link in enumerate(links, 1))
    return with_roles(tuple(bare))
