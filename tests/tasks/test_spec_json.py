import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec
from workfleet.tasks.spec_json import SPEC, written


@pytest.mark.parametrize(
    ("prompt", "stored"),
    [
        pytest.param("é🙂", "é🙂", id="any text"),
        pytest.param("caf\udce9", "caf\ufffd", id="a byte that was no UTF-8"),
        pytest.param("\ud83d\ude00", "😀", id="two halves of a character"),
    ],
)
def test_what_is_stored_is_what_was_asked(prompt: str, stored: str) -> None:
    asked = {"task_type": "code-review", "max_tokens": 9, "seed": 7, "priority": "batch", "chain": ("groq",)}
    request = {"max_tokens": asked.pop("max_tokens"), "seed": asked.pop("seed")}
    spec = JobSpec.model_validate({"request": {"messages": [{"role": "user", "content": prompt}], **request}, **asked})
    told = JobSpec.model_validate({"request": {"messages": [{"role": "user", "content": stored}], **request}, **asked})
    assert SPEC.validate_json(written(spec)) == told


async def test_a_job_with_half_a_character_is_handed_in(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        job_id = await client.submit(JobSpec.from_prompt("caf\udce9"))
        assert (await client.spec(job_id)).request.text == "caf\ufffd"
