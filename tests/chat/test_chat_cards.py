"""What cards and notices say, and that Discord takes it whatever was asked for."""

from datetime import timedelta

import discord
import pytest

from bot.chat import cards
from bot.chat.links import Links, endless
from bot.domain.errors import BadFile, FileFault
from bot.domain.generation import Generation, MessageRef, Reason, State
from bot.domain.ledger import Amounts
from bot.domain.request import RANGES, MediaKind, Operation, Options, ReferenceRole
from tests.chat.samples import NOW, WILD, WILD_PROMPT, generation, origin, request
from tests.contracts.discord_openapi.check import violations

LONG_OPTIONS = Options(
    duration=60,
    aspect_ratio="*" * 6000,
    resolution="_" * 6000,
    sound=True,
    negative_prompt=WILD_PROMPT,
    seed=4_294_967_295,
    cfg_scale=0.123456789012345,
    motion_strength=0.123456789012345,
    fps=120,
    role=ReferenceRole.STYLE,
    extend_at=86_400,
    extend_times=20,
)
MANY_LINKS = Links(
    too_large=tuple(f"https://x/a{number:04}" for number in range(28)),
    unposted=tuple(f"https://x/b{number:04}" for number in range(28)),
    unfetched=tuple(f"https://x/c{number:04}" for number in range(27)),
)
"""As many as go into one message."""

CARD = MessageRef(channel_id=12, message_id=99)


def complaints(embed: discord.Embed) -> list[str]:
    """What Discord would have against a message with this embed."""
    return violations("POST", "/channels/1/messages", {"embeds": [embed.to_dict()]})


def field(embed: discord.Embed, index: int = 0) -> str:
    return str(embed.fields[index].value)


def running(**changes: object) -> Generation:
    return generation(state=State.RUNNING, submitted_at=NOW, **changes)


@pytest.mark.parametrize("state", State)
def test_every_card_is_taken_by_discord(state: State) -> None:
    fault = BadFile(WILD * 3, MediaKind.IMAGE, FileFault.WRONG_FORMAT, WILD * 30, "PNG")
    made = generation(
        state=state,
        detail=fault.to_detail(),
        progress=50,
        deadline_told=True,
        attempt=3,
        request=request(prompt=WILD_PROMPT, options=LONG_OPTIONS, operation=Operation.EXTENSION),
        warnings=tuple(RANGES),
    )
    for reason in (None, *Reason):
        card = cards.card(made.evolve(reason=reason), timedelta(hours=40))
        assert complaints(card) == [], reason
        assert len(card) <= 6000


@pytest.mark.parametrize("state", State)
def test_every_notice_fits_a_message(state: State) -> None:
    fault = BadFile(WILD * 3, MediaKind.IMAGE, FileFault.WRONG_FORMAT, WILD * 30, "PNG")
    for reason in Reason:
        ended = generation(state=state, reason=reason, detail=fault.to_detail())
        for text in (cards.ending(ended), cards.slow(ended), cards.success(ended, MANY_LINKS)):
            assert violations("POST", "/channels/1/messages", {"content": text}) == [], reason
            assert len(text) <= 2000


@pytest.mark.parametrize("prompt", ["*" * 4000, "a" * 4000, "\n" * 4000, "`" * 4000, "\U0001f3a5" * 4000, " x "])
def test_any_prompt_can_be_shown(prompt: str) -> None:
    card = cards.card(generation(request=request(prompt=prompt)))
    assert complaints(card) == []


def test_a_prompt_is_shown_as_it_was_typed() -> None:
    card = cards.card(
        generation(request=request(prompt="**bold** `code` [here](https://evil.example)\n# big\n> quote"))
    )
    assert card.description == (
        r"\*\*bold\*\* \`code\` \[here\](https://evil.example)" + "\n" + r"\# big" + "\n" + r"\> quote"
    )


def test_a_long_prompt_is_cut_visibly() -> None:
    card = cards.card(generation(request=request(prompt="a" * 1001)))
    assert card.description == "a" * 999 + "…"


def test_a_request_without_a_prompt_has_a_card_without_a_text() -> None:
    assert cards.card(generation(request=request(prompt=None))).description is None


