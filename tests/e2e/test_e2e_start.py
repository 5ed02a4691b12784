"""How `showreel run` starts, refuses to start, and stops."""

import signal

import aiohttp
import pytest

from tests.cli.test_cli_commands import _showreel as showreel
from tests.stage import KEY, Stage, answering


async def _refusal(stage: Stage, **changes: dict[str, object]) -> tuple[int, str]:
    await stage.launch(None, **changes)
    code = await stage.gone()
    return code, stage.log.strip().splitlines()[-1]


async def test_only_token_and_key_are_needed(stage: Stage) -> None:
    path = stage.configure()
    path.write_text(path.read_text().split("[worker]")[0])
    await stage.start()
    names = {command["name"] for command in stage.discord.commands}
    members = {"video", "models", "usage", "cancel", "history", "show", "privacy"}
    assert names == {*members, "mod", "setup", "owner"}
    result = await stage.ada.run("models", channel=stage.channel, options={})
    assert result.ephemeral
    assert result.message.embeds


async def test_a_wrong_token_is_one_sentence_and_code_2(stage: Stage) -> None:
    code, last = await _refusal(stage, discord={"token": "wrong"})
    assert code == 2
    assert last == "Discord does not accept the token; see [discord] token."
    assert "Traceback" not in stage.log


async def test_a_wrong_key_is_one_sentence_and_code_2(stage: Stage) -> None:
    code, last = await _refusal(stage, provider={"api_key": "sk-wrong"})
    assert code == 2
    assert last == "The video service does not accept the key; see [provider] api_key."
    assert "Traceback" not in stage.log


async def test_with_a_key_refused_at_start_what_is_under_way_is_kept_and_nothing_new_is_taken(stage: Stage) -> None:
    await stage.start()
    await stage.ada.run("video text", channel=stage.channel, options={"prompt": "[slow] a cat"})
    await stage.until(lambda: stage.provider.submissions)
    await stage.end()
    await stage.start(provider={"api_key": "sk-wrong"})
    refused = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a dog"})
    assert refused.ephemeral
    assert "a dog" not in str([made.body for made in stage.provider.submissions])
    owner = stage.discord.owner
    await stage.until(lambda: [message for message in owner.direct_messages if "401" in message.content])
    assert await stage.end() == 0
    await stage.start(provider={"api_key": KEY})
    await stage.until(stage.videos)
    assert len(stage.provider.submissions) == 1


@pytest.mark.parametrize(("status", "code"), [(402, "insufficient_balance"), (403, "quota_exceeded")])
async def test_without_a_balance_at_start_nothing_is_taken_and_the_owner_is_told(
    stage: Stage, unused_tcp_port: int, status: int, code: str
) -> None:
    async with answering(unused_tcp_port, status, code) as provider:
        await stage.start(provider=provider)
        refused = await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"})
        assert refused.ephemeral
        owner = stage.discord.owner
        await stage.until(lambda: [message for message in owner.direct_messages if str(status) in message.content])
        assert await stage.end() == 0


async def test_a_403_that_is_not_about_the_key_ends_no_start(stage: Stage, unused_tcp_port: int) -> None:
    async with answering(unused_tcp_port, 403, "all_channels_failed") as provider:
        await stage.start(provider=provider)
    assert "provider_refuses" in stage.log
    assert "provider_door_closed" not in stage.log


async def test_a_provider_that_is_away_is_a_warning(stage: Stage) -> None:
    await stage.start(provider={"base_url": "http://127.0.0.1:9/v1"})
    assert "provider_away" in stage.log


async def test_a_bad_database_path_is_one_sentence_and_code_2(stage: Stage) -> None:
    (stage.folder / "file").write_text("no folder")
    code, last = await _refusal(stage, database={"url": f"sqlite:///{stage.folder}/file/showreel.db"})
    assert code == 2
    assert str(stage.folder / "file") in last
    assert "Traceback" not in stage.log


async def test_an_unknown_key_is_named_with_code_2(stage: Stage) -> None:
    code, last = await _refusal(stage, worker={"slotz": 3})
    assert code == 2
    assert "worker.slotz" in last


async def test_a_second_process_on_the_same_data_folder_refuses_to_start(stage: Stage) -> None:
    await stage.start()
    first = stage.process
    await stage.launch()
    assert await stage.gone() == 2
    assert "already works in" in stage.log
    stage.process = first


@pytest.mark.parametrize("linked", ["file", "folder"])
async def test_a_second_process_on_the_same_file_by_another_path_refuses_to_start(stage: Stage, linked: str) -> None:
    await stage.start()
    first = stage.process
    other = stage.folder / "other"
    if linked == "file":
        other.mkdir()
        (other / "showreel.db").symlink_to(stage.database)
    else:
        other.symlink_to(stage.database.parent)
    await stage.launch(database={"url": f"sqlite:///{other}/showreel.db"})
    assert await stage.gone() == 2
    assert f"Another process already works in {stage.database.parent}: " in stage.log
    stage.process = first


async def test_where_the_file_is_a_link_all_lies_beside_what_it_leads_to(stage: Stage) -> None:
    (stage.folder / "far").mkdir()
    stage.database.parent.mkdir()
    stage.database.symlink_to(stage.folder / "far" / "showreel.db")
    await stage.start()
    names = {path.name for path in (stage.folder / "far").iterdir()}
    assert names >= {"showreel.db", "showreel.db-wal", "showreel.lock", "spool"}
    assert list(stage.database.parent.iterdir()) == [stage.database]


async def test_migrate_beside_a_running_bot_is_refused_in_one_sentence(stage: Stage) -> None:
    await stage.start()
    code, output = await showreel("migrate", "--config", str(stage.folder / "config.toml"))
    assert code == 2
    assert output.startswith(f"Another process already works in {stage.database.parent}: stop it first")
    assert len(output.splitlines()) == 1


async def test_sigterm_and_sigint_end_it_with_code_0(stage: Stage) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        await stage.start()
        assert await stage.end(number) == 0


async def test_health_readiness_and_metrics_are_served(stage: Stage, unused_tcp_port: int) -> None:
    await stage.start(server={"port": unused_tcp_port})
    await stage.until(lambda: "discord_ready" in stage.log)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session:
        for page in ("/healthz", "/readyz"):
            async with session.get(page) as response:
                assert (response.status, await response.text()) == (200, "ok")
        async with session.get("/metrics") as response:
            figures = await response.text()
    for name in (
        "showreel_generations_total",
        "showreel_generations_in_flight",
        "showreel_polls_total",
        "showreel_poll_lag_seconds",
        "showreel_delivery_seconds",
        "showreel_ledger_micros_total",
    ):
        assert name in figures
    assert KEY not in figures
