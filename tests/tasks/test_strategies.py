"""Strategies that installed packages bring along."""

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import structlog.testing

from workfleet.routing.directory import STRATEGIES, ChainLink, ProviderFacts, Route
from workfleet.routing.lanes import Band
from workfleet.routing.selection import selected
from workfleet.routing.strategy import Candidate, Ordering
from workfleet.routing.suitability import Work
from workfleet.tasks import packages, strategies
from workfleet.tasks.errors import ConfigurationError
from workfleet.tasks.strategies import installed_ordering, known_strategies

PROVIDERS = {
    name: ProviderFacts.model_validate(
        {"name": name, "type": "openai", "models": [{"name": f"{name}-small"}, {"name": f"{name}-large"}]}
    )
    for name in ("a", "b")
}
CHAIN = tuple(ChainLink(provider=name, priority=at) for at, name in enumerate(PROVIDERS))


def last_name_first(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    return [(-ord(each.link.provider),) for each in candidates]


def large_first(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    return [(not str(each.link.model).endswith("large"),) for each in candidates]


def breaks(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    raise KeyError("region")


def too_few(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
    return [(1.0,)]


LARGE = Ordering(large_first, chooses=True)
NO_STRATEGY = 7


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install strategies of this module under names."""

    def install(**names: str) -> None:
        found = [EntryPoint(name, f"{__name__}:{what}", strategies.GROUP) for name, what in names.items()]
        monkeypatch.setattr(EntryPoint, "load", _load)

        def entries(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
            return tuple(found)

        monkeypatch.setattr(packages, "_entries", entries)
        installed_ordering.cache_clear()

    return install


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    installed_ordering.cache_clear()


def _load(entry: EntryPoint) -> object:
    if entry.attr not in globals():
        raise AttributeError(f"module has no attribute {entry.attr!r}")
    return globals()[entry.attr]


def order(strategy: str) -> list[str]:
    route = Route(name="r", chain=CHAIN, strategy=strategy)
    ordering = installed_ordering(strategy)
    found = selected(route, PROVIDERS, Work("general", Band.SIMPLE), ordering=ordering)
    return [str(link) for link in sorted(found.chain, key=lambda link: link.priority)]


def test_a_function_orders_the_targets_of_a_route(install: Callable[..., None]) -> None:
    install(by_name="last_name_first")
    assert known_strategies() == (*STRATEGIES, "by_name")
    assert order("by_name") == ["b", "a"]


def test_an_ordering_may_choose_among_models(install: Callable[..., None]) -> None:
    install(large="LARGE")
    assert order("large") == ["a/a-large", "b/b-large", "a/a-small", "b/b-small"]


@pytest.mark.parametrize(
    ("what", "error"),
    [("breaks", "KeyError: 'region'"), ("too_few", "it gave another number of places than there are targets: 2")],
    ids=["it raises", "it forgets a target"],
)
def test_a_strategy_that_fails_leaves_the_configured_order_and_is_told_once(
    what: str, error: str, install: Callable[..., None]
) -> None:
    install(bad=what)
    with structlog.testing.capture_logs() as logs:
        assert [order("bad"), order("bad")] == [["a", "b"], ["a", "b"]]
    assert logs == [{"event": "strategy.failed", "log_level": "error", "strategy": "bad", "error": error}]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("missing", "can't be loaded: AttributeError: module has no attribute 'missing'"),
        ("NO_STRATEGY", "neither an Ordering nor"),
    ],
    ids=["not there", "no strategy"],
)
def test_what_is_no_strategy_is_said_by_name(what: str, why: str, install: Callable[..., None]) -> None:
    install(bad=what)
    with pytest.raises(ConfigurationError, match=f"the strategy 'bad' .*{why}"):
        installed_ordering("bad")


def test_our_own_cannot_be_replaced_and_on_a_host_without_the_package_the_configured_order_holds(
    install: Callable[..., None],
) -> None:
    install(quality="last_name_first")
    assert (installed_ordering("quality"), known_strategies()) == (None, STRATEGIES)
    assert order("elsewhere") == ["a", "b"]
