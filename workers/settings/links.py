"""The targets of a chain, from how people write them."""

from collections.abc import Collection, Sequence

from ...routing.directory import ChainLink, Mode
from .complaints import validated
from .modes import admits
from .problems import Findings
from .provider import Part, ProviderSettings
from .references import Providers, Reference, Unresolved, resolve
from .tree import Node, plain

_ROLES = ("primary", "secondary", "tertiary", "final")


class _LinkFields(Part):
    """What a link may say besides its target."""

    priority: int | None = None
    role: str | None = None


def links_of(
    chain: Node,
    mode: Mode,
    providers: Providers,
    findings: Findings,
    *,
    routes: Collection[str] = (),
    lenient: bool = False,
) -> tuple[ChainLink, ...]:
    """The links of a chain that can be used, in its order.

    What can't be used is left out with a warning. If that leaves nothing, all are kept: a job is then refused with a
    reason for each of them, and not with none. routes: those that might have been meant instead. lenient: a target that
    may yet come to exist is a warning, not an error.
    """
    usable: list[ChainLink] = []
    known: list[ChainLink] = []
    for place, item in enumerate(chain.items or (chain,)):
        fields = item if item.is_mapping else item.with_value({"target": item})
        reference = _reference(fields, providers, findings, () if chain.items else routes, lenient=lenient)
        if reference is None:
            continue
        link = _link(reference, fields, place, findings)
        if any((link.provider, link.model) == (other.provider, other.model) for other in known):
            findings.warnings.append(item.problem("stands in the chain twice; the second has no effect"))
            continue
        known.append(link)
        why = why_unused(reference, mode)
        if why is None:
            usable.append(link)
        else:
            findings.warnings.append(item.problem(f"{plain(fields.fields['target'])} is not used: {why}"))
    return tuple(usable or known)


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


def _link(reference: Reference, fields: Node, place: int, findings: Findings) -> ChainLink:
    said = validated(_LinkFields, plain(fields.without(["target"])), fields, findings) or _LinkFields()
    return ChainLink(
        provider=reference.provider.name,
        model=reference.model,
        priority=place + 1 if said.priority is None else said.priority,
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


def renumbered(links: Sequence[ChainLink]) -> tuple[ChainLink, ...]:
    """The links in order, none a peer of another."""
    return tuple(link.model_copy(update={"priority": place}) for place, link in enumerate(links, 1))
