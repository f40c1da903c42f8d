"""What an answer costs by a price."""

import pytest

from workfleet.tasks.answer import Usage
from workfleet.workers.prices.price import Price, Rate

STEPPED = Price("test", Rate(1.0, ((128_000, 2.0),)), Rate(5.0, ((128_000, 10.0),)))
EMBEDS = Price("test", Rate(0.02))
KEEPS = Price("test", Rate(3.0), Rate(15.0), cache_write=Rate(3.75), cache_write_1h=Rate(6.0))
KEPT = Usage(input_tokens=2000, cache_write_tokens=1000, cache_write_1h_tokens=800)


@pytest.mark.parametrize(
    ("price", "usage", "cost_usd"),
    [
        pytest.param(STEPPED, Usage(input_tokens=128_000, output_tokens=1000), 0.133, id="up to a step"),
        pytest.param(
            STEPPED, Usage(input_tokens=128_001, output_tokens=1000), 0.266002, id="above it all tokens count"
        ),
        pytest.param(EMBEDS, Usage(input_tokens=1_000_000), 0.02, id="an embedding has no output"),
        pytest.param(EMBEDS, Usage(input_tokens=1_000_000, output_tokens=1), None, id="output of unknown price"),
        pytest.param(Price("test"), Usage(), None, id="nothing is known"),
        pytest.param(
            Price("test", Rate(3.0), Rate(15.0), Rate(0.3)),
            Usage(input_tokens=100, cached_read_tokens=150),
            0.000045,
            id="more cached than read, as some count",
        ),
        pytest.param(
            Price("test", Rate(2.5), Rate(10.0)),
            Usage(input_tokens=2190, output_tokens=1257, billed_input_tokens=431, billed_output_tokens=661),
            0.0076875,
            id="what is billed, where that is less than what is counted",
        ),
        pytest.param(KEEPS, KEPT, 0.0008 * 6 + 0.0002 * 3.75 + 0.001 * 3, id="what is kept for an hour costs more"),
        pytest.param(
            Price("test", Rate(3.0), Rate(15.0), cache_write=Rate(3.75)), KEPT, None, id="an hour of unknown price"
        ),
        pytest.param(Price("test", Rate(0.0), Rate(0.0)), KEPT, 0.0, id="where all is free, the hour is too"),
    ],
)
def test_costs(price: Price, usage: Usage, cost_usd: float | None) -> None:
    assert price.cost_usd(usage) == pytest.approx(cost_usd)


def test_a_price_over_another_keeps_what_it_lacks_itself() -> None:
    listed = Price("list", Rate(3.0), Rate(15.0), cache_read=Rate(0.3))
    assert Price("own", output=Rate(9.0)).over(listed) == Price("own", Rate(3.0), Rate(9.0), cache_read=Rate(0.3))


def test_the_lists_discount_is_not_one_on_a_price_of_ones_own() -> None:
    listed = Price("list", Rate(3.0), Rate(15.0), cache_read=Rate(0.3))
    assert Price("own", Rate(1.0)).over(listed) == Price("own", Rate(1.0), Rate(15.0))
