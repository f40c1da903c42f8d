"""What a call may cost at most, beside what its job may cost."""

import pytest

from workfleet.routing.cost_cap import CostCap, usd

#: 4,000 tokens in, counted a quarter higher, and 1,000 out: at $2 and $10 for a million, two cents.
CALL = CostCap(max_usd=0.02, input_tokens=4_000, answer_tokens=1_000)


@pytest.mark.parametrize(
    ("cap", "prices", "objection"),
    [
        (CALL, (2.0, 10.0), None),
        (CALL, (2.0, 10.1), "a call may cost $0.0201, the job $0.02"),
        (CALL, (2.1, 10.0), "a call may cost $0.0205, the job $0.02"),
        (CALL, (None, 10.0), "its price is unknown, and the job may cost $0.02"),
        (CALL, (2.0, None), "its price is unknown, and the job may cost $0.02"),
        (CALL, (0.0, 0.0), None),
        (CostCap(0.0, 4_000, 1_000), (0.0, 0.0), None),
        (CostCap(0.0, 4_000, 1_000), (0.01, 0.0), "a call may cost $0.00005, the job $0"),
        (CostCap(0.02, 4_000, 1_000, spent_usd=0.005), (2.0, 5.0), None),
        (
            CostCap(0.02, 4_000, 1_000, spent_usd=0.006),
            (2.0, 5.0),
            "a call may cost $0.015, the job $0.02, of which $0.006 is spent",
        ),
        (CostCap(0.01, 4_000, 0), (2.0, None), None),
    ],
    ids=[
        "exactly what the job may cost",
        "a dearer answer",
        "a dearer input",
        "an unknown price of the input",
        "an unknown price of the answer",
        "nothing",
        "nothing, of a job that may cost nothing",
        "something, of a job that may cost nothing",
        "what is left",
        "more than is left",
        "an embedding has no answer to pay for",
    ],
)
def test_a_call_may_not_cost_more_than_is_left(
    cap: CostCap, prices: tuple[float | None, float | None], objection: str | None
) -> None:
    assert cap.objection(*prices) == objection


@pytest.mark.parametrize(
    ("amount", "text"), [(12.0, "$12"), (0.0125, "$0.0125"), (0.0000015, "$0.000002"), (0.0, "$0")]
)
def test_money_is_shown_to_the_millionth(amount: float, text: str) -> None:
    assert usd(amount) == text
