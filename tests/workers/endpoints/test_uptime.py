from workfleet.workers.endpoints.uptime import Uptime


def test_it_is_the_share_of_time_in_which_it_was_up() -> None:
    now = [100.0]
    uptime = Uptime(clock=lambda: now[0])
    assert uptime.share(up=True) == 1.0
    shares = list[float]()
    for up in (False, False, True, True):
        now[0] += 10.0
        shares.append(uptime.share(up=up))
    assert shares == [1.0, 0.5, 1 / 3, 0.5]
