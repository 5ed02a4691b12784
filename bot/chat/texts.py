"""The words for operations, options, states, reasons and figures."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from discord.utils import format_dt

from bot.domain.catalog import Price, PriceUnit
from bot.domain.generation import Reason, State
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.quote import Quote
from bot.domain.request import InputRole, MediaKind, Operation
from bot.i18n import N_, _, n_
from bot.reports.labels import dollars

WORD_SHOWN = 100
"""Characters that a sentence repeats of what a member typed; Discord takes up to 6,000 in an option."""

LISTED = 12
"""How many models a sentence names before it says how many more there are."""

_MARKS = re.compile(r"[\\*_~`|\[\]<>]")
_LINE_MARKS = re.compile(r"^(\s*)([#-])", re.MULTILINE)
"""What means something anywhere, and at the beginning of a line (Discord's Markdown)."""

OPERATIONS: Mapping[Operation, str] = MappingProxyType(
    {
        Operation.TEXT: N_("Text to video"),
        Operation.IMAGE: N_("Image to video"),
        Operation.REFERENCE: N_("Reference to video"),
        Operation.FRAMES: N_("Start and end frames"),
        Operation.TRANSFORM: N_("Video to video"),
        Operation.MOTION: N_("Motion control"),
        Operation.AUDIO: N_("Audio to video"),
        Operation.EXTENSION: N_("Video extension"),
    }
)

OPTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "duration": N_("duration"),
        "aspect_ratio": N_("aspect ratio"),
        "resolution": N_("resolution"),
        "sound": N_("sound"),
        "negative_prompt": N_("negative prompt"),
        "seed": N_("seed"),
        "cfg_scale": N_("cfg scale"),
        "motion_strength": N_("motion strength"),
        "fps": N_("frames per second"),
        "role": N_("reference role"),
        "extend_at": N_("extend at"),
        "extend_times": N_("extend times"),
    }
)

ROLES: Mapping[InputRole, str] = MappingProxyType(
    {
        InputRole.IMAGE: N_("an image"),
        InputRole.START: N_("a start image"),
        InputRole.END: N_("an end image"),
        InputRole.VIDEO: N_("a video"),
        InputRole.AUDIO: N_("a sound"),
        InputRole.REFERENCE_IMAGE: N_("a reference image"),
        InputRole.REFERENCE_VIDEO: N_("a reference video"),
        InputRole.REFERENCE_AUDIO: N_("a reference sound"),
    }
)

KINDS: Mapping[MediaKind, str] = MappingProxyType(
    {MediaKind.IMAGE: N_("an image"), MediaKind.VIDEO: N_("a video"), MediaKind.AUDIO: N_("a sound")}
)

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.BAD_INPUT: N_("An attached file can't be used."),
        Reason.MODERATED: N_("The prompt is not allowed here. Nothing was counted; try other words."),
        Reason.WAITING: N_(
            "The video service takes nothing at the moment. This video waits, and goes out once it does."
        ),
        Reason.DISK_FULL: N_("This bot has no room for files at the moment. It goes on by itself once there is some."),
        Reason.UNMODERATED: N_("The prompt could not be checked, so nothing was made. Try again in a few minutes."),
        Reason.REFUSED: N_("The video service turned the request down. Try other options or another model."),
        Reason.POLICY: N_("The video service's content rules don't allow this. Try other words or other pictures."),
        Reason.UNAVAILABLE: N_("This model is not available at the moment. Try another one, or this one later."),
        Reason.BUSY: N_("The video service is too busy at the moment. Try again in a few minutes."),
        Reason.UNREACHABLE: N_("The video service could not be reached. Try again in a few minutes."),
        Reason.DOOR_CLOSED: N_("Videos can't be made at the moment. The bot's owner has been told."),
        Reason.PROVIDER_FAILED: N_("The video service could not finish this video."),
        Reason.NO_OUTPUT: N_("The video service finished without a video."),
        Reason.TASK_LOST: N_("The video service doesn't know this video any more."),
        Reason.EXPIRED: N_("The video service let this one expire before it was done."),
        Reason.GIVEN_UP: N_("This took longer than anything should, so I stopped waiting for it."),
        Reason.BY_REQUESTER: N_("You cancelled it."),
        Reason.BY_MODERATOR: N_("A moderator cancelled it."),
        Reason.BY_PROVIDER: N_("It was cancelled at the video service."),
        Reason.ABANDONED: N_("It was given up: nobody knows whether the video service ever made it."),
        Reason.NO_ANSWER: N_("I handed your request over, but no answer came back: it may or may not be under way."),
        Reason.UNDECIDED: N_("Nobody ever learned what became of this request."),
    }
)

_STATES: Mapping[State, str] = MappingProxyType(
    {
        State.ACCEPTED: N_("Waiting to be handed over"),
        State.SUBMITTING: N_("Being handed over"),
        State.RUNNING: N_("In the making"),
        State.UNCONFIRMED: N_("Unclear"),
        State.SUCCEEDED: N_("Done"),
        State.FAILED: N_("Failed"),
        State.CANCELLED: N_("Cancelled"),
        State.EXPIRED: N_("Expired"),
    }
)


