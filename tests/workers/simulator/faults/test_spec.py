import pytest

from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.simulator.faults.catalogue import CATALOGUE
from workfleet.workers.simulator.faults.spec import FaultSpec, Span


def test_a_name_alone_strikes_every_request_until_it_is_switched_off() -> None:
    spec = FaultSpec.parse("http-503")
    assert spec == FaultSpec(CATALOGUE["http-503"], 1.0, Span(requests=0), None, None, 0.0)


def test_everything_can_be_said_in_one_line() -> None:
    spec = FaultSpec.parse("slow-first-token:rate=0.3,after=10,for=5s,model=big,amount=2")
    fault = CATALOGUE["slow-first-token"]
    assert spec == FaultSpec(fault, 0.3, Span(requests=10), Span(seconds=5), "big", 2.0)


def test_an_object_says_the_same() -> None:
    given = {"name": "http-500", "rate": 0.5, "after": 3, "for": "1m", "model": None}
    assert FaultSpec.of(given) == FaultSpec.parse("http-500:rate=0.5,after=3,for=1m")


def test_rate_and_amount_have_the_faults_own_defaults() -> None:
    assert FaultSpec.parse("brown-out").rate == 0.3
    assert FaultSpec.parse("flapping").amount == 10.0


@pytest.mark.parametrize(
    "text",
    [
        "http-503",
        "http-503:rate=0.3,after=10,for=5s,model=big",
        "slow-tokens:amount=2",
        "refuse:after=1s,for=5s",
        "http-503:provider=groq",
    ],
)
def test_a_spec_is_written_as_it_is_read(text: str) -> None:
    assert str(FaultSpec.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a fault needs a name"),
        ("http-503:rate=1.5", "a rate is a share above 0 and up to 1"),
        ("http-503:rate=often", "rate=often, which is not a number"),
        ("http-503:until=5s", "has no 'until'; known: provider, rate, after, for, model, amount"),
        ("http-503:provider=grok", "unknown provider 'grok'; known: anthropic, azure, .*did you mean 'groq'"),
        ("refuse:provider=groq", "strikes the listener, not requests"),
        ("http-503:for=long", "write a number of requests"),
        ("http-503:amount=3", "takes no amount"),
        ("slow-tokens:amount=0", "tokens a second is above 0"),
        ("refuse:rate=0.5", "strikes the listener, not requests"),
        ("refuse:for=10", "strikes the listener, not requests"),
        ("connect-hang:model=big", "strikes the listener, not requests"),
    ],
)
def test_a_mistake_is_named_with_what_is_possible(text: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        FaultSpec.parse(text)
