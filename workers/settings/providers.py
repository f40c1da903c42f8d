"""One provider: from what the configuration says of it to complete settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from ...routing.directory import Tier
from ...routing.lanes import canonical
from ...tasks.job import CallLimits
from .addresses import LOOPBACK, fault_of, is_hosted_service, is_ours, normalised
from .api_fields import api_of, deployed_models
from .breaker import BreakerSettings
from .choices import choose, truth
from .complaints import validated
from .context import Context
from .credentials import KEY_FIELDS, Credential, credential
from .dictionary import respell_provider
from .kinds import HOSTED_TIMEOUTS, KINDS, LOCAL_TIMEOUTS, Kind, kind_of, known_kinds, why_broken
from .models import models_of
from .placeholders import is_placeholder
from .problems import Findings, did_you_mean
from .provider import HOSTED_SLOTS, LOCAL_SLOTS, ProviderSettings, RunnerSettings
from .spelling import inside
from .tree import EMPTY, Missing, Node, missing, plain, pruned

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Shared:
    """What holds for all providers. task_types: every name and alias of a task type -> the task type."""

    timeouts: Node | None
    breaker: BreakerSettings
    task_types: Mapping[str, str]
    context: Context


def provider_of(name: str, node: Node, shared: Shared) -> ProviderSettings | None:
    """The settings, or None with everything that is wrong noted."""
    context = shared.context
    node = node.with_value({}) if node.value is None else node
    if not node.is_mapping:
        context.findings.errors.append(node.problem("must be a mapping of fields, such as `api_key:`"))
        return None
    node = respell_provider(node, context.findings)
    wanted = truth(node.get("enabled"), default=True)
    if not wanted and (broken := why_broken(_type(name, node))) is not None:
        # So a fleet goes on without a package that does not: nothing of its provider is looked at.
        context.findings.warnings.append(node.problem(broken))
        return ProviderSettings(name=name, type="unknown", enabled=False)
    kind = _kind(name, node, context)
    if kind is None:
        return None
    wanted = wanted and (context.needed is None or name in context.needed)
    return _Entry(name, kind, wanted, shared).settings(node)


def _type(name: str, node: Node) -> str:
    """The type as it is written, which is the name's if it is not."""
    said = node.get("type")
    return str(said.value) if said is not None else name


def _kind(name: str, node: Node, context: Context) -> Kind | None:
    if not _NAME.fullmatch(name):
        bad = f"{name!r} is no name for a provider; use letters, digits, `-`, `_` and `.`"
        context.findings.errors.append(node.problem(bad))
        return None
    said, wanted = node.get("type"), _type(name, node)
    if (broken := why_broken(wanted)) is not None:
        context.findings.errors.append((said or node).problem(broken))
        return None
    kind = kind_of(wanted)
    if kind is None:
        close = did_you_mean(wanted, known_kinds())
        other = "" if close.endswith("?") else "; any server with OpenAI's API is `type: openai_compatible`"
        unknown = f"{wanted!r} is no type of provider{close}{other}"
        context.findings.errors.append((said or node).problem(unknown))
    return kind


