"""What members and moderators read of what was used of a limit."""

from bot.chat import texts
from bot.domain.limits import Allowance, Measure, Scope
from bot.i18n import _


def used_and_left(allowance: Allowance) -> str:
    """How much was used and is left, in the limit's measure; bare numbers stand beside a name that says of what.

    What other guilds use is nobody's business here: of a limit of the whole bot only whether something is left.
    """
    if allowance.limit.scope is Scope.BOT:
        return _("something is left") if allowance.remaining else _("nothing is left")
    used, left = (_count(allowance, count) for count in (allowance.used, allowance.remaining))
    return _("{used} used, {left} left", used=used, left=left)


def _count(allowance: Allowance, count: int) -> str:
    return texts.amount(Measure.MICROS, count) if allowance.limit.measure is Measure.MICROS else str(count)
