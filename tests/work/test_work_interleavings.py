"""Whatever two workers on one store go through, nothing is lost, submitted twice, told twice, paid twice or stuck.

The pasts are the same in each run, unless SHOWREEL_TEST_EXAMPLES asks for so many fresh ones.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.provider import Outcome, SimulatedProvider
from tests.work.interleaving import POLICY, Pair

EXAMPLES = int(os.environ.get("SHOWREEL_TEST_EXAMPLES", "12"))
EXAMPLES_A_RUN = 50
RUNS = max(1, -(-EXAMPLES // EXAMPLES_A_RUN))
SILENT = {Outcome.TIMEOUT, Outcome.SLOW, Outcome.HUGE}
"""What takes real time, and shows the bot nothing that others don't."""

numbers = st.integers(0, 5)
bots = st.integers(0, 1)
pauses = st.sampled_from([timedelta(seconds=5), timedelta(seconds=40), POLICY.lease, POLICY.give_up_after])
outcomes = st.one_of(st.just(Outcome.OK), st.sampled_from([one for one in Outcome if one not in SILENT]))
Action = tuple[str, tuple[object, ...], dict[str, object]]


def action(
    name: str, *values: st.SearchStrategy[object], **named: st.SearchStrategy[object]
) -> st.SearchStrategy[Action]:
    return st.tuples(st.just(name), st.tuples(*values), st.fixed_dictionaries(named))


asking = action("ask", outcomes, has_card=st.booleans())
turning = action("turn", bots)
going = action("go", numbers, st.integers(1, 25))
stops = st.sampled_from(["before submit", "after submit", "before poll", "after poll", "before tell", "after tell"])
going_to = action("go_to", numbers, stops)
actions = st.one_of(
    asking,
    turning,
    turning,
    going,
    going_to,
    going_to,
    going_to,
    action("lose", numbers),
    action("cut", numbers, st.integers(0, 30)),
    action("die", bots),
    action("wait", pauses),
    action("cancel", numbers),
    action("decide", numbers, st.sampled_from(["give_up", "submit_again", "attach"])),
)
pasts = st.tuples(st.lists(asking, min_size=1, max_size=2), st.lists(actions, min_size=8, max_size=50))


ASKED: Sequence[Action] = [("ask", (Outcome.OK,), {"has_card": True})]
SUBMITTED_THEN_DEAD: Sequence[Action] = [("go_to", (0, "after submit"), {}), ("die", (0,), {}), ("turn", (1,), {})]
LOST: Sequence[Action] = [
    *SUBMITTED_THEN_DEAD,
    ("go_to", (0, "the end"), {}),
    ("go_to", (0, "the end"), {}),
    ("turn", (0,), {}),
]
TOLD_THEN_DEAD: Sequence[Action] = [
    ("go_to", (0, "the end"), {}),
    ("go_to", (0, "the end"), {}),
    ("go_to", (0, "after tell"), {}),
    ("die", (0,), {}),
    ("turn", (1,), {}),
]
TOLD_BY_BOTH: Sequence[Action] = [
    ("go_to", (0, "the end"), {}),
    ("go_to", (0, "the end"), {}),
    ("go_to", (0, "before tell"), {}),
    ("wait", (POLICY.lease,), {}),
    ("turn", (1,), {}),
    ("go_to", (1, "the end"), {}),
    ("go_to", (0, "the end"), {}),
]


@pytest.mark.parametrize("run", range(RUNS))
@given(past=pasts)
@example(past=(ASKED, SUBMITTED_THEN_DEAD))
@example(past=(ASKED, [*LOST, ("decide", (0, "submit_again"), {}), ("die", (0,), {})]))
@example(past=(ASKED, [*LOST, ("decide", (0, "attach"), {}), ("die", (0,), {})]))
@example(past=(ASKED, TOLD_THEN_DEAD))
@example(past=(ASKED, TOLD_BY_BOTH))
@settings(
    max_examples=min(EXAMPLES, EXAMPLES_A_RUN),
    deadline=None,
    print_blob=True,
    derandomize="SHOWREEL_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_whatever_two_workers_go_through_every_end_is_told_and_settled_once(
    past: tuple[Sequence[Action], Sequence[Action]],
    run: int,
    migrated_file: Path,
    clip: bytes,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated_file, Path(folder) / "showreel.db")
        asyncio.run(live_through([*past[0], *past[1]], Path(folder), clip))


async def live_through(past: Sequence[Action], folder: Path, clip: bytes) -> None:
    async with AsyncExitStack() as stack:
        simulated = await stack.enter_async_context(SimulatedProvider(pace=0.0, clip=clip))
        pair = Pair(folder, stack, simulated)
        await pair.open()
        for name, values, named in past:
            await getattr(pair, name)(*values, **named)
            pair.check()
        await pair.come_to_rest()
        pair.check()
        pair.check_rest()
