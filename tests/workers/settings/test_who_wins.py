"""Who decides where a job goes when several have said something: one rule a row, each under all that come before it."""

from collections.abc import Callable
from typing import Any

import pytest

from workfleet.routing.control import Control, controlled
from workfleet.routing.directory import ChainLink, Directory, Route, Strategy
from workfleet.routing.lanes import Band
from workfleet.routing.strategy import ordered
from workfleet.routing.suitability import Work
from workfleet.tasks.errors import NoTarget
from workfleet.tasks.job import JobSpec
from workfleet.tasks.submission import Preparer, chain_of
from workfleet.workers.settings import Settings

Load = Callable[..., Settings]

MODELS = "models: [{name: plain, free: true}, job, route, by_hand, of_agent, of_others, of_lane, of_task, of_type]"
PROVIDERS = f"""
providers:
  groq: {{default_model: plain, {MODELS}, model_overrides: {{code-review: of_type}}, priority: 1}}
  ollama: {{default_model: near, priority: 2}}
  openai: {{default_model: dear, priority: 3}}
"""
AGENTS = "agents: {reviewer: groq/of_agent, '*': groq/of_others}"
LANES = "lanes: {code-review: groq/of_task, code-review.simple: groq/of_lane}"
LANE_OF_TYPE = "lanes: {code-review: groq/of_task}"
BY_HAND = Control(routes={"agent:reviewer": Route(name="x", chain=(ChainLink(provider="groq", model="by_hand"),))})
MINE = "routes: {mine: [groq/route]}"

REVIEW: dict[str, Any] = {"task_type": "code-review", "complexity": "simple"}
_WORK = Work("general", Band.SIMPLE)
OF_AGENT = {**REVIEW, "agent": "reviewer"}


def first(directory: Directory, **fields: Any) -> str:
    placed = Preparer(directory).prepare(JobSpec.from_prompt("hi", **fields)).placed
    route = Route(name="his", chain=chain_of(placed, directory), strategy=_strategy(directory, placed.chain))
    link = min(ordered(route, directory.providers, _WORK, {}).chain, key=lambda link: link.priority)
    return str(directory.resolve(link, placed.task_type))


def _strategy(directory: Directory, own: tuple[str, ...]) -> Strategy:
    """A chain of the job's own is followed as it stands."""
    return "priority" if own else directory.routes["default"].strategy


@pytest.mark.parametrize(
    ("said", "by_hand", "job", "target"),
    [
        ((MINE, AGENTS, LANES), BY_HAND, {**OF_AGENT, "chain": ("openai",), "route": "mine"}, "openai/dear"),
        ((MINE, AGENTS, LANES), BY_HAND, {**OF_AGENT, "model": "groq/job", "route": "mine"}, "groq/job"),
        ((MINE, AGENTS, LANES), BY_HAND, {**OF_AGENT, "route": "mine"}, "groq/route"),
        ((AGENTS, LANES), BY_HAND, OF_AGENT, "groq/by_hand"),
        ((AGENTS, LANES), Control(), OF_AGENT, "groq/of_agent"),
        ((AGENTS, LANES), Control(), {**OF_AGENT, "agent": "writer"}, "groq/of_others"),
        ((AGENTS, LANES), Control(), REVIEW, "groq/of_lane"),
        ((AGENTS, LANE_OF_TYPE), Control(), REVIEW, "groq/of_task"),
        ((), Control(), REVIEW, "groq/of_type"),
        ((), Control(), {}, "groq/plain"),
    ],
    ids=[
        "the job's own chain",
        "the model that the job names",
        "the route that the job names",
        "the agent's route that was set by hand",
        "the agent's route",
        "the route of agents without one",
        "the lane's route",
        "the task type's route",
        "the provider's model for the task type",
        "the provider's own model",
    ],
)
def test_the_more_exact_word_wins(
    load: Load, said: tuple[str, ...], by_hand: Control, job: dict[str, Any], target: str
) -> None:
    directory = load("\n".join((PROVIDERS, *said))).directory()
    assert first(controlled(directory, by_hand), **job) == target


@pytest.mark.parametrize(
    ("said", "variables", "target"),
    [
        ("", {"MODEL_PROVIDER": "openai"}, "openai/dear"),
        ("", {"MODEL_PROVIDER": "groq", "GROQ_MODEL": "job"}, "groq/job"),
        ("mode: local_first", {"MODEL_PROVIDER": "openai"}, "openai/dear"),
        ("mode: local_first", {}, "ollama/near"),
        ("strategy: cost_based", {"MODEL_PROVIDER": "openai"}, "openai/dear"),
        ("strategy: cost_based\nroutes: {default: [openai, ollama]}", {}, "ollama/near"),
        ("", {}, "groq/plain"),
    ],
    ids=[
        "the environment's provider",
        "the environment's model",
        "the environment before the mode",
        "the mode",
        "the environment before the strategy",
        "the strategy",
        "the priorities",
    ],
)
def test_where_nobody_is_more_exact_the_environment_wins_then_the_mode_then_the_strategy(
    load: Load, said: str, variables: dict[str, str], target: str
) -> None:
    assert first(load(f"{PROVIDERS}\n{said}", **variables).directory()) == target


@pytest.mark.parametrize(
    ("said", "job", "target"),
    [
        ("agents: {reviewer: [groq/of_agent, openai]}", {**OF_AGENT, "constraints": {"local_only": True}}, None),
        (
            "agents: {reviewer: [groq/of_agent, ollama]}",
            {**OF_AGENT, "constraints": {"local_only": True}},
            "ollama/near",
        ),
        (LANES, {**REVIEW, "constraints": {"exclude": ["groq"]}}, None),
        ("", {"constraints": {"free_only": True, "exclude": ["ollama"]}}, "groq/plain"),
        (MINE, {"model": "groq/job", "constraints": {"free_only": True}}, None),
    ],
    ids=[
        "no fallback to what is not local",
        "the next that is",
        "no fallback to who is excluded",
        "what costs nothing",
        "not even a named model",
    ],
)
def test_a_hard_constraint_filters_after_every_word_and_is_never_relaxed(
    load: Load, said: str, job: dict[str, Any], target: str | None
) -> None:
    directory = load(f"{PROVIDERS}\n{said}").directory()
    if target is None:
        with pytest.raises(NoTarget):
            first(directory, **job)
    else:
        assert first(directory, **job) == target
