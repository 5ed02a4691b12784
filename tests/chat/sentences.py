"""Every problem with the sentence that people are told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import discord

from bot.domain import errors
from bot.domain.errors import BadFile, FileFault, Problem, RuleFault
from bot.domain.limits import Limit, LimitFault, Measure, Scope, Window
from bot.domain.request import InputRole, MediaKind, Operation
from tests.chat.samples import NOW

SOON = datetime(2026, 12, 1, tzinfo=UTC)
SECRET = "upstream said: kaboom"  # what a provider might say
DAY = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=10, window=Window.DAY)


def limit(measure: Measure, amount: int, window: Window | None = Window.DAY) -> Limit:
    return Limit(scope=Scope.MEMBER, measure=measure, amount=amount, window=window)


PROBLEMS: tuple[tuple[Problem, str], ...] = (
    (
        errors.UnknownModel("veo3.1-fats", ("veo3.1-fast", "veo3-fast")),
        "There is no model called “veo3.1-fats”. Did you mean veo3.1-fast, veo3-fast?",
    ),
    (
        errors.UnknownModel("zzz", ()),
        "There is no model called “zzz”. Choose one from the list that appears while you type, or see /models.",
    ),
    (errors.ModelNotOffered("sora", SECRET), "sora is not on offer at present. See /models."),
    (
        errors.ModelCannot("viduq2-turbo", Operation.TEXT, ("a", "b")),
        "viduq2-turbo can't do text-to-video; these can: a, b.",
    ),
    (
        errors.ModelCannot("m", Operation.TEXT, tuple(str(n) for n in range(14))),
        "m can't do text-to-video; these can: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more.",
    ),
    (
        errors.NoModelFor(Operation.AUDIO),
        "No model can do audio-to-video at present: the video service offers none for it.",
    ),
    (errors.PromptMissing(Operation.TEXT), "Text to video needs a prompt."),
    (errors.PromptTooLong("m", 2001, 2000), "Your prompt has 2001 characters; m takes 2000."),
    (errors.InputMissing(Operation.FRAMES, InputRole.END), "Start and end frames needs an end image."),
    (
        errors.TooManyInputs("m", InputRole.REFERENCE_IMAGE, 9, 3),
        "m takes at most 3 files of this kind (a reference image); you attached 9.",
    ),
    (errors.SourceMissing(), "Choose one of your earlier videos to extend, or attach a clip."),
    (errors.OptionOutOfRange("cfg_scale", 21, 0, 20), "The cfg scale must be between 0 and 20."),
    (errors.OptionNotTaken("m", "seed"), "m has no setting for seed; leave it out."),
    (
        errors.ValueNotTaken("m", "resolution", "8k", ("720p", "1080p")),
        "m can't do resolution 8k; it can do: 720p, 1080p.",
    ),
    (BadFile("cat.mp4", MediaKind.IMAGE, FileFault.WRONG_KIND, "video", "image"), "“cat.mp4” is not an image."),
    (
        BadFile("cat.gif", MediaKind.IMAGE, FileFault.WRONG_FORMAT, "GIF", "PNG, JPEG"),
        "“cat.gif” has a format that can't be used (GIF). These can: PNG, JPEG.",
    ),
    (
        BadFile("cat", MediaKind.IMAGE, FileFault.WRONG_FORMAT, "", "PNG, JPEG"),
        "“cat” has a format that can't be used (unknown). These can: PNG, JPEG.",
    ),
    (BadFile("cat.png", MediaKind.IMAGE, FileFault.EMPTY), "“cat.png” is empty."),
    (
        BadFile("cat.png", MediaKind.IMAGE, FileFault.TOO_LARGE, "22020096", "20971520"),
        "“cat.png” is too large: 21.0 MB, where at most 20.0 MB can be used.",
    ),
    (BadFile("cat.png", MediaKind.IMAGE, FileFault.TOO_LARGE), "“cat.png” is too large."),
    (
        BadFile("cat.png", MediaKind.IMAGE, FileFault.TOO_SMALL_SIDES, "200x900", "300"),
        "“cat.png” is too small (200x900 pixels): each side needs at least 300.",
    ),
    (
        BadFile("cat.png", MediaKind.IMAGE, FileFault.TOO_LARGE_SIDES, "200x9000", "6000"),
        "“cat.png” is too large (200x9000 pixels): each side may have at most 6000.",
    ),
    (
        BadFile("cat.png", MediaKind.IMAGE, FileFault.UNREADABLE),
        "“cat.png” can't be read: it seems damaged, or isn't what its name says.",
    ),
    (BadFile.gone(), "An attached file could not be fetched any more. Please attach it again."),
    (errors.BadRule(RuleFault.EMPTY), "The rule is empty. Give it a word, a phrase or a pattern."),
    (
        errors.BadRule(RuleFault.TOO_LONG, "201", "200"),
        "The rule has 201 characters; at most 200 can be used.",
    ),
    (
        errors.BadRule(RuleFault.NOT_A_PATTERN, "missing ): (a"),
        "That is not a pattern (missing ): (a). Patterns have the RE2 syntax; anything else can be added as a word.",
    ),
    (
        errors.BadRule(RuleFault.TOO_LARGE),
        "That pattern is too large. Use fewer or smaller repetitions.",
    ),
    (
        errors.BadRule(RuleFault.FITS_EMPTY),
        "That pattern fits an empty text too, so it would stop every prompt. Let it ask for one character at least.",
    ),
    (
        errors.LimitReached(DAY, 10, NOW, 1),
        (
            "That is more than is allowed here: 10 videos a day for each member. Left: 0 videos. It starts over"
            f" {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.SECONDS, 60, Window.WEEK), 59, NOW, 8),
        (
            "That is more than is allowed here: 60 seconds of video a week for each member. Left: 1 second of video."
            f" It starts over {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.MICROS, 5_000_000, Window.MONTH), 4_500_000, NOW, 700_000),
        (
            "That is more than is allowed here: $5.00 a month for each member. Left: $0.50."
            f" It starts over {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.CONCURRENT, 2, None), 2, None, 1),
        (
            "That is more than is allowed here: 2 videos at a time for each member."
            " Wait until one of yours is done, or cancel one with /cancel."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.COOLDOWN, 30, None), 10, NOW, 0),
        (
            "That is more than is allowed here: 30 seconds between videos for each member. You can ask for the next one"
            f" {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.GENERATIONS, 1, None), 1, None, 1),
        "That is more than is allowed here: 1 video for each member.",
    ),
    (
        errors.LimitReached(replace(DAY, scope_id=7, amount=3), 3, NOW, 1),
        (
            "That is more than is allowed here: 3 videos a day for you. Left: 0 videos. It starts over"
            f" {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(replace(DAY, scope=Scope.ROLE, scope_id=5, amount=1), 1, NOW, 1),
        (
            "That is more than your role <@&5> allows: 1 video a day. Left: 0 videos. It starts over"
            f" {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(
            replace(limit(Measure.MICROS, 50_000_000, Window.MONTH), scope=Scope.GUILD), 49_750_000, NOW, 700_000
        ),
        (
            "That is more than all members here together may use: $50.00 a month for this server. Left: $0.25."
            f" It starts over {discord.utils.format_dt(NOW, 'R')}."
        ),
    ),
    (
        errors.LimitReached(replace(limit(Measure.CONCURRENT, 5, None), scope=Scope.GUILD), 5, None, 1),
        (
            "That is more than all members here together may use: 5 videos at a time for this server."
            " Try again when one of them is done."
        ),
    ),
    (
        errors.LimitReached(replace(limit(Measure.CONCURRENT, 50, None), scope=Scope.BOT), 50, None, 1),
        "That is more than this bot may do: 50 videos at a time for the whole bot. Try again when one of them is done.",
    ),
    (
        errors.LimitReached(limit(Measure.CONCURRENT, 0, None), 0, None, 1),
        (
            "That is more than is allowed here: 0 videos at a time for each member."
            " So none is allowed; waiting won't help."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.MICROS, 0, Window.MONTH), 0, NOW, 700_000),
        (
            "That is more than is allowed here: $0.00 a month for each member."
            " Only videos that are known to cost nothing are allowed; waiting won't help."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.SECONDS, 5, Window.DAY), 1, NOW, 8),
        (
            "That is more than is allowed here: 5 seconds of video a day for each member. Left: 4 seconds of video."
            f" It starts over {discord.utils.format_dt(NOW, 'R')}. You asked for 8 seconds of video, which is more than"
            " the whole limit. Ask for a shorter video."
        ),
    ),
    (
        errors.LimitReached(limit(Measure.MICROS, 500_000, Window.DAY), 0, NOW, 700_000),
        (
            "That is more than is allowed here: $0.50 a day for each member. Left: $0.50."
            f" It starts over {discord.utils.format_dt(NOW, 'R')}. You asked for $0.70, which is more than the whole"
            " limit. Ask for a shorter video, or choose a cheaper model."
        ),
    ),
    (
        errors.NothingToRelease("x"),
        "There is nothing to give back for “x”: nothing was charged, or it was given back already.",
    ),
    (errors.DoorClosed(), "Videos can't be made at the moment. The bot's owner has been told."),
    (
        errors.GenerationUnknown("x"),
        "You have no video called “x”. Choose one from the list that appears while you type.",
    ),
    (
        errors.GenerationUnknown("x", of_anybody=True),
        "There is no video “x”. Its id is at the foot of its card.",
    ),
    (errors.NotCancellable("x", ended=True), "That one has already ended."),
    (
        errors.NotCancellable("x", ended=False),
        "It is too late: the video service can't stop this one any more. I keep following it.",
    ),
    (
        errors.Undecided("x"),
        "Nobody knows whether that one is under way, so it can't be cancelled. /show has a button to give it up.",
    ),
    (errors.NotUndecided("x"), "There is nothing to decide about that one any more."),
    (errors.StepUnderWay(), "Something is being done with that one right now. Please try again in a moment."),
    (
        errors.ReleaseInstead("x"),
        "Nobody knows whether that one is under way, so it can't be cancelled. Release it with /mod release.",
    ),
    (errors.NotYours(), "Only the one who asked for it, or a moderator here, can do that."),
    (
        errors.AskedElsewhere(),
        "That one can't be submitted again from here. Give it up, and ask for it anew where you asked before.",
    ),
    (
        errors.RequesterRefused(errors.Blocked(None, None)),
        "It can't be submitted again for the one who asked for it. They would be told: You can't make videos here.",
    ),
    (
        errors.InputsAway(),
        "I can't get at its files right now, so nothing was changed. Please try again in a moment.",
    ),
    (
        errors.InputsGone(),
        "Its files are gone, so it can't be submitted again. Give it up, and ask anew with the files attached.",
    ),
    (errors.NotYourData(), "Only the one whose data it is can erase it. Use /privacy delete for yours."),
    (errors.OwnerOnly(), "Only the owner of this bot can do that."),
    (errors.ModeratorOnly(), "Only the moderators of this server can do that, and only here."),
    (errors.Blocked(None, None), "You can't make videos here."),
    (
        errors.Blocked(SOON, "spam *again*"),
        f"You can't make videos here. That ends <t:{int(SOON.timestamp())}:R>. Reason: spam \\*again\\*",
    ),
    (
        errors.Paused(everywhere=True),
        "No new videos are taken for now, by the wish of the bot's owner. Those under way go on.",
    ),
    (
        errors.Paused(everywhere=False),
        "No new videos are taken here for now, by the wish of the moderators. Those under way go on.",
    ),
    (errors.WrongChannel((1, 2)), "Videos are made in <#1>, <#2>."),
    (errors.AgeRestrictedOnly(), "This can be used in age-restricted channels only."),
    (errors.ModelNotAllowed("sora-2", ("a", "b")), "You can't use sora-2 here. You can use a, b."),
    (
        errors.ModelNotAllowed("sora-2", ()),
        "You can't use sora-2 here. No model is open to you here; ask a moderator.",
    ),
    (
        errors.PromptNotAllowed(),
        "Your prompt has words that are not allowed here. Nothing was counted; try other words.",
    ),
    (
        errors.PriceUnknown("sora-2", needs_length=True),
        (
            "There is a limit on money here, and nobody knows what this would cost with sora-2."
            " Say how long it should be (duration), or choose another model."
        ),
    ),
    (
        errors.PriceUnknown("seedance-2.0"),
        (
            "There is a limit on money here, and nobody knows what this would cost with seedance-2.0."
            " Choose another model."
        ),
    ),
    (errors.TaskTaken("t-1"), "The task “t-1” belongs to another video already."),
    (
        errors.TaskNotFound("t-1"),
        "The video service knows no task “t-1”. Check the id: nothing was changed.",
    ),
    (errors.ExtensionSourceUnfit("x"), "That one has no finished video that could be extended."),
    (errors.FetchUnderWay(), "I am fetching a video for you already. Ask again once you have it, or in a few minutes."),
    (errors.ReportBusy(), "Too much is going on here for a report at the moment. Please try again in a minute."),
    (
        errors.ReportUnderWay(),
        "A report for this server is being made already. Ask again once it is there, or in a few minutes.",
    ),
    (
        errors.DateUnreadable(""),
        "Say which days: give the first one in `from`, such as 2026-03-31, and the last one in `to`.",
    ),
    (
        errors.DateUnreadable("tomorrow"),
        "“tomorrow” is not a day that a report can be about. Write it as 2026-03-31.",
    ),
    (
        errors.PeriodReversed(date(2026, 3, 2), date(2026, 3, 1)),
        "The first day (2026-03-02) comes after the last one (2026-03-01). Swap them.",
    ),
    (errors.PeriodTooLong(400, 366), "A report can be about 366 days at most; you asked for 400."),
    (errors.NotOneself(), "You can't do that to yourself. Ask another moderator."),
    (errors.WhyMissing(), "Give a reason: it is kept in the log, and others may need it."),
    (errors.SpanUnreadable("soon"), "“soon” is no length of time. Write it as 30m, 2h, 7d or 4w."),
    (errors.OneOfThese(("role", "member")), "Fill in just one of these: role, member."),
    (
        errors.GenerationNotHere("x"),
        "There is no video “x” on this server. Its id is at the foot of its card.",
    ),
    (
        errors.SpanUnfit(timedelta(days=365)),
        "That length of time can't be used. Give one of at most 365 days, or none for no end.",
    ),
    (errors.LimitUnfit(LimitFault.NEGATIVE), "A limit can't be below zero."),
    (errors.LimitUnfit(LimitFault.TOO_LARGE), "That is more than a limit can be. Give a smaller amount."),
    (
        errors.LimitUnfit(LimitFault.NEEDS_WINDOW),
        "Say for how long that limit counts: an hour, a day, a week or a month.",
    ),
    (
        errors.LimitUnfit(LimitFault.TAKES_NO_WINDOW),
        "That limit counts at every moment; leave the hour, day, week or month out.",
    ),
    (errors.LimitUnfit(LimitFault.WRONG_SCOPE), "That kind of limit can't be set here."),
    (
        errors.TimeZoneUnknown("Berlin"),
        "There is no time zone called “Berlin”. Did you mean Europe/Berlin?",
    ),
    (
        errors.TimeZoneUnknown("zzz"),
        "There is no time zone called “zzz”. Give one such as Europe/Berlin.",
    ),
    (
        errors.FigureUnreadable("a few"),
        "“a few” is not a figure that can be used here. Write it as 10, or for dollars as 12.50.",
    ),
    (errors.RoleUnfit(), "@everyone can't be the moderator role: every member would be a moderator."),
    (errors.ChannelElsewhere(), "That isn't a channel of this server, so nothing was changed."),
    (errors.ScheduleUnfit(), "Reports can be sent every day, every week or every month."),
    (errors.NotListed(), "That isn't set here, so there is nothing to take away."),
    (errors.ListFull(500), "There are 500 already, and that is the most there can be. Remove one first."),
    (errors.GuildNotServed(), "This bot doesn't make videos here."),
    (errors.ShuttingDown(), "I am about to restart. Please try again in a minute."),
)
