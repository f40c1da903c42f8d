"""Who may see the page."""

import pytest
from pydantic import SecretStr

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.dashboard.server import DashboardOptions

REDIS = SecretStr("redis://127.0.0.1:6379/0")
LOGIN = SecretStr("me:secret")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_needs_no_login(address: str) -> None:
    DashboardOptions(REDIS, address).check()


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "", "::", "host"])
def test_the_network_needs_one(address: str) -> None:
    with pytest.raises(ConfigurationError, match="add --basic-auth USER:PASSWORD"):
        DashboardOptions(REDIS, address).check()
    DashboardOptions(REDIS, address, login=LOGIN).check()


@pytest.mark.parametrize("login", ["me", "me:", ":secret"])
def test_half_a_login_is_refused(login: str) -> None:
    with pytest.raises(ConfigurationError, match="must be USER:PASSWORD"):
        DashboardOptions(REDIS, login=SecretStr(login)).check()
