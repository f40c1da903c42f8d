"""The price list against what a provider says that it charged."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.prices.receipts import Compared, compared

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL = Path(__file__).parents[4] / "shared" / "recordings" / "exchanges.jsonl"
TOKENS = {"prompt_tokens": 1000, "completion_tokens": 100}


def exchange(model: str, cost: float, created: float | None = None, **usage: Any) -> dict[str, Any]:
    message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}
    told: dict[str, Any] = {"created": created, "provider": "Anybody", "usage": {**TOKENS, "cost": cost, **usage}}
    response = {"id": "gen-1", "model": model, "choices": [message], **told}
    request = {"model": model, "messages": [{"role": "user", "content": "…"}]}
    return {"name": "n", "provider": "openrouter", "request": request, "status": 200, "response": response}


def streamed(model: str, cost: float, created: float | None = None) -> dict[str, Any]:
    chunk: dict[str, Any] = {
        "id": "gen-1",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "delta": {"content": "ok"}}],
    }
    last: dict[str, Any] = {
        **chunk,
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        "usage": {**TOKENS, "cost": cost},
    }
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in (chunk, last)) + "data: [DONE]\n\n"
    return {**exchange(model, cost), "response": body}


def only(exchange: dict[str, Any]) -> Compared:
    (found,) = compared([exchange], PriceList(), NOW)
    return found


@pytest.mark.parametrize("made", [exchange, streamed])
def test_a_receipt_that_the_list_confirms(made: Any) -> None:
    found = only(made("anthropic/claude-sonnet-4", 0.0045))
    assert (found.ledger_usd, found.listed_usd, found.off, found.within) == (0.0045, 0.0045, 0.0, True)


def test_a_receipt_that_the_list_does_not_confirm() -> None:
    found = only(exchange("anthropic/claude-sonnet-4", 0.009))
    assert (found.ledger_usd, found.noted, found.off, found.within) == (0.009, True, -0.5, False)


@pytest.mark.parametrize(
    ("day", "off"), [("2026-08-13", 0.0), ("2026-08-14", 1.0), (None, 1.0)], ids=["then", "later", "not said: now"]
)
@pytest.mark.parametrize("made", [exchange, streamed])
def test_a_receipt_is_compared_with_the_price_of_its_day(made: Any, day: str | None, off: float) -> None:
    """The model cost twice as much until 14 August 2026."""
    at = datetime.fromisoformat(f"{day}T12:00:00Z") if day else None
    found = only(made("google/gemini-3.6-flash", 0.00225, created=at.timestamp() if at else None))
    assert (found.at, round(found.tokens_usd / (found.listed_usd or 0) - 1, 6)) == (at, off)


def test_what_is_not_for_tokens_is_told_apart() -> None:
    details = {"upstream_inference_prompt_cost": 0.003, "upstream_inference_completions_cost": 0.0015}
    found = only(exchange("anthropic/claude-sonnet-4", 0.0145, cost_details=details))
    assert (round(found.tokens_usd, 6), round(found.extra_usd, 6), found.within) == (0.0045, 0.01, True)


def test_a_model_that_the_list_lacks_is_not_guessed() -> None:
    found = only(exchange("nobody/knows", 0.01))
    assert (found.ledger_usd, found.listed_usd, found.within) == (0.01, None, False)


def test_what_has_no_receipt_is_left_out() -> None:
    bare = exchange("openai/gpt-4o", 0.0)
    bare["response"]["usage"] = TOKENS
    others = [{**exchange("openai/gpt-4o", 1.0), "status": 429}, {"provider": "openai"}, {}]
    assert list(compared([bare, *others], PriceList(), NOW)) == []


@pytest.mark.skipif(not ALL.exists(), reason="the recordings do not lie beside the clone")
def test_recorded_receipts_are_what_the_ledger_notes_and_what_the_list_says() -> None:
    lines = (json.loads(line) for line in ALL.read_text(encoding="utf-8").splitlines())
    found = list(compared(lines, PriceList(), NOW))
    assert len(found) == 5
    assert all(each.noted for each in found)
    # OpenRouter lists the cheapest of those who serve a model, and charges the price of the one who did.
    others = [(each.model, each.served_by) for each in found if not each.within]
    assert others == [("z-ai/glm-4.6", "AtlasCloud"), ("deepseek/deepseek-chat", "OpenAI")]
