"""`showreel check`: each part on its own line, ok or what is wrong and how to mend it."""

from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.text import Text

from bot.app import StartError, opened_store, provider_of
from bot.chat.client import DiscordUnreachableError, TokenRefusedError
from bot.chat.permissions import Lacking, lacking_permissions
from bot.i18n import _
from bot.providers.errors import ProviderError, Refused
from bot.settings import Settings


class _WrongError(Exception):
    """What is wrong, and how to mend it."""


async def check(settings: Settings, console: Console) -> bool:
    """Check every part, whatever became of the others; returns whether all are well."""
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[str]]], ...] = (
        (_("configuration"), _configuration),
        (_("database"), _database),
        (_("provider"), _provider),
        (_("Discord"), _discord),
    )
    is_well = True
    for name, part in checks:
        try:
            verdict = Text(f"{_('ok'):<7}", style="green") + Text(f"{name}: {await part(settings)}", style="")
        except _WrongError as error:
            is_well = False
            verdict = Text(f"{_('wrong'):<7}", style="red") + Text(f"{name}: {error}", style="")
        console.print(verdict, soft_wrap=True)
    return is_well


async def _configuration(settings: Settings) -> str:
    if not settings.discord.guild_ids and not settings.discord.user_install:
        return _("fine; every guild that invites the bot is served ([discord] guild_ids is empty)")
    return _("fine")


async def _database(settings: Settings) -> str:
    try:
        async with opened_store(settings, owner=False) as store:
            counts = await store.generations.counts()
    except StartError as error:
        raise _WrongError(str(error)) from error
    return _("open; {count} generations under way", count=sum(counts.values()))


async def _provider(settings: Settings) -> str:
    provider = provider_of(settings)
    try:
        await provider.check_key()
    except Refused as refusal:
        answer = f"{refusal.status} {refusal.code or ''}".strip()
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
    return _("the token is accepted; {count} guilds, no permission is missing", count=guilds)


def _lacking_line(item: Lacking) -> str:
    return _(
        "in {guild} the bot lacks: {permissions} (Server Settings > Roles)",
        guild=item.guild,
        permissions=", ".join(item.permissions),
    )