def test_a_card_names_operation_model_settings_and_generation() -> None:
    options = Options(duration=8, sound=False, aspect_ratio="16:9", negative_prompt="rain")
    card = cards.card(generation(request=request(options=options)))
    assert card.title == "Text to video · veo3.1-fast"
    assert field(card, 1) == "duration: 8 s · aspect ratio: 16:9 · sound: off"
    assert card.footer.text == "abcdefgh1234"


def test_a_duration_that_is_left_to_the_model_is_said_so() -> None:
    card = cards.card(generation(request=request(options=Options(duration=-1))))
    assert field(card, 1) == "duration: the model chooses"


def price_of(**facts: object) -> list[str]:
    """What stands under the price on a card."""
    return [str(each.value) for each in cards.card(generation(**facts)).fields if each.name == "Price"]


@pytest.mark.parametrize(
    ("micros", "before", "afterwards"),
    [
        (800_000, "about $0.80", "$0.80"),
        (1_234_567_890, "about $1,234.57", "$1,234.57"),
        (63_600, "about $0.0636", "$0.0636"),
        (0, "about $0.00", "$0.00"),
        (None, "unknown", "unknown"),
    ],
)
def test_a_card_shows_the_price_that_is_held_and_in_the_end_charged(
    micros: int | None, before: str, afterwards: str
) -> None:
    amounts = Amounts(seconds=8, micros=micros)
    for state in (State.ACCEPTED, State.SUBMITTING, State.RUNNING, State.UNCONFIRMED):
        assert price_of(state=state, amounts=amounts) == [before]
    assert price_of(state=State.SUCCEEDED, amounts=amounts) == [afterwards]


def test_a_card_shows_a_price_of_which_the_real_length_is_charged_as_the_most() -> None:
    amounts = Amounts(seconds=8, micros=800_000)
    assert price_of(state=State.RUNNING, amounts=amounts, micros_per_second=100_000) == ["up to $0.80"]
    assert price_of(state=State.SUCCEEDED, amounts=amounts, micros_per_second=100_000) == ["$0.80"]
    assert price_of(state=State.RUNNING, amounts=Amounts(micros=0), micros_per_second=0) == ["about $0.00"]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.EXPIRED])
def test_a_card_shows_no_price_for_what_was_not_charged(state: State) -> None:
    assert price_of(state=state, amounts=Amounts(micros=800_000)) == []


def test_a_card_warns_of_settings_that_the_model_may_not_know() -> None:
    card = cards.card(generation(warnings=("fps", "duration")))
    assert field(card, 3) == "veo3.1-fast may not know this setting: frames per second, duration."


def test_progress_is_the_services_own_figure_where_there_is_one() -> None:
    said = field(cards.card(running(progress=42), timedelta(seconds=95)))
    assert "The video service says: 42 % done." in said
    assert "usually" not in said


def test_progress_is_what_is_usual_here_where_there_is_no_figure() -> None:
    said = field(cards.card(running(), timedelta(seconds=95)))
    assert "This model usually takes about 2 minutes here." in said
    assert "%" not in said


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    assert field(cards.card(running())) == f"Begun {discord.utils.format_dt(NOW, 'R')}."


def test_a_card_ages_without_an_edit() -> None:
    assert discord.utils.format_dt(NOW, "R") in field(cards.card(generation()))


def test_another_attempt_is_announced() -> None:
    later = NOW + timedelta(seconds=40)
    said = field(cards.card(generation(attempt=2, due_at=later)))
    assert said == f"The video service is busy. Next attempt {discord.utils.format_dt(later, 'R')}."


@pytest.mark.parametrize(
    ("told_as", "said"),
    [
        (MessageRef(channel_id=99, message_id=1), "The video is in the thread of this message."),
        (MessageRef(channel_id=12, message_id=1), "The video is below, in this channel."),
        (MessageRef(channel_id=77, message_id=1), "The video was sent to you directly."),
        (None, "The video could not be delivered anywhere."),
    ],
)
def test_a_card_says_where_the_video_went(told_as: MessageRef | None, said: str) -> None:
    done = generation(state=State.SUCCEEDED, thread_id=99, told=State.SUCCEEDED, told_as=told_as, card=CARD)
    assert field(cards.card(done)) == said


def test_a_card_in_a_thread_names_the_channel_above_where_the_video_went() -> None:
    told_as = MessageRef(channel_id=10, message_id=1)
    inside = origin(parent_id=10, in_thread=True)
    done = generation(origin=inside, state=State.SUCCEEDED, told=State.SUCCEEDED, told_as=told_as, card=CARD)
    assert field(cards.card(done)) == "The video is in <#10>."


