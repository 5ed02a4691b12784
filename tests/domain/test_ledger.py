"""The arithmetic of the ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ledger import Amounts, Entry, EntryKind, hold, refund, release, settle, used

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=40)
WANTED = Amounts(seconds=8, micros=400_000)
NOTHING = Amounts(generations=0, seconds=0, micros=0)

amounts = st.builds(
    Amounts, generations=st.integers(0, 100), seconds=st.integers(0, 10**6), micros=st.none() | st.integers(0, 10**12)
)
lives = st.lists(st.tuples(amounts, amounts, st.sampled_from(["hold", "release", "settle", "refund"])))


def entries_of(generation_id: str, wanted: Amounts, real: Amounts, until: str) -> list[Entry]:
    """One generation's entries, its life followed so far."""
    held = hold(generation_id, wanted, NOW)
    released, charged = settle(held, real, LATER)
    return {
        "hold": [held],
        "release": [held, release(held, LATER)],
        "settle": [held, released, charged],
        "refund": [held, released, charged, refund(charged, LATER)],
    }[until]


def sums(entries: Sequence[Entry], kind: EntryKind, releases: EntryKind | None = None) -> tuple[int, int, int]:
    """The sums of the entries of one kind, in all three measures."""
    chosen = [each.amounts for each in entries if (each.kind, each.releases) == (kind, releases)]
    return (
        sum(each.generations for each in chosen),
        sum(each.seconds for each in chosen),
        sum(each.micros or 0 for each in chosen),
    )


@given(lives)
def test_used_is_held_and_charged_less_what_was_given_back(lives: list[tuple[Amounts, Amounts, str]]) -> None:
    entries = [each for number, life in enumerate(lives) for each in entries_of(str(number), *life)]
    taken = zip(sums(entries, EntryKind.HOLD), sums(entries, EntryKind.CHARGE), strict=True)
    back = zip(
        sums(entries, EntryKind.RELEASE, EntryKind.HOLD),
        sums(entries, EntryKind.RELEASE, EntryKind.CHARGE),
        strict=True,
    )
    expected = [sum(plus) - sum(minus) for plus, minus in zip(taken, back, strict=True)]
    total = used(entries)
    assert [total.generations, total.seconds, total.micros] == expected


@given(lives, st.integers(min_value=0))
def test_used_is_never_negative_at_any_instant(lives: list[tuple[Amounts, Amounts, str]], instant: int) -> None:
    entries = [each for number, life in enumerate(lives) for each in entries_of(str(number), *life)]
    total = used(entries[: instant % (len(entries) + 1)])
    assert min(total.generations, total.seconds, total.micros or 0) >= 0


@given(amounts, amounts, st.sampled_from(["release", "settle", "refund"]))
def test_what_was_held_is_given_back_whole(wanted: Amounts, real: Amounts, until: str) -> None:
    entries = entries_of("g1", wanted, real, until)
    assert used(each for each in entries if EntryKind.HOLD in {each.kind, each.releases}) == NOTHING
    assert [each.amounts for each in entries if each.releases is EntryKind.HOLD] == [wanted]


@given(amounts, amounts)
def test_a_success_uses_the_real_figures(wanted: Amounts, real: Amounts) -> None:
    total = used(entries_of("g1", wanted, real, "settle"))
    assert (total.generations, total.seconds, total.micros) == (real.generations, real.seconds, real.micros or 0)


@given(amounts, amounts)
def test_a_refund_leaves_nothing_used(wanted: Amounts, real: Amounts) -> None:
    assert used(entries_of("g1", wanted, real, "refund")) == NOTHING


def test_every_entry_belongs_to_the_instant_of_its_hold() -> None:
    entries = entries_of("g1", WANTED, WANTED, "refund")
    assert {each.held_at for each in entries} == {NOW}
    assert [each.at for each in entries] == [NOW, LATER, LATER, LATER]


def test_a_refund_names_the_charge_and_a_release_the_hold() -> None:
    kinds = [(each.kind, each.releases) for each in entries_of("g1", WANTED, WANTED, "refund")]
    assert kinds == [
        (EntryKind.HOLD, None),
        (EntryKind.RELEASE, EntryKind.HOLD),
        (EntryKind.CHARGE, None),
        (EntryKind.RELEASE, EntryKind.CHARGE),
    ]


def test_an_unknown_price_stays_unknown_in_the_entry() -> None:
    held = hold("g1", Amounts(seconds=8), NOW)
    assert held.amounts.micros is None
    assert used([held]).micros == 0
