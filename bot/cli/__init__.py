"""The command line. Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from bot import log
from bot.app import run as run_bot
from bot.app.opening import StartError, migrated
from bot.cli import catalog, checkup
from bot.cli import report as usage_report
from bot.domain.request import Operation
from bot.i18n import N_, _
from bot.reports.periods import Period
from bot.settings import ConfigurationError, Settings, config_path, read
from bot.store.backup import BackupFailedError, BackupRefusedError, back_up
from bot.store.errors import DatabaseUnusableError

app = typer.Typer(
    help=N_("A Discord bot that makes AI videos for a community."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_errors = Console(stderr=True, highlight=False)

PAGE_WIDTH = 150
"""Columns of a table that goes into a file or a pipe."""


ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help=N_("The configuration file; else $SHOWREEL_CONFIG, else config.toml.")),
]

_Result = TypeVar("_Result")


@app.command(help=N_("Run the bot."))
def run(config: ConfigOption = None) -> None:
    """Run until a signal asks to stop."""
    settings = _configured(config)
    _finish(run_bot(settings))


@app.command(help=N_("Check the configuration, the database, the key, the token and the permissions."))
def check(config: ConfigOption = None) -> None:
    """Print a line for each: ok, or what is wrong and how to mend it."""
    settings = _configured(config)
    if not _finish(checkup.check(settings, config_path(config), Console())):
        raise typer.Exit(1)


@app.command(help=N_("Bring the database to this version's shape."))
def migrate(config: ConfigOption = None) -> None:
    """Migrate, and say where the database stands."""
    settings = _configured(config)
    revision = _finish(migrated(settings))
    Console().print(_("The database is at revision {revision}.", revision=revision))


@app.command(help=N_("Copy the database into a new file, also beside a running bot."))
def backup(
    file: Annotated[Path, typer.Argument(help=N_("Where to; an existing file is never overwritten."))],
    config: ConfigOption = None,
) -> None:
    """Copy, and say where the copy is."""
    settings = _configured(config)
    size = _finish(back_up(settings.database.url, file))
    Console().print(
        _("The backup is {file} ({size} bytes).", file=file, size=size), markup=False, highlight=False, soft_wrap=True
    )


@app.command(help=N_("List the models; --live compares them with the provider's own list."))
def models(
    config: ConfigOption = None,
    operation: Annotated[Operation | None, typer.Option(help=N_("Only models that can do this."))] = None,
    live: Annotated[bool, typer.Option("--live", help=N_("Ask the provider."))] = False,  # noqa: FBT002 - a flag
) -> None:
    """Print the catalog."""
    console = Console(width=None if sys.stdout.isatty() else PAGE_WIDTH)
    if live:
        _finish(catalog.compare(_configured(config), operation, console))
    else:
        catalog.show(_configured(config), operation, console)


@app.command(help=N_("Show what was made in a period, and what it cost; also beside a running bot."))
def report(  # noqa: PLR0913 - Typer makes each option of an argument
    *,
    config: ConfigOption = None,
    guild: usage_report.GuildOption = None,
    period: usage_report.PeriodOption = Period.DAYS_30,
    first: usage_report.FromOption = "",
    last: usage_report.ToOption = "",
    by: usage_report.ByOption = "member",
    member: usage_report.MemberOption = None,
    model: usage_report.ModelOption = None,
    operation: usage_report.OperationOption = None,
    channel: usage_report.ChannelOption = None,
    csv: usage_report.CsvOption = False,
) -> None:
    """Print tables, or every row as CSV."""
    wanted = usage_report.Wanted(
        guild=guild,
        period=period,
        first=first,
        last=last,
        by=by,
        member=member,
        model=model,
        operation=operation,
        channel=channel,
        csv=csv,
    )
    console = Console(width=None if sys.stdout.isatty() else PAGE_WIDTH)
    _finish(usage_report.show(_configured(config), wanted, console))


@app.command(help=N_("Show the whole thing on this machine: no account, no network."))
def demo(
    once: Annotated[bool, typer.Option("--once", help=N_("Play a scripted run and exit."))] = False,  # noqa: FBT002 - a flag
) -> None:
    """Run both simulators with the real bot between them."""
    from bot.cli import play  # noqa: PLC0415 - a running bot holds no simulators in memory

    if not asyncio.run(play.demo(once=once, console=Console())):
        raise typer.Exit(1)


@app.command(help=N_("Run the two simulators alone."))
def sandbox(
    discord_port: Annotated[int, typer.Option(max=65_535, min=0, help=N_("Port of the simulated Discord."))] = 8081,
    provider_port: Annotated[int, typer.Option(max=65_535, min=0, help=N_("Port of the simulated provider."))] = 8082,
) -> None:
    """Run them until interrupted."""
    from bot.cli import play  # noqa: PLC0415 - a running bot holds no simulators in memory

    try:
        asyncio.run(play.sandbox(discord_port, provider_port, Console()))
    except OSError as error:
        _errors.print(_("The simulators can't start: {error}.", error=error.strerror), markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _configured(config: Path | None) -> Settings:
    try:
        settings = read(config)
    except ConfigurationError as error:
        _errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    log.configure(settings.log.level, settings.log.format, settings.secrets())
    return settings


def _finish(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end; what is to be mended is one sentence and an exit code, no traceback."""
    try:
        return asyncio.run(work)
    except StartError as error:
        _errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(error.code) from error
    except BackupFailedError as error:
        _errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except (DatabaseUnusableError, BackupRefusedError) as error:
        _errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
