"""The configurations on the pages of limits and failures mean what these say of them."""

import re
from pathlib import Path

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.directory import Budget
from workfleet.workers.settings.load import load_settings
from workfleet.workers.settings.provider import Limits
from workfleet.workers.settings.schema import Settings

DOCS = Path(__file__).parents[2] / "docs"
KEYS = {"GROQ_API_KEY": "a-key", "OPENAI_API_KEY": "a-key"}


def loaded(page: str, tmp_path: Path, *, with_: str) -> Settings:
    """The page's one configuration that has these words."""
    text = (DOCS / page).read_text()
    (found,) = [
        block for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if with_ in block
    ]
    file = tmp_path / "fleet.yaml"
    file.write_text(found)
    return load_settings(file, env=KEYS)


def test_limits_are_each_models_and_roll(tmp_path: Path) -> None:
    limits = loaded("limits.md", tmp_path, with_="requests_per_minute").providers["groq"].limits
    assert limits == Limits(
        requests_per_minute=30, tokens_per_minute=12_000, requests_per_day=1_000, resets="rolling", per="model"
    )


def test_budgets_are_of_a_provider_an_agent_and_each_other_agent(tmp_path: Path) -> None:
    settings = loaded("limits.md", tmp_path, with_="budget:")
    directory = settings.directory()
    assert directory.budget_of("reviewer") == Budget(usd_per_day=1.5, usd_per_month=20, resets="Europe/Berlin")
    assert directory.budget_of("anybody") == Budget(usd_per_day=0.5)
    assert settings.providers["openai"].limits == Limits(usd_per_day=5, usd_per_month=50)


def test_a_providers_breaker_goes_before_that_of_all(tmp_path: Path) -> None:
    settings = loaded("failures.md", tmp_path, with_="breaker:")
    assert settings.providers["groq"].breaker_policy == BreakerPolicy(cool_off_s=10, successes=2)
