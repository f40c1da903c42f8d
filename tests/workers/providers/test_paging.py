import json
from typing import Any

import pytest

from workfleet.workers.providers.dialect import Call, Reply
from workfleet.workers.providers.paging import next_page


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"data": [{"id": "a"}, {"id": "b/c"}], "has_more": True}, "models?after=b%2Fc"),
        ({"data": [{"id": "a"}], "has_more": True, "last_id": "z"}, "models?after=z"),
        ({"data": [{"id": "a"}], "has_more": False}, None),
        ({"data": [{"id": "a"}]}, None),
        ({"data": [], "has_more": True}, None),
        ([{"id": "a"}], None),
    ],
    ids=["after the last entry", "after the last id", "the last page", "no pages", "an empty page", "a bare array"],
)
def test_a_page_leads_to_the_next(body: Any, path: str | None) -> None:
    found = next_page(Call("GET", "models"), Reply(200, {}, json.dumps(body).encode()))
    assert (found and found.path) == path
