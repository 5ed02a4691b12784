"""The command line as a person uses it: as a process, with its output and its exit code."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from sandbox.discord import Permission
from tests.stage import TOKEN, Stage, answering

PROGRAM = (sys.executable, "-m", "bot")

WITHIN = 60.0
"""Seconds that one command may take."""


async def _showreel(*arguments: str, program: tuple[str, ...] = PROGRAM, **variables: str) -> tuple[int, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SHOWREEL_")} | variables
    process = await asyncio.create_subprocess_exec(
        *program,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    try:
        async with asyncio.timeout(WITHIN):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_models_prints_all_and_says_why_some_are_not_offered() -> None:
    code, output = await _showreel("models")
    assert code == 0
    assert "61 models." in output
    assert "kling-effects" in output
    assert "not offered" in output


async def test_models_can_be_filtered_by_operation() -> None:
    code, output = await _showreel("models", "--operation", "motion-control")
    assert code == 0
    assert "kling-3.0-motion-control" in output
    assert "veo3.1" not in output


async def test_models_marks_the_operator_s_prices_and_names_those_of_no_model(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[prices.models]\n"veo3.1-pro" = { per_second = 0.07 }\n"veo3.1-por" = { per_request = 1 }\n')
    code, output = await _showreel("models", "--config", str(path))
    assert code == 0
    assert "$0.07 a second (yours)" in " ".join(output.split())
    assert "Prices in the configuration for models that are not listed: veo3.1-por" in " ".join(output.split())


async def test_an_unknown_operation_is_wrong_usage() -> None:
    code, output = await _showreel("models", "--operation", "dancing")
    assert code == 2
    assert "dancing" in output


async def test_models_live_says_what_differs(stage: Stage) -> None:
    code, output = await _showreel("models", "--live", "--config", str(stage.configure()))
    assert code == 0
    assert "Only in the provider's list: " in output
    assert "Not in the provider's list any more: " in output
    assert "sora-2" in output.split("Not in the provider's list any more: ")[1]


async def test_migrate_makes_the_database_and_names_its_revision(stage: Stage) -> None:
    code, output = await _showreel("migrate", "--config", str(stage.configure()))
    assert code == 0
    assert "The database is at revision 0006" in output
    assert stage.database.is_file()


async def test_check_says_ok_for_each_part(stage: Stage) -> None:
    await _showreel("migrate", "--config", str(stage.configure()))
    code, output = await _showreel("check", "--config", str(stage.configure()))
    assert code == 0, output
    for part in ("database", "provider", "Discord"):
        assert f"ok     {part}: " in output
    assert "note   configuration: fine, but every guild that invites the bot is served" in output


async def test_check_names_what_is_wrong_and_goes_on(stage: Stage) -> None:
    config = stage.configure(provider={"api_key": "sk-wrong"}, discord={"token": "wrong"})
    code, output = await _showreel("check", "--config", str(config))
    assert code == 1
    assert "wrong  provider: it does not accept the key (401 invalid_api_key); see [provider] api_key" in output
    assert "wrong  Discord: it does not accept the token; see [discord] token" in output
    assert f"note   database: There is no database {stage.database} yet: the first `showreel run` makes it." in output
    assert not stage.database.exists()
    assert "sk-wrong" not in output


async def test_check_tells_an_empty_balance_from_a_wrong_key(stage: Stage, unused_tcp_port: int) -> None:
    async with answering(unused_tcp_port, 402, "insufficient_balance") as provider:
        code, output = await _showreel("check", "--config", str(stage.configure(provider=provider)))
    assert code == 1
    assert "the account has no balance left (402 insufficient_balance)" in output


@pytest.mark.parametrize(("port", "code"), [("99999", 2), ("taken", 1)])
async def test_a_port_that_the_sandbox_can_t_have_is_one_sentence(unused_tcp_port: int, port: str, code: int) -> None:
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        wanted = str(unused_tcp_port) if port == "taken" else port
        ended, output = await _showreel("sandbox", "--discord-port", wanted)
    assert ended == code
    assert "Traceback" not in output
    assert "port" in output or wanted in output


async def test_check_names_missing_permissions(stage: Stage) -> None:
    role = stage.guild.bot.roles[-1]
    role.permissions &= ~Permission.ATTACH_FILES
    stage.guild.everyone.permissions &= ~Permission.ATTACH_FILES
    code, output = await _showreel("check", "--config", str(stage.configure()))
    assert code == 1
    assert "in Film Club the bot lacks: attach_files" in output


async def test_check_without_secrets_still_says_something_of_each_part(stage: Stage) -> None:
    code, output = await _showreel(
        "check", "--config", str(stage.configure(provider={"api_key": ""}, discord={"token": ""}))
    )
    assert code == 1
    assert "wrong  provider: There is no key for the video service; see [provider] api_key." in output
    assert "wrong  Discord: there is no token; see [discord] token" in output


async def test_check_works_beside_a_running_bot(stage: Stage) -> None:
    await stage.start()
    code, output = await _showreel("check", "--config", str(stage.folder / "config.toml"))
    assert code == 0, output


async def test_a_configuration_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, output = await _showreel("run", "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert f"There is no configuration file {tmp_path / 'none.toml'}." in output


async def test_values_that_cannot_be_are_one_sentence_and_code_2(stage: Stage, tmp_path: Path) -> None:
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b'[discord]\ntoken = "\xff"\n')
    code, output = await _showreel("run", "--config", str(odd))
    assert (code, "Traceback" in output, "is not TOML" in output) == (2, False, True)
    code, output = await _showreel("run", SHOWREEL_DISCORD__GUILD_IDS="abc")
    assert (code, "Traceback" in output, "guild_ids" in output) == (2, False, True)
    code, output = await _showreel("run", SHOWREEL_WORKR__SLOTS="9")
    assert (code, "Traceback" in output, "SHOWREEL_WORKR__SLOTS" in output) == (2, False, True)
    config = stage.configure(database={"url": "sqlite://data/x.db"})
    code, output = await _showreel("run", "--config", str(config))
    assert (code, "Traceback" in output, "database.url" in output) == (2, False, True)
    config = stage.configure(media={"folder": "/proc/nope"}, database={"url": f"sqlite:///{tmp_path}/x.db"})
    code, output = await _showreel("run", "--config", str(config))
    assert (code, "Traceback" in output, "/proc/nope" in output) == (2, False, True)


async def test_guild_ids_can_come_from_the_environment(stage: Stage) -> None:
    config = stage.configure()
    code, output = await _showreel("check", "--config", str(config), SHOWREEL_DISCORD__GUILD_IDS="123,456")
    assert code == 0, output
    assert "ok     configuration: fine" in output


async def test_secrets_can_come_from_the_environment(stage: Stage) -> None:
    config = stage.configure(provider={"api_key": ""}, discord={"token": ""})
    code, output = await _showreel(
        "check",
        SHOWREEL_CONFIG=str(config),
        SHOWREEL_DISCORD__TOKEN="sandbox-token",
        SHOWREEL_PROVIDER__API_KEY="sk-sandbox",
    )
    assert code == 0, output


async def test_without_token_or_key_the_start_is_refused_in_one_sentence(stage: Stage) -> None:
    code, output = await _showreel("run", "--config", str(stage.configure(provider={"api_key": ""})))
    assert (code, output.strip().splitlines()[-1]) == (
        2,
        "There is no key for the video service; see [provider] api_key.",
    )
    code, output = await _showreel("run", "--config", str(stage.configure(discord={"token": ""})))
    assert (code, output.strip().splitlines()[-1]) == (2, "There is no Discord token; see [discord] token.")


async def test_a_running_bot_holds_no_simulators_and_no_library_of_pictures_or_videos() -> None:
    heavy = ("sandbox", "av", "PIL", "matplotlib", "numpy")
    program = f"import sys, bot.cli; print([name for name in {heavy!r} if name in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"


async def test_a_token_that_no_header_takes_is_one_sentence_and_is_not_shown(stage: Stage) -> None:
    config = str(stage.configure())
    for command in ("run", "check"):
        code, output = await _showreel(command, "--config", config, SHOWREEL_DISCORD__TOKEN="secret\ntoken")
        assert code == 2
        assert "The setting discord.token" in output
        assert "it holds characters that no token has" in output
        assert "secret" not in output
    code, output = await _showreel("check", "--config", config, SHOWREEL_DISCORD__TOKEN=f"{TOKEN}\n")
    assert code == 0, output
