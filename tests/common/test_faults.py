"""Kill points: what is armed strikes at its hit, and nothing else does anything."""

import os
import signal
import time

import pytest

from common import faults
from common.faults import Fault, FaultInjected, parse_faults


@pytest.fixture(autouse=True)
def _disarm():
    yield
    faults.arm("")


def test_a_point_that_is_not_armed_does_nothing() -> None:
    faults.arm("there=raise")

    faults.point("elsewhere")

    assert not faults.is_armed("elsewhere")
    assert faults.is_armed("there")


def test_a_point_strikes_at_its_hit_alone() -> None:
    faults.arm("here=raise@2")

    faults.point("here")
    with pytest.raises(FaultInjected):
        faults.point("here")
    faults.point("here")


def test_a_star_strikes_each_time() -> None:
    faults.arm("here=raise@*")

    for _ in range(3):
        with pytest.raises(FaultInjected):
            faults.point("here")


def test_a_point_can_dawdle() -> None:
    faults.arm("here=sleep:0.05")
    began = time.monotonic()

    faults.point("here")

    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize(("action", "number"), [("kill", signal.SIGKILL), ("stop", signal.SIGSTOP)])
def test_a_point_can_end_or_freeze_its_process(action: str, number: int) -> None:
    pid = os.fork()
    if not pid:
        faults.arm(f"here={action}")
        faults.point("here")
        os._exit(0)

    _, status = os.waitpid(pid, os.WUNTRACED)

    if os.WIFSTOPPED(status):
        assert os.WSTOPSIG(status) == number
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    else:
        assert os.WTERMSIG(status) == number


def test_the_form_is_read_whole() -> None:
    assert parse_faults("a.b=kill@3, c=sleep:1.5@*,") == {
        "a.b": Fault("kill", 3, 0.0),
        "c": Fault("sleep", 0, 1.5),
    }


@pytest.mark.parametrize("text", ["a", "a=explode", "a=kill@x", "a=sleep:x"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_faults(text)
