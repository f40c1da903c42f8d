import pytest

from workfleet.workers.providers.server_load import ServerLoad, server_load

TOLD = b"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a"} 3.0
vllm:num_requests_running{engine="1",model_name="a"} 2.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="a"} 0.0
vllm:num_requests_waiting{engine="1",model_name="a"} 1.0
vllm:kv_cache_usage_perc{engine="0",model_name="a"} 0.25
"""


def test_engines_are_summed_up() -> None:
    assert server_load(TOLD) == ServerLoad(running=5, waiting=1)


@pytest.mark.parametrize("body", [b"", b"<html>", b"vllm:num_requests_running 1", TOLD.replace(b"3.0", b"e-+")])
def test_what_does_not_tell_it_is_no_load(body: bytes) -> None:
    assert server_load(body) is None
