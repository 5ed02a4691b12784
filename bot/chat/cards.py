"""The card: the message that shows a generation's state, and the notices that tell of its end."""

from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.chat import problems, texts
from bot.chat.links import Links
from bot.domain.generation import Generation, Reason, State
from bot.domain.request import Options
from bot.i18n import _
from bot.reports.labels import dollars

PROMPT_SHOWN = 1000
"""Characters of a prompt on the card; the whole prompt may have 4,000."""

NAME_SHOWN = 90
"""Characters of a thread's name; Discord takes 100."""

_COLOURS = {
    State.ACCEPTED: discord.Colour.light_grey(),
    State.SUBMITTING: discord.Colour.light_grey(),
    State.RUNNING: discord.Colour.blurple(),
    State.UNCONFIRMED: discord.Colour.gold(),
    State.SUCCEEDED: discord.Colour.green(),
    State.FAILED: discord.Colour.red(),
    State.CANCELLED: discord.Colour.dark_grey(),
    State.EXPIRED: discord.Colour.red(),
}


def card(generation: Generation, usual: timedelta | None = None) -> discord.Embed:
    """The card as it is now; times are Discord timestamps, so that it ages without being edited."""
    request = generation.request
    embed = discord.Embed(
        title=f"{texts.operation_name(request.operation)} · {request.model}",
        description=_("Prompt and files were erased.") if generation.erased_at else _quoted(request.prompt),
        colour=_COLOURS[generation.state],
    )
    embed.add_field(name=texts.state_name(generation.state), value=_state_line(generation, usual), inline=False)
    settings = _settings(request.options)
    if settings:
        embed.add_field(name=_("Settings"), value=settings, inline=False)
    price = _price_line(generation)
    if price:
        embed.add_field(name=_("Price"), value=price, inline=False)
    if generation.warnings:
        embed.add_field(name=_("Note"), value=_warning_line(generation), inline=False)
    embed.set_footer(text=generation.id)
    return embed


def thread_name(generation: Generation) -> str:
    """A name for the thread: the beginning of the prompt, else the operation."""
    words = " ".join((generation.request.prompt or "").split())
    return words[:NAME_SHOWN] or texts.operation_name(generation.request.operation)


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is remarked about results: whether one was made smaller, how many can't be used, and whether others can."""

    shrunk: bool = False
    unusable: int = 0
    has_usable: bool = True


def success(generation: Generation, links: Links, remarks: Remarks = Remarks()) -> str:
    """The text that comes with finished videos; `links` are results that could not be posted as files."""
    if remarks.unusable and not remarks.has_usable:
        return _with_mark(generation, _useless_lines(generation))
    lines = [_("{who} your video is ready.", who=_mention(generation))]
    if remarks.unusable:
        lines.append(_("Some of what the video service handed over can't be posted here: it is no usable video."))
    if remarks.shrunk:
        lines.append(_("It was too large for this server, so it was made smaller to fit."))
    return _with_mark(generation, [*lines, *links.reasons(), *links.addresses()])


def further(generation: Generation, number: int, links: Links) -> str:
    """The text of the second and each further message of finished videos; they mention nobody."""
    return "\n".join([*links.addresses(), f"{mark(generation)} · {number}"])


def ending(generation: Generation) -> str:
    """The text that tells of any other end, and whether it was counted."""
    if generation.state is State.UNCONFIRMED:
        return _with_mark(generation, _unconfirmed_lines(generation))
    who, reason = _mention(generation), problems.reason(generation)
    if generation.reason in {Reason.UNDECIDED, Reason.ABANDONED}:  # not made, or made and lost: nobody knows
        return _with_mark(generation, [f"{who} {reason}", _("It no longer counts against your limits.")])
    return _with_mark(
        generation,
        [
            _("{who} this video was not made. {reason}", who=who, reason=reason),
            _("It was not counted against your limits."),
        ],
    )


def slow(generation: Generation) -> str:
    """The text for a generation that takes longer than it should."""
    return _with_mark(
        generation,
        [
            _("{who} this one takes longer than expected.", who=_mention(generation)),
            _("I keep following it and tell you here how it ends. You can stop it with /cancel."),
        ],
    )


def mark(generation: Generation) -> str:
    """What a notice about this state of this generation can be recognised by."""
    return f"-# {generation.id} · {generation.state.value}"


