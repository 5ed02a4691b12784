"""The section [moderation] of the configuration."""

from pathlib import Path

import pytest

from bot.domain.request import Operation
from bot.settings import ConfigurationError, read


def written(folder: Path, *lines: str) -> Path:
    path = folder / "config.toml"
    path.write_text("\n".join(("[moderation]", *lines)))
    return path


def test_by_default_no_endpoint_is_asked_and_nothing_is_age_restricted(tmp_path: Path) -> None:
    moderation = read(written(tmp_path)).moderation
    assert moderation.endpoint == ""
    assert moderation.fail_open is False
    assert (moderation.age_restricted_models, moderation.age_restricted_operations) == ((), ())


def test_its_key_is_a_secret_and_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWREEL_MODERATION__API_KEY", "sk-mod")
    settings = read(written(tmp_path, 'endpoint = "https://api.openai.com/v1"'))
    assert "sk-mod" in settings.secrets()
    assert "sk-mod" not in repr(settings)


def test_operations_go_by_the_apis_names(tmp_path: Path) -> None:
    settings = read(
        written(tmp_path, 'age_restricted_operations = ["video-to-video"]', 'age_restricted_models = ["m"]')
    )
    assert settings.moderation.age_restricted_operations == (Operation.TRANSFORM,)
    assert settings.moderation.age_restricted_models == ("m",)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('endpoint = "api.openai.com"', "moderation.endpoint"),
        ('endpoint = "https:// a"', "moderation.endpoint"),
        ("timeout = 0", "moderation.timeout"),
        ('age_restricted_operations = ["dreaming"]', "moderation.age_restricted_operations.0"),
        ("fails_open = true", "moderation.fails_open"),
    ],
)
def test_a_value_that_can_t_be_used_is_named(tmp_path: Path, line: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f" {key} in "):
        read(written(tmp_path, line))