def test_a_card_says_that_the_video_is_being_fetched() -> None:
    assert field(cards.card(generation(state=State.SUCCEEDED))) == "The video is being fetched."


def test_a_notice_says_what_was_wrong_with_a_file() -> None:
    fault = BadFile("cat.gif", MediaKind.IMAGE, FileFault.WRONG_FORMAT, "GIF", "PNG, JPEG, WebP")
    told = cards.ending(generation(state=State.FAILED, reason=Reason.BAD_INPUT, detail=fault.to_detail()))
    assert told.splitlines() == [
        "<@13> this video was not made. “cat.gif” has a format that can't be used (GIF). These can: PNG, JPEG, WebP.",
        "It was not counted against your limits.",
        "-# abcdefgh1234 · failed",
    ]


def test_an_unclear_end_is_told_plainly() -> None:
    told = cards.ending(generation(state=State.UNCONFIRMED))
    assert "no answer came back" in told
    assert "not made" not in told
    assert "It counts against your limits until this is cleared up" in told


@pytest.mark.parametrize("reason", [Reason.UNDECIDED, Reason.ABANDONED])
def test_a_released_one_of_which_nothing_is_known_is_not_called_unmade(reason: Reason) -> None:
    told = cards.ending(generation(state=State.FAILED, reason=reason))
    assert "not made" not in told
    assert "It no longer counts against your limits." in told


def test_a_card_of_which_no_result_can_be_used_says_so_and_names_no_place_of_a_video() -> None:
    made = generation(state=State.SUCCEEDED, told=State.SUCCEEDED, told_as=CARD, reason=Reason.NO_OUTPUT)
    assert field(cards.card(made)) == "The video service finished without a video."


def test_only_the_first_message_mentions_the_requester() -> None:
    made = generation(state=State.SUCCEEDED, origin=origin(requester_id=13))
    assert "<@13>" in cards.success(made, Links())
    assert "<@" not in cards.further(made, 2, Links())


def test_notices_about_different_states_are_told_apart() -> None:
    assert len({cards.mark(generation(state=state)) for state in State}) == len(State)


def test_a_link_is_not_unfurled() -> None:
    text = cards.success(generation(state=State.SUCCEEDED), MANY_LINKS)
    assert {f"<{url}>" for url in MANY_LINKS.all} <= set(text.splitlines())


def test_an_odd_address_stays_within_its_link() -> None:
    links = Links(unfetched=("https://x/a> <@13> `b`\n# c",))
    made = generation(state=State.SUCCEEDED, origin=origin(requester_id=13))
    assert "<https://x/a%3E%20%3C@13%3E%20%60b%60%0A#%20c>" in cards.success(made, links).splitlines()
    assert cards.further(made, 2, links).count("<") == 1


def test_an_address_counts_as_long_as_it_is_written() -> None:
    short, long = "https://x/" + " " * 490, "https://x/" + " " * 500
    assert (endless((short,)), endless((long,))) == (0, 1)
    assert list(Links(unfetched=(long,)).batches()) == []


def test_as_many_links_as_go_into_one_message_fit_it_with_all_that_is_remarked() -> None:
    made = generation(state=State.SUCCEEDED, origin=origin(requester_id=10**18))
    assert list(MANY_LINKS.batches()) == [MANY_LINKS]
    assert len(list((MANY_LINKS + Links(unfetched=("https://x/more",))).batches())) == 2
    assert len(cards.success(made, MANY_LINKS, cards.Remarks(shrunk=True, unusable=2))) <= 2000


def test_a_link_says_what_is_known_of_its_life() -> None:
    for links in (Links(too_large=("https://x/a",)), Links(unposted=("https://x/a",)), Links(unfetched=("u",))):
        text = cards.success(generation(state=State.SUCCEEDED), links)
        assert "The video service doesn't say how long its links work" in text
    assert "links work" not in cards.success(generation(state=State.SUCCEEDED), Links())


def test_the_owner_is_told_what_the_service_answered() -> None:
    assert "402 insufficient_balance" in cards.owner_notice("402 insufficient_balance")
    assert cards.owner_notice(None) == "The video service takes requests again."
