"""Which jobs wait behind nobody when they go on: those that lost a slot to a failure that is not their own."""

import pytest

from workfleet.routing.lanes import Priority

from ..pools import Reply, breaks, fails, fleet, provider, says


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (breaks(), Priority.INTERACTIVE),
        (fails(529), Priority.INTERACTIVE),
        (fails(429), Priority.BATCH),
        (fails(404, code="model_not_found"), Priority.BATCH),
        (says("not JSON"), Priority.BATCH),
    ],
    ids=["its connection broke", "its server is overloaded", "a limit", "a model that is gone", "a rejected answer"],
)
async def test_a_batch_job_goes_on_as_an_interactive_one_if_its_provider_failed(
    redis_url: str, reply: Reply, expected: Priority
) -> None:
    async with fleet(redis_url, provider("one"), provider("two")) as pools:
        pools.servers["one"].will(reply)
        job_id = await pools.submit(priority="batch", judge="json")
        await pools.deliver(job_id, "one")
        assert (await pools.client.job(job_id)).priority is expected
