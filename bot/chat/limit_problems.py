"""The sentences for limits: one that was reached, one that can't be set, and a price that nobody knows."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.chat import texts
from bot.domain.errors import LimitReached, PriceUnknown
from bot.domain.limits import Limit, LimitFault, Measure, Scope
from bot.i18n import N_, _

FAULTS: Mapping[LimitFault, str] = MappingProxyType(
    {
        LimitFault.NEGATIVE: N_("A limit can't be below zero."),
        LimitFault.TOO_LARGE: N_("That is more than a limit can be. Give a smaller amount."),
        LimitFault.NEEDS_WINDOW: N_("Say for how long that limit counts: an hour, a day, a week or a month."),
        LimitFault.TAKES_NO_WINDOW: N_("That limit counts at every moment; leave the hour, day, week or month out."),
        LimitFault.WRONG_SCOPE: N_("That kind of limit can't be set here."),
    }
)


def reached(found: LimitReached) -> str:
    """Which limit was reached, what is left of it, when it resets, and whether waiting helps at all."""
    limit = found.limit
    sentences = [_head(limit)]
    if limit.amount == 0:
        sentences.append(_none_allowed(limit))
    elif limit.measure is Measure.CONCURRENT:
        sentences.append(_until_one_is_done(limit))
    elif found.resets_at is not None:
        sentences += _until_it_resets(found, texts.instant(found.resets_at))
    return " ".join(sentences)


def price_unknown(found: PriceUnknown) -> str:
    """That nobody knows the price, and what can give the request one."""
    text = _(
        "There is a limit on money here, and nobody knows what this would cost with {model}.",
        model=texts.word(found.model),
    )
    if found.needs_length:
        return text + " " + _("Say how long it should be (duration), or choose another model.")
    return text + " " + _("Choose another model.")


def _none_allowed(limit: Limit) -> str:
    if limit.measure is Measure.MICROS:
        return _("Only videos that are known to cost nothing are allowed; waiting won't help.")
    return _("So none is allowed; waiting won't help.")


def _until_it_resets(found: LimitReached, when: str) -> list[str]:
    limit = found.limit
    if limit.measure is Measure.COOLDOWN:
        return [_("You can ask for the next one {when}.", when=when)]
    left = texts.amount(limit.measure, max(0, limit.amount - found.used))
    sentences = [_("Left: {amount}.", amount=left), _("It starts over {when}.", when=when)]
    if found.is_hopeless:
        wanted = texts.amount(limit.measure, found.wanted)
        sentences.append(_("You asked for {amount}, which is more than the whole limit.", amount=wanted))
        sentences.append(_ask_for_less(limit))
    return sentences


def _ask_for_less(limit: Limit) -> str:
    if limit.measure is Measure.MICROS:
        return _("Ask for a shorter video, or choose a cheaper model.")
    return _("Ask for a shorter video.")


def _head(limit: Limit) -> str:
    match limit.scope:
        case Scope.MEMBER:
            return _("That is more than is allowed here: {limit}.", limit=texts.limit_name(limit))
        case Scope.ROLE:
            role, most = f"<@&{limit.scope_id}>", texts.whole_amount(limit)
            return _("That is more than your role {role} allows: {limit}.", role=role, limit=most)
        case Scope.GUILD:
            most = texts.limit_name(limit)
            return _("That is more than all members here together may use: {limit}.", limit=most)
        case Scope.BOT:
            return _("That is more than this bot may do: {limit}.", limit=texts.limit_name(limit))


def _until_one_is_done(limit: Limit) -> str:
    if limit.scope in {Scope.GUILD, Scope.BOT}:
        return _("Try again when one of them is done.")
    return _("Wait until one of yours is done, or cancel one with /cancel.")
