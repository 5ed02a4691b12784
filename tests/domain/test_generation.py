"""The states of a generation and the arrows between them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.generation import ARROWS, CONCURRENT_STATES, ForbiddenArrowError, Generation, Origin, Reason, State
from bot.domain.ledger import Amounts
from bot.domain.request import Operation, Request

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ENDS = {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED}
ACCEPTED = Generation(
    id="g1",
    member_key="m1",
    request=Request(operation=Operation.TEXT, model="veo3.1-fast", prompt="a lighthouse"),
    origin=Origin(
        interaction_id=1,
        interaction_token="token",
        guild_id=None,
        channel_id=2,
        requester_id=3,
        locale="en-GB",
        in_thread=True,
        upload_limit=4,
    ),
    amounts=Amounts(),
    state=State.ACCEPTED,
    provider="tokenlab",
    accepted_at=NOW,
    state_at=NOW,
    due_at=NOW,
)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_a_walk_stays_on_the_arrows(wishes: list[State]) -> None:
    here = ACCEPTED
    for number, wish in enumerate(wishes):
        at = NOW + timedelta(seconds=number)
        if wish in ARROWS[here.state]:
            moved = here.move(wish, at)
            assert moved == replace(here, state=wish, state_at=at, due_at=at)
            here = moved
        else:
            with pytest.raises(ForbiddenArrowError, match=f"g1: {here.state} -> {wish}"):
                here.move(wish, at)


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_leads_to_an_end(state: State) -> None:
    assert state in reachable(State.ACCEPTED)
    assert reachable(state) & ENDS


def reachable(state: State) -> set[State]:
    found, new = {state}, {state}
    while new:
        new = {after for before in new for after in ARROWS[before]} - found
        found |= new
    return found


@pytest.mark.parametrize("state", State)
def test_an_end_has_no_arrow(state: State) -> None:
    assert state.is_end == (state in ENDS) == (not ARROWS[state])


def test_what_was_handed_over_is_handed_over_again_only_from_accepted() -> None:
    assert {state for state in State if State.SUBMITTING in ARROWS[state]} == {State.ACCEPTED}
    assert State.ACCEPTED not in ARROWS[State.UNCONFIRMED] | ARROWS[State.RUNNING]


def test_ends_and_the_unconfirmed_are_told() -> None:
    assert {state for state in State if state.is_told} == ENDS | {State.UNCONFIRMED}


def test_an_end_is_told_once() -> None:
    failed = ACCEPTED.move(State.FAILED, NOW, reason=Reason.BAD_INPUT)
    assert not ACCEPTED.is_to_be_told
    assert failed.is_to_be_told
    assert not failed.evolve(told=State.FAILED).is_to_be_told


def test_having_told_that_it_is_unconfirmed_does_not_tell_the_end() -> None:
    unconfirmed = ACCEPTED.move(State.SUBMITTING, NOW).move(State.UNCONFIRMED, NOW).evolve(told=State.UNCONFIRMED)
    assert unconfirmed.move(State.FAILED, NOW).is_to_be_told


def test_under_way_are_those_that_the_provider_may_still_work_on() -> None:
    assert {State.ACCEPTED, State.SUBMITTING, State.RUNNING} == CONCURRENT_STATES


def test_a_move_may_say_when_the_next_step_is_due() -> None:
    later = NOW + timedelta(minutes=1)
    assert ACCEPTED.move(State.SUBMITTING, NOW, due_at=later).due_at == later


def test_it_runs_from_submission_on_or_else_from_acceptance() -> None:
    later = NOW + timedelta(seconds=10)
    assert ACCEPTED.running_for(later) == timedelta(seconds=10)
    assert ACCEPTED.evolve(submitted_at=later).running_for(later) == timedelta()