@dataclass(frozen=True, slots=True)
class _Entry:
    """One provider on its way. wanted: it is to run, so nothing that it needs may be missing."""

    name: str
    kind: Kind
    wanted: bool
    shared: Shared

    @property
    def context(self) -> Context:
        return self.shared.context

    def settings(self, node: Node) -> ProviderSettings | None:
        key = credential(node, self.kind, self.context)
        self._need(key, node)
        node = self._without_missing(node.without(("type", *KEY_FIELDS)))
        node = inside(node, "tier", lambda child: choose(child, get_args(Tier), self.context.findings))
        node = inside(node, "health_check", lambda c: c.with_value({"enabled": c}) if isinstance(c.value, bool) else c)
        node = inside(node, "api", lambda child: api_of(child, self.kind, self.context.findings))
        node = deployed_models(node)
        node = inside(node, "models", lambda child: models_of(child, self.context.findings))
        node = inside(node, "model_overrides", self._overrides)
        self._check_headers(node)
        self._check_runner(node)
        self._check_memory(node)
        self._check_models(node)
        self._check_ping(node)
        urls = self._base_urls(node)
        return validated(ProviderSettings, self._data(node, key, urls), node, self.context.findings)

    def _data(self, node: Node, key: Credential, urls: tuple[str, ...]) -> dict[str, Any]:
        said = plain(node.without(("base_url", "base_urls", "timeouts")))
        tier: Tier = said.get("tier") or self._tier(urls)
        return {
            **_of_runner(node, said),
            "slots": LOCAL_SLOTS if tier == "local" else HOSTED_SLOTS,
            **{field: value for field, value in said.items() if value is not None},
            "name": self.name,
            "type": self.kind.name,
            "tier": tier,
            "base_urls": urls,
            **self._timeouts(tier, node.get("timeouts")),
            "breaker": self._breaker(said.get("breaker")),
            "api_key": key.key,
            "key_source": key.source,
            "key_file": key.file,
        }

    def _need(self, key: Credential, node: Node) -> None:
        """A key that is named, or that the type can't do without, must be there."""
        said = next((node.fields[field] for field in KEY_FIELDS if field in node.fields), None)
        lacking = self.kind.key_required or (said is not None and key.absent is not None)
        if self.wanted and lacking and key.key is None and not key.refused:
            how = key.absent or "say api_key: ${A_VARIABLE}"
            message = f"the provider {self.name!r} has no API key: {how}, or say enabled: false"
            self.context.findings.errors.append((said or node).problem(message))

    def _without_missing(self, node: Node) -> Node:
        for lacking in missing(node) if self.wanted else ():
            names = ", ".join(lacking.value.names) if isinstance(lacking.value, Missing) else ""
            self._refuse(lacking, f"not set: {names}; set it in the environment, or write ${{NAME:-default}}")
        return pruned(node)

    def _base_urls(self, node: Node) -> tuple[str, ...]:
        one, several = node.get("base_url"), node.get("base_urls")
        if one is not None and several is not None:
            self._refuse(several, "base_url says it already; keep one of them")
        said = several or one
        if said is None or said.value is None:
            if self.kind.base_url is None and self.wanted:
                self._refuse(node, f"a provider of type {self.kind.name} needs its `base_url`")
            return (self.kind.base_url,) if self.kind.base_url else ()
        urls = [self._base_url(item) for item in said.items or (said,)]
        return tuple(dict.fromkeys(url for url in urls if url))

    def _base_url(self, node: Node) -> str | None:
        if not isinstance(node.value, str):
            self._refuse(node, "must be a URL, as in http://localhost:8000")
            return None
        url = normalised(node.value)
        fault = fault_of(url)
        if fault is not None:
            self._refuse(node, fault)
            return None
        return url

    def _tier(self, urls: tuple[str, ...]) -> Tier:
        if self.kind.name == "openai_compatible":
            return "local" if urls and all(is_ours(url) for url in urls) else "hosted"
        return "local" if self.kind.local and not any(is_hosted_service(url) for url in urls) else "hosted"

    def _timeouts(self, tier: Tier, own: Node | None) -> dict[str, Any]:
        """Those of the tier, overridden by those for all providers, and these by the provider's own."""
        said = timeouts_of(self.shared.timeouts, self.context) | timeouts_of(own, self.context)
        usual = LOCAL_TIMEOUTS if tier == "local" else HOSTED_TIMEOUTS
        return {"timeouts": replace(usual, **said), "said_timeouts": frozenset(said)}

    def _breaker(self, own: object) -> object:
        """The figures for all providers, overridden by its own."""
        common = self.shared.breaker.said()
        return {**common, **cast("dict[str, object]", own)} if isinstance(own, dict) else own or common

    def _overrides(self, node: Node) -> Node:
        """By task type, whatever the configuration calls them."""
        known = self.shared.task_types
        for name, child in node.fields.items():
            if canonical(name) not in known:
                self._refuse(
                    child, f"{name!r} is no task type{did_you_mean(canonical(name), known, listed=known.values())}"
                )
        named = {known.get(canonical(name), name): child for name, child in node.fields.items()}
        return node.with_value(named) if node.is_mapping else node

    def _check_headers(self, node: Node) -> None:
        headers = node.get("headers")
        for name, child in headers.fields.items() if headers else ():
            if not _HEADER.fullmatch(name):
                self._refuse(child, f"{name!r} is no name for a header")
            if isinstance(child.value, str) and not child.value.isprintable():
                self._refuse(child, "the header holds a line break or a control character")

    def _check_models(self, node: Node) -> None:
        overrides = node.get("model_overrides")
        named = (node.get("default_model"), *(overrides.fields.values() if overrides else ()))
        for child in named if self.wanted else ():
            if child is not None and isinstance(child.value, str) and is_placeholder(child.value):
                self._refuse(child, f"{child.value!r} is a placeholder; name a model that exists")

    def _check_runner(self, node: Node) -> None:
        runner, urls = node.get("runner"), self._base_urls(node)
        if runner is None or runner.value is None:
            return
        if self.kind.name != "llamacpp":
            self._refuse(runner, f"a pool starts a server of type local only, not of type {self.kind.name}")
        elif len(urls) != 1 or urlsplit(urls[0]).hostname not in LOOPBACK:
            self._refuse(runner, "a pool starts one server, on its own host; say `base_url: http://127.0.0.1:8081`")

    def _check_memory(self, node: Node) -> None:
        said = node.get("memory_gb")
        if said is not None and said.value is not None and self.kind.name != "ollama":
            self._refuse(
                said, "only servers of type ollama are told to unload models; a runner has its own `memory_gb`"
            )

    def _check_ping(self, node: Node) -> None:
        """A look every few seconds must neither cost money nor put a model out of memory."""
        ping = (node.get("health_check") or EMPTY).get("ping")
        if not truth(ping, default=False):
            return
        assert ping is not None
        once = f"`fleet providers test {self.name} --ping` asks once"
        said = node.get("tier")
        if (said.value if said else self._tier(self._base_urls(node))) != "local":
            self._refuse(
                ping, f"asks a model for a token at each look, which may cost money; only servers of your own; {once}"
            )
        elif not self.kind.tells_loaded:
            told = ", ".join(kind.name for kind in KINDS.values() if kind.tells_loaded)
            why = f"{self.kind.name} does not tell which models are loaded, and asking for another one may put them out"
            self._refuse(ping, f"{why}; those that tell: {told}; {once}")

    def _refuse(self, node: Node, why: str) -> None:
        self.context.findings.errors.append(node.problem(why))


def _of_runner(node: Node, said: Mapping[str, Any]) -> dict[str, Any]:
    """The one model of a server that the pool starts is the file's, with the context that it is started with."""
    runner = validated(RunnerSettings, plain(node.get("runner") or EMPTY), node, Findings())
    if runner is None:
        return {}
    name = said.get("default_model") or Path(runner.model_file).stem
    return {"default_model": name, "models": [{"name": name, "context_tokens": runner.context_tokens}]}


def breaker_of(node: Node | None, context: Context) -> BreakerSettings:
    """The figures that a `breaker` block says for all providers."""
    if node is None or node.value is None:
        return BreakerSettings()
    if not node.is_mapping:
        context.findings.errors.append(node.problem("must be a mapping of fields, such as `failures:`"))
        return BreakerSettings()
    return validated(BreakerSettings, plain(node), node, context.findings) or BreakerSettings()


def timeouts_of(node: Node | None, context: Context) -> dict[str, float]:
    """The limits that a `timeouts` block says."""
    if node is None or node.value is None:
        return {}
    if not node.is_mapping:
        context.findings.errors.append(node.problem("must be a mapping of fields, such as `total_s:`"))
        return {}
    said = validated(CallLimits, plain(node), node, context.findings)
    return said.said() if said else {}
