from collections.abc import Callable

import pytest

from workfleet.workers.settings import Settings
from workfleet.workers.settings.addresses import fault_of, is_ours, normalised

Load = Callable[..., Settings]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8000/", "http://localhost:8000"),
        ("localhost:8000", "http://localhost:8000"),
        (" https://api.groq.com/openai/v1// ", "https://api.groq.com/openai/v1"),
    ],
)
def test_a_base_url_has_a_scheme_and_no_slash_at_its_end(written: str, meant: str) -> None:
    assert normalised(written) == meant


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://localhost:8000", None),
        ("https://[::1]:8000/v1", None),
        ("ftp://host", "must begin with http:// or https://, not ftp://"),
        ("http://", "is no URL: it needs a host, as in http://localhost:8000"),
        ("http://ho st", "is no URL: it needs a host, as in http://localhost:8000"),
        ("http://host:0", "is no URL: port 0 is none"),
        ("http://host:eighty", "is no URL: Port could not be cast to integer value as 'eighty'"),
        ("http://host:99999", "is no URL: Port out of range 0-65535"),
        ("http://[::1", "is no URL: Invalid IPv6 URL"),
        (
            "http://me:pw@host",
            "must hold no user and password; an API key goes into api_key, other credentials into headers",
        ),
        ("http://host/v1?key=1", "must end with its path, without `?` or `#`"),
    ],
)
def test_what_is_no_base_url_says_why(url: str, fault: str | None) -> None:
    assert fault_of(url) == fault


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:8", "http://10.1.2.3", "http://192.168.0.9",
                                 "http://gpu-2:8000", "http://gpu.lan", "http://vllm.svc.internal"])  # fmt: skip
def test_these_hosts_are_ours(url: str) -> None:
    assert is_ours(url)


@pytest.mark.parametrize("url", ["https://api.groq.com", "http://8.8.8.8", "https://example.org"])
def test_these_hosts_are_not(url: str) -> None:
    assert not is_ours(url)


@pytest.mark.parametrize(
    ("provider", "tier", "slots"),
    [
        pytest.param("ollama: {}", "local", 8, id="a local server"),
        pytest.param("groq: {model: m}", "hosted", 16, id="a hosted API"),
        pytest.param("x: {type: custom, url: 'http://10.0.0.7:8000'}", "local", 8, id="any server in our network"),
        pytest.param(
            "x: {type: custom, url: 'https://api.example.org/v1', model: m}", "hosted", 16, id="any server elsewhere"
        ),
        pytest.param("ollama: {url: 'https://ollama.com', model: m}", "hosted", 16, id="a local server's hosted twin"),
        pytest.param("vllm: {url: 'https://gpu.example.org'}", "local", 8, id="a local server under a public name"),
        pytest.param("vllm: {tier: hosted, model: m}", "hosted", 16, id="what is said wins"),
    ],
)
def test_a_tier_follows_from_the_type_and_the_address(provider: str, tier: str, slots: int, load: Load) -> None:
    (settings,) = load(f"providers:\n  {provider}\n").providers.values()
    assert (settings.tier, settings.slots, settings.self_hosted) == (tier, slots, tier == "local")


def test_a_provider_may_have_several_endpoints(load: Load) -> None:
    provider = load(
        "providers: {vllm: {base_urls: [gpu-1:8000, 'http://gpu-2:8000/', gpu-1:8000], api_key: k}}"
    ).providers["vllm"]
    assert [endpoint.base_url for endpoint in provider.endpoints()] == ["http://gpu-1:8000", "http://gpu-2:8000"]
    assert {(endpoint.provider, endpoint.type, endpoint.api_key) for endpoint in provider.endpoints()} == {
        ("vllm", "vllm", provider.api_key)
    }