def owner_notice(door_closed_by: str | None) -> str:
    """What the owner is told when the provider's door closes or opens."""
    if door_closed_by is None:
        return _("The video service takes requests again.")
    return _(
        "The video service refuses this bot's account (answer: {answer}). New requests are turned down until it takes"
        " them again. Check the balance and the key.",
        answer=door_closed_by,
    )


def _unconfirmed_lines(generation: Generation) -> list[str]:
    return [
        f"{_mention(generation)} {problems.reason(generation)}",
        _("I won't send it a second time by myself, so that it isn't paid for twice."),
        _("It counts against your limits until this is cleared up, for a few days at the most."),
    ]


def _useless_lines(generation: Generation) -> list[str]:
    lines = [_("{who} the video service finished, but handed over no usable video.", who=_mention(generation))]
    if generation.origin.guild_id is not None:
        lines.append(_("It counts all the same; a moderator can give that back with /mod release."))
    return lines


def _mention(generation: Generation) -> str:
    return f"<@{generation.origin.requester_id}>"


def _with_mark(generation: Generation, lines: list[str]) -> str:
    return "\n".join([*lines, mark(generation)])


def _quoted(prompt: str | None) -> str | None:
    if not prompt:
        return None
    shown = prompt if len(prompt) <= PROMPT_SHOWN else prompt[: PROMPT_SHOWN - 1] + "…"
    return texts.plain(shown)


def _state_line(generation: Generation, usual: timedelta | None) -> str:
    match generation.state:
        case State.ACCEPTED:
            return _waiting_line(generation)
        case State.SUBMITTING:
            return _("On its way to the video service.")
        case State.RUNNING:
            return _running_line(generation, usual)
        case State.SUCCEEDED:
            return problems.reason(generation) or _whereabouts(generation)
        case State.UNCONFIRMED | State.FAILED | State.CANCELLED | State.EXPIRED:
            return problems.reason(generation) or texts.state_name(generation.state)


def _waiting_line(generation: Generation) -> str:
    if generation.reason:
        return problems.reason(generation)
    if generation.attempt > 1 and generation.due_at:
        return _("The video service is busy. Next attempt {when}.", when=texts.instant(generation.due_at))
    return _("Accepted {when}.", when=texts.instant(generation.accepted_at))


def _running_line(generation: Generation, usual: timedelta | None) -> str:
    """Progress, honestly: the provider's own figure, else what is usual here."""
    lines = [_("Begun {when}.", when=texts.instant(generation.age_basis))]
    if generation.progress:
        lines.append(_("The video service says: {percent} % done.", percent=generation.progress))
    elif usual is not None:
        lines.append(_("This model usually takes about {span} here.", span=texts.span(usual)))
    if generation.deadline_told:
        lines.append(_("It takes longer than expected; I look less often now."))
    return " ".join(lines)


def _whereabouts(generation: Generation) -> str:
    if generation.erased_at:  # so is where it was delivered
        return _("Made {when}.", when=texts.instant(generation.state_at))
    if generation.told is not State.SUCCEEDED:
        return _("The video is being fetched.")
    if generation.told_as is None:
        return _("The video could not be delivered anywhere.")
    return _delivered_to(generation, generation.told_as.channel_id)


def _delivered_to(generation: Generation, place: int) -> str:
    if generation.thread_id == place:
        return _("The video is in the thread of this message.")
    if place == generation.origin.channel_id:
        return _("The video is below, in this channel.")
    if place == generation.origin.parent_id:
        return _("The video is in {channel}.", channel=f"<#{place}>")
    return _("The video was sent to you directly.")


def _warning_line(generation: Generation) -> str:
    options = ", ".join(texts.option_name(option) for option in generation.warnings)
    return _("{model} may not know this setting: {options}.", model=generation.request.model, options=options)


def _price_line(generation: Generation) -> str | None:
    """What was held for it, or charged in the end; nothing for one that ended without a video."""
    micros = generation.amounts.micros
    if generation.state.is_end and generation.state is not State.SUCCEEDED:
        return None
    if micros is None:
        return _("unknown")
    figure = dollars(micros)
    if generation.state is State.SUCCEEDED:
        return figure
    if generation.micros_per_second:
        return _("up to {money}", money=figure)  # in the end it is that of the real length
    return _("about {money}", money=figure)


def _settings(options: Options) -> str:
    given = {name: value for name, value in options.given().items() if name != "negative_prompt"}
    return " · ".join(f"{texts.option_name(name)}: {_value(name, value)}" for name, value in given.items())


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if name == "duration":
        return _("the model chooses") if value == -1 else _("{seconds} s", seconds=value)
    return texts.word(str(value))
