"""Base URLs: what one may look like, and whether it is a machine of ours."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

#: Names of this very host.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: Hosted services that speak the dialect of a local server.
_HOSTED = ("ollama.com",)
_OUR_DOMAINS = (".local", ".internal", ".lan", ".home.arpa", ".localhost")


def normalised(url: str) -> str:
    """Without a slash at its end; `localhost:8000` is `http://localhost:8000`."""
    url = url.strip().rstrip("/")
    return url if "://" in url else f"http://{url}"


def split(url: str) -> SplitResult:
    """The parts of a URL. Raises ValueError with what is wrong with its host or its port."""
    parts = urlsplit(url)
    # urlsplit looks at the port only when it is asked for.
    if parts.port == 0:
        raise ValueError("port 0 is none")
    return parts


def whereabouts(url: str, host: str) -> str:
    """The address as the whole fleet tells it from others: one that means this very host is another on every host."""
    return f"{url} on {host}" if urlsplit(normalised(url)).hostname in LOOPBACK else url


def fault_of(url: str) -> str | None:
    """Why a text is no base URL, None if it is one."""
    try:
        parts = split(url)
    except ValueError as wrong:
        return f"is no URL: {wrong}"
    if parts.scheme not in ("http", "https"):
        return f"must begin with http:// or https://, not {parts.scheme}://"
    if not parts.hostname or any(letter.isspace() for letter in url):
        return "is no URL: it needs a host, as in http://localhost:8000"
    return _fault_of_extras(parts)


def _fault_of_extras(parts: SplitResult) -> str | None:
    if parts.username is not None or parts.password is not None:
        return "must hold no user and password; an API key goes into api_key, other credentials into headers"
    if parts.query or parts.fragment:
        return "must end with its path, without `?` or `#`"
    return None


def is_hosted_service(url: str) -> bool:
    """Whether it is a service that is known to run elsewhere."""
    host = urlsplit(url).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in _HOSTED)


def is_ours(url: str) -> bool:
    """Whether the host is this machine or one of a private network, as far as its name tells."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A name without a dot is resolved by the local network or by the containers' own.
        return "." not in host or host.endswith(_OUR_DOMAINS)
    return address.is_private or address.is_loopback or address.is_link_local
