"""The sentences for what was turned down and for what went wrong: each says how to mend it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.chat import limit_problems, texts, zones
from bot.domain import errors
from bot.domain.errors import BadFile, FileFault, Problem, RuleFault
from bot.domain.generation import Generation, Reason
from bot.i18n import N_, _

_FAULTS: Mapping[FileFault, str] = MappingProxyType(
    {
        FileFault.WRONG_KIND: N_("“{name}” is not {kind}."),
        FileFault.WRONG_FORMAT: N_("“{name}” has a format that can't be used ({found}). These can: {bound}."),
        FileFault.EMPTY: N_("“{name}” is empty."),
        FileFault.TOO_LARGE: N_("“{name}” is too large."),
        FileFault.TOO_SMALL_SIDES: N_("“{name}” is too small ({found} pixels): each side needs at least {bound}."),
        FileFault.TOO_LARGE_SIDES: N_("“{name}” is too large ({found} pixels): each side may have at most {bound}."),
        FileFault.UNREADABLE: N_("“{name}” can't be read: it seems damaged, or isn't what its name says."),
        FileFault.GONE: N_("An attached file could not be fetched any more. Please attach it again."),
    }
)

_RULE_FAULTS: Mapping[RuleFault, str] = MappingProxyType(
    {
        RuleFault.EMPTY: N_("The rule is empty. Give it a word, a phrase or a pattern."),
        RuleFault.TOO_LONG: N_("The rule has {found} characters; at most {bound} can be used."),
        RuleFault.NOT_A_PATTERN: N_(
            "That is not a pattern ({found}). Patterns have the RE2 syntax; anything else can be added as a word."
        ),
        RuleFault.TOO_LARGE: N_("That pattern is too large. Use fewer or smaller repetitions."),
        RuleFault.FITS_EMPTY: N_(
            "That pattern fits an empty text too, so it would stop every prompt. Let it ask for one character at least."
        ),
    }
)


def reason(generation: Generation) -> str:
    """Why a generation ended as it did, in a sentence; empty for one that needs none."""
    if generation.reason is None:
        return ""
    fault = BadFile.from_detail(generation.detail) if generation.reason is Reason.BAD_INPUT else None
    return problem(fault) if fault else _(texts.REASONS[generation.reason])


def problem(found: Problem) -> str:
    """A problem in a sentence that says how to mend it."""
    return _PROBLEMS[type(found)](found)


def _date_unreadable(found: errors.DateUnreadable) -> str:
    if not found.text.strip():
        return _("Say which days: give the first one in `from`, such as 2026-03-31, and the last one in `to`.")
    return _("“{text}” is not a day that a report can be about. Write it as 2026-03-31.", text=texts.word(found.text))


def _unknown_model(found: errors.UnknownModel) -> str:
    text = _("There is no model called “{model}”.", model=texts.word(found.model))
    if found.near:
        return text + " " + _("Did you mean {names}?", names=texts.listed(found.near))
    return text + " " + _("Choose one from the list that appears while you type, or see /models.")


def _model_cannot(found: errors.ModelCannot) -> str:
    return _(
        "{model} can't do {operation}; these can: {able}.",
        model=found.model,
        operation=found.operation,
        able=texts.listed(found.able),
    )


def _bad_file(found: BadFile) -> str:
    if found.fault is FileFault.TOO_LARGE and found.found.isdigit() and found.bound.isdigit():
        return _(
            "“{name}” is too large: {found}, where at most {bound} can be used.",
            name=texts.word(found.filename),
            found=texts.size(int(found.found)),
            bound=texts.size(int(found.bound)),
        )
    return _(
        _FAULTS[found.fault],
        name=texts.word(found.filename),
        kind=_(texts.KINDS[found.kind]),
        found=texts.word(found.found) or _("unknown"),
        bound=found.bound,
    )


def _blocked(found: errors.Blocked) -> str:
    text = _("You can't make videos here.")
    if found.until is not None:
        text += " " + _("That ends {when}.", when=texts.instant(found.until))
    return text + " " + _("Reason: {why}", why=texts.word(found.why)) if found.why else text


def _paused(found: errors.Paused) -> str:
    if found.everywhere:
        return _("No new videos are taken for now, by the wish of the bot's owner. Those under way go on.")
    return _("No new videos are taken here for now, by the wish of the moderators. Those under way go on.")


def _model_not_allowed(found: errors.ModelNotAllowed) -> str:
    text = _("You can't use {model} here.", model=texts.word(found.model))
    if found.allowed:
        return text + " " + _("You can use {allowed}.", allowed=texts.listed(found.allowed))
    return text + " " + _("No model is open to you here; ask a moderator.")


def _bad_rule(found: errors.BadRule) -> str:
    return _(_RULE_FAULTS[found.fault], found=texts.word(found.found), bound=found.bound)


def _time_zone_unknown(found: errors.TimeZoneUnknown) -> str:
    head = _("There is no time zone called “{name}”.", name=texts.word(found.name))
    near = zones.near(found.name)
    if near:
        return head + " " + _("Did you mean {zones}?", zones=", ".join(near))
    return head + " " + _("Give one such as Europe/Berlin.")


def _generation_unknown(found: errors.GenerationUnknown) -> str:
    reference = texts.word(found.reference)
    if found.of_anybody:
        return _("There is no video “{reference}”. Its id is at the foot of its card.", reference=reference)
    return _(
        "You have no video called “{reference}”. Choose one from the list that appears while you type.",
        reference=reference,
    )


def _not_cancellable(found: errors.NotCancellable) -> str:
    if found.ended:
        return _("That one has already ended.")
    return _("It is too late: the video service can't stop this one any more. I keep following it.")


_PROBLEMS: Mapping[type[Problem], Callable[[Any], str]] = MappingProxyType(
    {
        errors.UnknownModel: _unknown_model,
        errors.ModelNotOffered: lambda it: _("{model} is not on offer at present. See /models.", model=it.model),
        errors.ModelCannot: _model_cannot,
        errors.NoModelFor: lambda it: _(
            "No model can do {operation} at present: the video service offers none for it.", operation=it.operation
        ),
        errors.PromptMissing: lambda it: _("{operation} needs a prompt.", operation=texts.operation_name(it.operation)),
        errors.PromptTooLong: lambda it: _(
            "Your prompt has {length} characters; {model} takes {most}.", length=it.length, model=it.model, most=it.most
        ),
        errors.InputMissing: lambda it: _(
            "{operation} needs {role}.", operation=texts.operation_name(it.operation), role=_(texts.ROLES[it.role])
        ),
        errors.TooManyInputs: lambda it: _(
            "{model} takes at most {most} files of this kind ({role}); you attached {count}.",
            model=it.model,
            most=it.most,
            role=_(texts.ROLES[it.role]),
            count=it.count,
        ),
        errors.SourceMissing: lambda _it: _("Choose one of your earlier videos to extend, or attach a clip."),
        errors.OptionOutOfRange: lambda it: _(
            "The {option} must be between {least:g} and {most:g}.",
            option=texts.option_name(it.option),
            least=it.least,
            most=it.most,
        ),
        errors.OptionNotTaken: lambda it: _(
            "{model} has no setting for {option}; leave it out.", model=it.model, option=texts.option_name(it.option)
        ),
        errors.ValueNotTaken: lambda it: _(
            "{model} can't do {option} {value}; it can do: {allowed}.",
            model=it.model,
            option=texts.option_name(it.option),
            value=texts.word(it.value),
            allowed=texts.listed(it.allowed),
        ),
        BadFile: _bad_file,
        errors.BadRule: _bad_rule,
        errors.LimitReached: limit_problems.reached,
        errors.DoorClosed: lambda _it: _("Videos can't be made at the moment. The bot's owner has been told."),
        errors.GenerationUnknown: _generation_unknown,
        errors.GenerationNotHere: lambda it: _(
            "There is no video “{reference}” on this server. Its id is at the foot of its card.",
            reference=texts.word(it.reference),
        ),
        errors.NotCancellable: _not_cancellable,
        errors.Undecided: lambda _it: _(
            "Nobody knows whether that one is under way, so it can't be cancelled. /show has a button to give it up."
        ),
        errors.NotUndecided: lambda _it: _("There is nothing to decide about that one any more."),
        errors.StepUnderWay: lambda _it: _(
            "Something is being done with that one right now. Please try again in a moment."
        ),
        errors.ReleaseInstead: lambda _it: _(
            "Nobody knows whether that one is under way, so it can't be cancelled. Release it with /mod release."
        ),
        errors.NotYours: lambda _it: _("Only the one who asked for it, or a moderator here, can do that."),
        errors.AskedElsewhere: lambda _it: _(
            "That one can't be submitted again from here. Give it up, and ask for it anew where you asked before."
        ),
        errors.RequesterRefused: lambda it: _(
            "It can't be submitted again for the one who asked for it. They would be told: {words}",
            words=problem(it.problem),
        ),
        errors.InputsAway: lambda _it: _(
            "I can't get at its files right now, so nothing was changed. Please try again in a moment."
        ),
        errors.InputsGone: lambda _it: _(
            "Its files are gone, so it can't be submitted again. Give it up, and ask anew with the files attached."
        ),
        errors.NotYourData: lambda _it: _("Only the one whose data it is can erase it. Use /privacy delete for yours."),
        errors.OwnerOnly: lambda _it: _("Only the owner of this bot can do that."),
        errors.ModeratorOnly: lambda _it: _("Only the moderators of this server can do that, and only here."),
        errors.Blocked: _blocked,
        errors.Paused: _paused,
        errors.WrongChannel: lambda it: _("Videos are made in {channels}.", channels=texts.channels(it.channel_ids)),
        errors.AgeRestrictedOnly: lambda _it: _("This can be used in age-restricted channels only."),
        errors.ModelNotAllowed: _model_not_allowed,
        errors.PromptNotAllowed: lambda _it: _(
            "Your prompt has words that are not allowed here. Nothing was counted; try other words."
        ),
        errors.PriceUnknown: limit_problems.price_unknown,
        errors.NothingToRelease: lambda it: _(
            "There is nothing to give back for “{reference}”: nothing was charged, or it was given back already.",
            reference=texts.word(it.reference),
        ),
        errors.TaskTaken: lambda it: _(
            "The task “{task}” belongs to another video already.", task=texts.word(it.task_id)
        ),
        errors.TaskNotFound: lambda it: _(
            "The video service knows no task “{task}”. Check the id: nothing was changed.", task=texts.word(it.task_id)
        ),
        errors.ExtensionSourceUnfit: lambda _it: _("That one has no finished video that could be extended."),
        errors.FetchUnderWay: lambda _it: _(
            "I am fetching a video for you already. Ask again once you have it, or in a few minutes."
        ),
        errors.ReportBusy: lambda _it: _(
            "Too much is going on here for a report at the moment. Please try again in a minute."
        ),
        errors.ReportUnderWay: lambda _it: _(
            "A report for this server is being made already. Ask again once it is there, or in a few minutes."
        ),
        errors.DateUnreadable: _date_unreadable,
        errors.PeriodReversed: lambda it: _(
            "The first day ({first}) comes after the last one ({last}). Swap them.", first=it.first, last=it.last
        ),
        errors.PeriodTooLong: lambda it: _(
            "A report can be about {most} days at most; you asked for {days}.", most=it.most, days=it.days
        ),
        errors.NotOneself: lambda _it: _("You can't do that to yourself. Ask another moderator."),
        errors.WhyMissing: lambda _it: _("Give a reason: it is kept in the log, and others may need it."),
        errors.SpanUnreadable: lambda it: _(
            "“{text}” is no length of time. Write it as 30m, 2h, 7d or 4w.", text=texts.word(it.text)
        ),
        errors.OneOfThese: lambda it: _("Fill in just one of these: {options}.", options=", ".join(it.options)),
        errors.SpanUnfit: lambda it: _(
            "That length of time can't be used. Give one of at most {days} days, or none for no end.", days=it.most.days
        ),
        errors.LimitUnfit: lambda it: _(limit_problems.FAULTS[it.fault]),
        errors.TimeZoneUnknown: _time_zone_unknown,
        errors.FigureUnreadable: lambda it: _(
            "“{text}” is not a figure that can be used here. Write it as 10, or for dollars as 12.50.",
            text=texts.word(it.text),
        ),
        errors.RoleUnfit: lambda _it: _("@everyone can't be the moderator role: every member would be a moderator."),
        errors.ChannelElsewhere: lambda _it: _("That isn't a channel of this server, so nothing was changed."),
        errors.ScheduleUnfit: lambda _it: _("Reports can be sent every day, every week or every month."),
        errors.NotListed: lambda _it: _("That isn't set here, so there is nothing to take away."),
        errors.ListFull: lambda it: _(
            "There are {most} already, and that is the most there can be. Remove one first.", most=it.most
        ),
        errors.GuildNotServed: lambda _it: _("This bot doesn't make videos here."),
        errors.ShuttingDown: lambda _it: _("I am about to restart. Please try again in a minute."),
    }
)
