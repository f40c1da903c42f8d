import json
from typing import Any

import pytest

from workfleet.workers.providers.dialect import Call, Reply
from workfleet.workers.providers.paging import next_page
from workfleet.workers.providers.rows import ROWS


@pytest.mark.parametrize(
    ("row", "body", "path"),
    [
        ("openai", {"data": [{"id": "a"}, {"id": "b/c"}], "has_more": True}, "models?n=9&after=b%2Fc"),
        ("openai", {"data": [{"id": "a"}], "has_more": True, "last_id": "z"}, "models?n=9&after=z"),
        ("anthropic", {"data": [{"id": "a"}], "has_more": True, "last_id": "z"}, "models?n=9&after_id=z"),
        ("google", {"models": [{"name": "a"}], "nextPageToken": "t"}, "models?n=9&pageToken=t"),
        ("google", {"models": [{"name": "a"}]}, None),
        ("cohere", {"models": [{"name": "a"}], "next_page_token": "t"}, "models?n=9&page_token=t"),
        ("openai", {"data": [{"id": "a"}], "has_more": False}, None),
        ("openai", {"data": [{"id": "a"}]}, None),
        ("openai", {"data": [], "has_more": True}, None),
        ("openai", [{"id": "a"}], None),
    ],
    ids=[
        "after the last entry",
        "after the last id",
        "after Anthropic's last id",
        "by Gemini's token",
        "without Gemini's token",
        "by Cohere's token",
        "the last page",
        "no pages",
        "an empty page",
        "a bare array",
    ],
)
def test_a_page_leads_to_the_next(row: str, body: Any, path: str | None) -> None:
    found = next_page(ROWS[row], Call("GET", "models?n=9"), Reply(200, {}, json.dumps(body).encode()))
    assert (found and found.path) == path
