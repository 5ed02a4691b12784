"""The budget of calls: never passed, and shared in an orderly way."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.work.budget import BURST, CallBudget

NOW = timedelta(0)


class Seconds:
    """A monotonic clock that is driven."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@given(
    st.integers(1, 3_000),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 40), st.booleans()), max_size=60),
)
def test_no_minute_has_more_calls_than_the_budget_and_its_burst(
    calls_per_minute: int, asked: list[tuple[float, int, bool]]
) -> None:
    clock = Seconds()
    budget = CallBudget(calls_per_minute, clock)
    granted: list[float] = []
    for pause, times, urgent in asked:
        clock.at += pause
        granted += [clock.at for _ in range(times) if budget.take(urgent=urgent) == NOW]
    most = calls_per_minute + max(1.0, calls_per_minute / 60 * BURST.total_seconds())
    for start in granted:
        assert sum(start <= at < start + 60 for at in granted) <= most + 0.01


@given(st.integers(1, 3_000), st.integers(1, 200))
def test_whoever_waits_is_given_a_moment_of_their_own(calls_per_minute: int, waiting: int) -> None:
    budget = CallBudget(calls_per_minute, Seconds())
    while budget.take() == NOW:
        pass
    waits = [budget.take().total_seconds() for _ in range(waiting)]
    apart = 60 / calls_per_minute
    assert all(later - earlier > apart * 0.99 for earlier, later in pairwise(waits))


@given(st.integers(1, 3_000), st.integers(1, 100))
def test_whoever_comes_back_at_their_moment_is_served(calls_per_minute: int, waiting: int) -> None:
    clock = Seconds()
    budget = CallBudget(calls_per_minute, clock)
    while budget.take() == NOW:
        pass
    moments = [budget.take().total_seconds() for _ in range(waiting)]
    for moment in moments:
        clock.at = moment + 1e-6
        assert budget.take() == NOW


def test_urgent_calls_need_not_queue_behind_polls() -> None:
    clock = Seconds()
    budget = CallBudget(1_000, clock)
    while budget.take() == NOW:
        pass
    for _ in range(5_000):
        budget.take()
    assert budget.take(urgent=True) == NOW
    assert budget.take() > timedelta(minutes=4)


def test_urgent_calls_beyond_what_is_kept_queue_among_themselves_alone() -> None:
    clock = Seconds()
    budget = CallBudget(600, clock)
    while budget.take() == NOW:
        pass
    for _ in range(5_000):
        budget.take()
    while (first := budget.take(urgent=True)) == NOW:
        pass
    waits = [first.total_seconds(), *(budget.take(urgent=True).total_seconds() for _ in range(9))]
    assert max(waits) <= 1.01
    for wait in waits:
        clock.at = wait + 1e-6
        assert budget.take() > NOW
        assert budget.take(urgent=True) == NOW


def test_an_idle_budget_saves_up_five_seconds_of_calls_at_most() -> None:
    clock = Seconds()
    budget = CallBudget(600, clock)
    clock.at = 3_600.0
    granted = 0
    while budget.take(urgent=True) == NOW:
        granted += 1
    assert granted == 50