def operation_name(operation: Operation) -> str:
    """An operation as people call it."""
    return _(OPERATIONS[operation])


def option_name(option: str) -> str:
    """An option as people call it."""
    return _(OPTION_NAMES[option])


def state_name(state: State) -> str:
    """A state as people call it."""
    return _(_STATES[state])


def size(count: int) -> str:
    """A size in megabytes (1,048,576 bytes each, as Discord counts)."""
    return _("{megabytes:.1f} MB", megabytes=count / 1_048_576)


def span(length: timedelta) -> str:
    """A length of time, roughly."""
    seconds = max(1, round(length.total_seconds()))
    if seconds < 90:
        return n_("{count} second", "{count} seconds", seconds)
    if seconds < 5400:
        return n_("{count} minute", "{count} minutes", round(seconds / 60))
    return n_("{count} hour", "{count} hours", round(seconds / 3600))


def instant(at: datetime, style: str = "R") -> str:
    """An instant as a Discord timestamp, shown in each reader's own time zone."""
    return format_dt(at, style)  # type: ignore[arg-type]  # the styles are a Literal there


def limit_name(limit: Limit) -> str:
    """A limit in words: whose, how much, and in which span."""
    whose = {
        Scope.BOT: _("the whole bot"),
        Scope.GUILD: _("this server"),
        Scope.ROLE: _("your role"),
        Scope.MEMBER: _("you") if limit.scope_id else _("each member"),
    }[limit.scope]
    return _("{what} for {whose}", what=whole_amount(limit), whose=whose)


def whole_amount(limit: Limit) -> str:
    """How much a limit allows, and in which span."""
    count = limit.amount
    match limit.measure:
        case Measure.CONCURRENT:
            return n_("{count} video at a time", "{count} videos at a time", count)
        case Measure.COOLDOWN:
            return n_("{count} second between videos", "{count} seconds between videos", count)
        case Measure.GENERATIONS | Measure.SECONDS | Measure.MICROS:
            what = amount(limit.measure, count)
        case _:
            assert_never(limit.measure)
    spans = {
        Window.HOUR: _("an hour"),
        Window.DAY: _("a day"),
        Window.WEEK: _("a week"),
        Window.MONTH: _("a month"),
    }
    return what if limit.window is None else _("{what} {window}", what=what, window=spans[limit.window])


def amount(measure: Measure, count: int) -> str:
    """So much of what a limit counts."""
    match measure:
        case Measure.GENERATIONS | Measure.CONCURRENT:
            return n_("{count} video", "{count} videos", count)
        case Measure.SECONDS:
            return n_("{count} second of video", "{count} seconds of video", count)
        case Measure.MICROS:
            return dollars(count)
        case Measure.COOLDOWN:
            return n_("{count} second", "{count} seconds", count)
        case _:
            assert_never(measure)


def price(found: Price) -> str:
    """A model's price, for whatever it is counted in."""
    least, most = _exactly(found.least), _exactly(found.most)
    span = least if least == most else f"{least}-{most}"
    match found.unit:
        case PriceUnit.SECOND:
            return _("${span} a second", span=span)
        case PriceUnit.REQUEST:
            return _("${span} a video", span=span)
        case PriceUnit.MILLION_TOKENS:
            return _("${span} per million tokens", span=span)
        case _:
            assert_never(found.unit)


def quoted(found: Quote) -> str:
    """What a request will cost, as far as it can be told; else what the model's price is."""
    if found.micros is not None:
        figure = dollars(found.micros)
        return _("up to {money}", money=figure) if found.is_span else figure
    return _("price unknown") if found.basis is None else price(found.basis)


def limit_source(limit: Limit) -> str:
    """Where a limit comes from."""
    if limit.is_default:
        return _("the bot's configuration")
    match limit.scope:
        case Scope.BOT:
            return _("the bot's owner")
        case Scope.GUILD:
            return _("this server")
        case Scope.ROLE:
            return _("your role {role}", role=f"<@&{limit.scope_id}>")
        case Scope.MEMBER:
            return _("set for you") if limit.scope_id else _("this server")
        case _:
            assert_never(limit.scope)


def listed(names: tuple[str, ...]) -> str:
    """Names in a row, the long tail counted."""
    shown = ", ".join(names[:LISTED])
    more = len(names) - LISTED
    return shown if more <= 0 else _("{names} and {count} more", names=shown, count=more)


def channels(ids: tuple[int, ...]) -> str:
    """Channels and categories as links."""
    return listed(tuple(f"<#{channel_id}>" for channel_id in ids))


def plain(text: str) -> str:
    """Text from outside, with nothing in it that Discord would format, link under other words, or show as a mention."""
    return _LINE_MARKS.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", text))


def word(text: str) -> str:
    """A word from outside inside a sentence of ours: plain, and clipped."""
    return plain(text if len(text) <= WORD_SHOWN else text[: WORD_SHOWN - 1] + "…")


def _exactly(micros: int) -> str:
    """Dollars with two decimals, or as many as there are."""
    whole, _point, parts = f"{micros / 1_000_000:,.6f}".rstrip("0").partition(".")
    return f"{whole}.{parts:0<2}"
