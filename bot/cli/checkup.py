"""`showreel check`: each part on its own line, ok or what is wrong and how to mend it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import assert_never

from rich.console import Console
from rich.text import Text

from bot.app.opening import NoDatabaseError, StartError, now, opened_store, provider_of
from bot.chat.client import DiscordUnreachableError, TokenRefusedError
from bot.chat.permissions import Lacking, lacking_permissions
from bot.domain.findings import Finding, FindingKind
from bot.i18n import _, n_
from bot.providers.errors import ProviderError, Refused
from bot.settings import Settings
from bot.store.errors import DatabaseUnusableError
from bot.store.store import Store
from bot.work.door import is_about_balance
from bot.work.reconciling import Reconciler

SHOWN = 5
"""Ids of generations in one line; the log has the others."""


class _WrongError(Exception):
    """What is wrong, and how to mend it."""


class _Noted(Exception):  # noqa: N818 - no error: the bot mends it by itself
    """What is not as it should be, and becomes so by itself."""


async def check(settings: Settings, file: Path | None, console: Console) -> bool:
    """Check every part, whatever became of the others; returns whether all are well. `file`: the configuration's."""
    if file is None:
        console.print(_("There is no config.toml here and none was named: the defaults and the environment count."))
    async with AsyncExitStack() as stack:
        store = await _opened(settings, stack)
        checks: tuple[tuple[str, Callable[[], Awaitable[str]]], ...] = (
            (_("configuration"), partial(_configuration, settings)),
            (_("database"), partial(_database, store)),
            (_("ledger"), partial(_ledger, store)),
            (_("generations"), partial(_generations, store)),
            (_("provider"), partial(_provider, settings)),
            (_("Discord"), partial(_discord, settings)),
        )
        return all([await _is_well(name, part, console) for name, part in checks])


async def _opened(settings: Settings, stack: AsyncExitStack) -> Store | StartError:
    """What all parts look at, so that none finds another database than the one before; or why there is none."""
    try:
        return await stack.enter_async_context(opened_store(settings, owner=False))
    except StartError as error:
        return error


async def _is_well(name: str, part: Callable[[], Awaitable[str]], console: Console) -> bool:
    is_well = True
    try:
        verdict = Text(f"{_('ok'):<7}", style="green") + Text(f"{name}: {await part()}", style="")
    except _WrongError as error:
        is_well = False
        verdict = Text(f"{_('wrong'):<7}", style="red") + Text(f"{name}: {error}", style="")
    except _Noted as note:
        verdict = Text(f"{_('note'):<7}", style="yellow") + Text(f"{name}: {note}", style="")
    console.print(verdict, soft_wrap=True)
    return is_well


async def _configuration(settings: Settings) -> str:
    if not settings.discord.guild_ids and not settings.discord.user_install:
        raise _Noted(_("fine, but every guild that invites the bot is served: [discord] guild_ids is empty"))
    return _("fine")


async def _database(store: Store | StartError) -> str:
    if isinstance(store, NoDatabaseError):
        raise _Noted(str(store)) from store
    if isinstance(store, StartError):
        raise _WrongError(str(store)) from store
    with _reading(store):
        await store.inspect()
        counts = await store.generations.counts()
    return _("open; {count} generations under way", count=sum(counts.values()))


async def _ledger(store: Store | StartError) -> str:
    _require_nothing(await _found(store, Reconciler.of_ledger))
    return _("every generation that ended is settled")


async def _generations(store: Store | StartError) -> str:
    _require_nothing(await _found(store, Reconciler.of_progress))
    return _("none is stuck, unreadable or untold")


async def _found(store: Store | StartError, look: Callable[[Reconciler], Awaitable[list[Finding]]]) -> list[Finding]:
    if isinstance(store, NoDatabaseError):
        return []
    if isinstance(store, StartError):
        raise _WrongError(_("can't be looked at without the database")) from store
    with _reading(store):
        return await look(Reconciler(store.reconciling, now))


@contextmanager
def _reading(store: Store) -> Iterator[None]:
    """Make a line of what the database fails at, so that the other parts are looked at all the same."""
    try:
        with store.naming_faults():
            yield
    except DatabaseUnusableError as error:
        raise _WrongError(str(error)) from error


def _require_nothing(findings: list[Finding]) -> None:
    """Say what was found; it is wrong where any of it needs a person."""
    if any(finding.kind.needs_person for finding in findings):
        raise _WrongError(_lines(findings))
    if findings:
        raise _Noted(_lines(findings))


