"""When providers fail in a soak."""

from itertools import pairwise

import pytest

from workfleet.workers.bench.outages import BLOWS, Outage, outages

NAMES = ("one", "two", "three")


def test_the_same_seed_strikes_alike_and_another_does_not() -> None:
    assert outages(1, 300.0, NAMES) == outages(1, 300.0, NAMES)
    assert outages(1, 300.0, NAMES) != outages(2, 300.0, NAMES)


@pytest.mark.parametrize("names", [NAMES[:2], NAMES], ids=["of two", "of three"])
def test_one_provider_is_well_at_any_time(names: tuple[str, ...]) -> None:
    found = outages(1, 3600.0, names)
    begins = [{each.provider for each in found if each.at_s <= outage.at_s < each.ends_s} for outage in found]
    assert max(len(out) for out in begins) == len(names) - 1


def test_every_provider_fails_in_every_way_in_time() -> None:
    found = outages(1, 3600.0, NAMES)
    assert {(each.provider, each.what) for each in found} == {(name, what) for name in NAMES for what in BLOWS}


def test_they_come_in_order_and_begin_within_the_run() -> None:
    found = outages(1, 120.0, NAMES)
    assert list(found) == sorted(found, key=lambda outage: outage.at_s)
    assert all(0 <= each.at_s < 120.0 and 1.0 <= each.lasts_s <= 10.0 for each in found)


def test_a_provider_has_one_at_a_time() -> None:
    def overlap(first: Outage, second: Outage) -> bool:
        return first.ends_s > second.at_s

    of_one = [each for each in outages(3, 3600.0, NAMES) if each.provider == "one"]
    assert not any(overlap(*pair) for pair in pairwise(of_one))
