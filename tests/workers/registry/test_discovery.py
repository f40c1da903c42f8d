"""The models that a job may get which names none."""

import pytest

from workfleet.workers.providers.dialect import ListedModel, Prices
from workfleet.workers.registry.discovery import choosable
from workfleet.workers.registry.reading import read_registry

from ..pools import provider


def here(name: str, *capabilities: str) -> ListedModel:
    return ListedModel(name, capabilities=frozenset(capabilities) if capabilities else None, local=True)


@pytest.mark.parametrize(
    ("type_", "listed", "names"),
    [
        ("ollama", [here("b"), here("a")], ("b", "a")),
        ("ollama", [here("e", "embedding"), here("a", "tools")], ("a", "e")),
        ("openai", [ListedModel("text-embedding-3-small"), ListedModel("a")], ("a", "text-embedding-3-small")),
        ("ollama", [ListedModel("gpt-oss:120b-cloud"), here("a")], ("a",)),
        ("ollama", [ListedModel("gpt-oss:120b-cloud")], ()),
        ("groq", [ListedModel("qwen-2.5-32b"), ListedModel("qwen/qwen3-32b")], ("qwen/qwen3-32b",)),
    ],
    ids=[
        "in the server's order",
        "what only embeds comes last",
        "what is known to only embed too",
        "what runs elsewhere is none of ours",
        "not even if there is nothing else",
        "what is retired is none",
    ],
)
def test_a_job_that_names_no_model_gets_one_that_can_answer_it(
    type_: str, listed: list[ListedModel], names: tuple[str, ...]
) -> None:
    assert choosable(provider("p", type=type_, tier="hosted"), listed, read_registry()) == names


@pytest.mark.parametrize(
    ("tier", "names"), [("hosted", ("paid", "a:free", "unknown")), ("free", ("a:free", "unknown"))]
)
def test_where_nothing_may_cost_anything_what_has_a_price_is_not_chosen(tier: str, names: tuple[str, ...]) -> None:
    listed = [
        ListedModel("paid", prices=Prices(0.0, 2.0)),
        ListedModel("a:free", prices=Prices(0.0, 0.0)),
        ListedModel("unknown"),
    ]
    assert choosable(provider("p", type="openrouter", tier=tier), listed) == names