def _lines(findings: list[Finding]) -> str:
    """What was found, kind by kind, those first that need a person."""
    counts = Counter(finding.kind for finding in findings)
    kinds = sorted(counts, key=lambda kind: not kind.needs_person)
    return "; ".join(f"{_finding_line(kind, counts[kind])} ({_ids(findings, kind)})" for kind in kinds)


def _ids(findings: list[Finding], kind: FindingKind) -> str:
    ids = [finding.generation_id for finding in findings if finding.kind is kind]
    return ", ".join([*ids[:SHOWN], *(["…"] if len(ids) > SHOWN else [])])


def _finding_line(kind: FindingKind, count: int) -> str:  # noqa: PLR0911 - one for each kind
    match kind:
        case FindingKind.OPEN_HOLD:
            return n_(
                "{count} hold is open though its generation ended: the running bot releases it within the hour",
                "{count} holds are open though their generations ended: the running bot releases them within the hour",
                count,
            )
        case FindingKind.UNSETTLED:
            return n_(
                "{count} generation lacks its charge or its hold: the running bot adds a charge within the hour, a hold"
                " can't be made up",
                "{count} generations lack a charge or a hold: the running bot adds the charges within the hour, a hold"
                " can't be made up",
                count,
            )
        case FindingKind.ORPHANED:
            return n_(
                "{count} generation is gone, though the ledger has entries of it: see docs/operate.md",
                "{count} generations are gone, though the ledger has entries of them: see docs/operate.md",
                count,
            )
        case FindingKind.UNDECIDED:
            return n_(
                "{count} generation is unconfirmed for more than a day: its hold is released when its grace is over",
                "{count} generations are unconfirmed for more than a day: their holds are released when their grace is"
                " over",
                count,
            )
        case FindingKind.QUARANTINED:
            return n_(
                "{count} generation can't be read and was put aside: see docs/operate.md",
                "{count} generations can't be read and were put aside: see docs/operate.md",
                count,
            )
        case FindingKind.STUCK:
            return n_(
                "{count} generation stands still: the running bot goes on with it within the hour",
                "{count} generations stand still: the running bot goes on with them within the hour",
                count,
            )
        case FindingKind.UNTOLD:
            return n_(
                "{count} end was never told: the running bot tells it within the hour",
                "{count} ends were never told: the running bot tells them within the hour",
                count,
            )
        case _:
            assert_never(kind)


async def _provider(settings: Settings) -> str:
    try:
        provider = provider_of(settings)
    except StartError as error:
        raise _WrongError(str(error)) from error
    try:
        await provider.check_key()
    except Refused as refusal:
        if 300 <= (refusal.status or 0) < 400:
            raise _WrongError(_("it is at another address; see [provider] base_url")) from refusal
        answer = f"{refusal.status} {refusal.code or ''}".strip()
        if is_about_balance(refusal):
            raise _WrongError(
                _("the account has no balance left ({answer}); top it up at the provider", answer=answer)
            ) from refusal
        raise _WrongError(
            _("it does not accept the key ({answer}); see [provider] api_key", answer=answer)
        ) from refusal
    except ProviderError as error:
        raise _WrongError(_("it can't be reached ({error}); see [provider] base_url", error=error.message)) from error
    finally:
        await provider.close()
    return _("reached, and the key is accepted")


async def _discord(settings: Settings) -> str:
    token = settings.discord.token.get_secret_value()
    if not token:
        raise _WrongError(_("there is no token; see [discord] token"))
    try:
        guilds, lacking = await lacking_permissions(settings.discord.api_url, token)
    except TokenRefusedError as error:
        raise _WrongError(_("it does not accept the token; see [discord] token")) from error
    except DiscordUnreachableError as error:
        raise _WrongError(_("it can't be reached; see [discord] api_url")) from error
    if lacking:
        raise _WrongError("; ".join(_lacking_line(item) for item in lacking))
    return n_(
        "the token is accepted; {count} guild, no permission is missing",
        "the token is accepted; {count} guilds, no permission is missing",
        guilds,
    )


def _lacking_line(item: Lacking) -> str:
    return _(
        "in {guild} the bot lacks: {permissions} (Server Settings > Roles)",
        guild=item.guild,
        permissions=", ".join(item.permissions),
    )
