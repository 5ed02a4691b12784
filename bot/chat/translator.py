"""Names and descriptions of commands in the languages of the catalogs."""

import discord
from discord import app_commands

from bot.i18n import translated


class CatalogTranslator(app_commands.Translator):
    """Looks the texts of commands up in the gettext catalogs."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - the signature is discord.py's
    ) -> str | None:
        """A text in the locale, None where no catalog has it."""
        return translated(string.message, locale.value)
