"""No text reaches a person without having been through a catalog."""

from pathlib import Path

import pytest

from tests.i18n.literals import findings

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("bot/chat", "cogs", "bot/cli") for path in (ROOT / folder).rglob("*.py"))


DATA = {
    "bot/chat/client.py": {"discord.py: on_interaction"},  # what discord.py calls a task
    "bot/cli/play.py": {  # the demo's stage: a made-up guild, what ada types there, a file, keys of the configuration
        "Film Club",
        "A lighthouse in a storm, waves breaking",
        "The picture comes to life, a slow move closer",
        "video text",
        "video image",
        "bot.log",
        'curl -F member=ada -F channel=videos -F command="video text" -F prompt="a cat"',
        " api_url",
        " gateway_url",
        " token",
        " base_url",
        " api_key",
    },
}
"""Literals that are shown as they are in every language, by file."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_is_in_the_catalogs(path: Path) -> None:
    data = DATA.get(str(path.relative_to(ROOT)), set())
    assert [found for found in findings(path) if found.text not in data] == []


PLANTED = (
    'await interaction.response.send_message("Hello")',
    'await channel.send(f"Hello {name}")',
    'await whisper(interaction, "Done" if done else _("Not done"))',
    'await whisper(interaction, text="Hello" + name)',
    'embed = discord.Embed(title="Models", description=_("All"))',
    'embed.add_field(name="Settings", value=_("None"))',
    'embed.add_field(name=_("Settings"), value="None")',
    'embed.set_footer(text="Made by us")',
    'console.print("[green]Ready[/]")',
    'app = typer.Typer(help="A bot")',
    'option = typer.Option("--live", help="Ask")',
    'choice = app_commands.Choice(name="Style", value=1)',
    'group = app_commands.Group(name="video", description="Make")',
    'description = locale_str("Make a video")',
    '@app.command(help="Run")\ndef run(): ...',
    'text = "There are no limits here."\nembed.description = text',
    'lines = ["It was not counted", _("Done")]',
    'return "It is too late."',
    'raise StartError("There is no key.")',
    'await whisper(interaction, _("Left: {amount}.", amount="none"))',
    'view.add_item(discord.ui.Button(label="Stop", custom_id="x"))',
)

HARMLESS = (
    '"""A docstring with several words."""',
    'log.warning("card refused by Discord", status=1)',
    'raise ValueError("this is a mistake of ours")',
    'await whisper(interaction, _("Hello {name}", name=name))',
    'embed.add_field(name=_("Settings"), value=f"{one} · {two}")',
    'console.print(f"[green]{word}[/] {name}: {text}")',
    'group = app_commands.Group(name="video", description=locale_str(N_("Make a video")))',
    'option = typer.Option("--config", help=N_("The file"))',
    'thread = http.start("channel-id", name=name)',
    "embed.set_footer(text=generation.id)",
    'mark = f"-# {generation.id} · {state}"',
    'value = f"{megabytes:.1f}"',
    'n_("{count} video", "{count} videos", count)',
    'console.print(table, style="bold red")',
)


@pytest.mark.parametrize("source", PLANTED)
def test_a_planted_text_is_caught(source: str) -> None:
    assert findings(Path("planted.py"), source)


@pytest.mark.parametrize("source", HARMLESS)
def test_what_nobody_reads_or_is_translated_is_let_through(source: str) -> None:
    assert findings(Path("planted.py"), source) == []
