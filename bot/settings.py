"""The configuration, read once: a TOML file, and the environment, which wins."""

import os
import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bot import crash_points
from bot.domain.request import Operation

PREFIX = "SHOWREEL_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_PATH = Path("config.toml")

_MOST = 1_000_000_000

Seconds = Annotated[float, Field(gt=0)]
Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class ConfigurationError(Exception):
    """The configuration can't be used; the text is one sentence that names the key."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Discord(_Section):
    """How Discord is reached, and whom the bot serves."""

    token: SecretStr = SecretStr("")
    api_url: HttpUrl = "https://discord.com/api/v10"
    gateway_url: str = Field(default="", pattern=r"^(wss?://\S+)?$")
    guild_ids: Annotated[tuple[int, ...], NoDecode] = ()
    user_install: bool = False

    @field_validator("token")
    @classmethod
    def _in_one_line(cls, token: SecretStr) -> SecretStr:
        """A header takes no more; what a file ends with is cut off."""
        bare = token.get_secret_value().strip()
        if not bare.isprintable():
            raise ValueError("it holds characters that no token has")
        return SecretStr(bare)

    @field_validator("guild_ids", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """From the environment it comes as "123,456"."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> "Discord":
        if self.user_install and self.guild_ids:
            raise ValueError("user_install needs guild_ids to be empty")
        return self


class Provider(_Section):
    """Who makes the videos, and which model is taken where none is named."""

    name: str = Field(default="tokenlab", min_length=1)
    base_url: HttpUrl = "https://api.tokenlab.sh/v1"
    api_key: SecretStr = SecretStr("")
    default_model: str = "veo3.1-fast"
    default_models: dict[Operation, str] = {}
    calls_per_minute: int = Field(default=1000, ge=1)
    models_refresh: Seconds = 900
    timeout: Seconds = 60


class Database(_Section):
    """Where the generations and the ledger are."""

    url: str = Field(default="sqlite:///data/showreel.db", pattern=r"^(sqlite:///.|postgresql://.)")


class Worker(_Section):
    """How generations are followed; all in seconds but `slots`."""

    poll_interval: Seconds = 5.0
    poll_interval_max: Seconds = 30.0
    slots: int = Field(default=64, ge=1)
    lease: float = Field(default=120, gt=0, le=3600)
    deadline: Seconds = 1800
    give_up_after: Seconds = 180_000
    unconfirmed_grace: float = Field(default=259_200, gt=0, le=2_678_400)


class BotLimits(_Section):
    """What the whole bot may do in all guilds and direct messages together; 0 switches a limit off."""

    generations_per_day: int = Field(default=0, ge=0, le=_MOST)
    dollars_per_day: Dollars = Decimal(0)
    dollars_per_month: Dollars = Decimal(0)
    concurrent: int = Field(default=0, ge=0, le=_MOST)


class Limits(_Section):
    """Defaults for every guild, for each member (but those of `bot`); 0 switches a limit off, `cooldown` in seconds."""

    generations_per_day: int = Field(default=10, ge=0, le=_MOST)
    concurrent: int = Field(default=2, ge=0, le=_MOST)
    seconds_per_day: int = Field(default=0, ge=0, le=_MOST)
    dollars_per_month: Dollars = Decimal(0)
    cooldown: int = Field(default=0, ge=0, le=_MOST)
    time_zone: str = "UTC"
    bot: BotLimits = BotLimits()

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone such as Europe/Berlin") from error
        return name


class ModelPrice(_Section):
    """The operator's price of one model, in dollars: for a second of video or for a request."""

    per_second: Dollars | None = None
    per_request: Dollars | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "ModelPrice":
        if (self.per_second is None) is (self.per_request is None):
            raise ValueError("needs either per_second or per_request")
        return self


class Prices(_Section):
    """Prices that win over the provider's, by model, and the one for a video whose price is unknown (0: none)."""

    assumed: Dollars = Decimal(0)
    models: dict[str, ModelPrice] = {}


class Media(_Section):
    """How files come and go; sizes in megabytes of 1,048,576 bytes."""

    inputs: Literal["url", "inline"] = "url"
    folder: str = ""
    image_max: int = Field(default=20, ge=1)
    video_max: int = Field(default=200, ge=1)
    audio_max: int = Field(default=15, ge=1)
    result_max: int = Field(default=512, ge=1)
    trusted_origins: tuple[HttpUrl, ...] = ()


class Moderation(_Section):
    """Who else is asked about a prompt, and what is only for age-restricted channels; `timeout` in seconds."""

    endpoint: str = Field(default="", pattern=r"^(https?://[^\s/]\S*)?$")
    api_key: SecretStr = SecretStr("")
    model: str = ""
    timeout: Seconds = 10
    fail_open: bool = False
    age_restricted_models: tuple[str, ...] = ()
    age_restricted_operations: tuple[Operation, ...] = ()


class Privacy(_Section):
    """How long what members wrote and attached is kept after the end, in days; 0: for ever."""

    retention_days: int = Field(default=90, ge=0, le=36_500)


class Server(_Section):
    """Where health and metrics are served; port 0 switches them off."""

    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class Log(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    discord: Discord = Discord()
    provider: Provider = Provider()
    database: Database = Database()
    worker: Worker = Worker()
    limits: Limits = Limits()
    prices: Prices = Prices()
    media: Media = Media()
    moderation: Moderation = Moderation()
    privacy: Privacy = Privacy()
    server: Server = Server()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings

    def secrets(self) -> tuple[str, ...]:
        """What must never be seen."""
        secrets = (self.discord.token, self.provider.api_key, self.moderation.api_key)
        return tuple(secret.get_secret_value() for secret in secrets)

    def data_folder(self) -> Path:
        """Where files of our own go: beside the SQLite file, else `data`."""
        if self.media.folder:
            return Path(self.media.folder)
        if self.database.url.startswith("sqlite:///"):
            return Path(os.path.realpath(self.database.url.removeprefix("sqlite:///"))).parent
        return Path("data")


def config_path(given: Path | None) -> Path | None:
    """The file to read: the one given, else that of the environment, else config.toml where there is one.

    Raises ConfigurationError where the file that was asked for isn't there.
    """
    asked = given or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if asked is None:
        return DEFAULT_PATH if DEFAULT_PATH.is_file() else None
    if not asked.is_file():
        raise ConfigurationError(f"There is no configuration file {asked}.")
    return asked


def read(given: Path | None = None) -> Settings:
    """Read the configuration; raises ConfigurationError with a sentence that names what is wrong."""
    path = config_path(given)
    try:
        values = TomlConfigSettingsSource(Settings, path)() if path else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    _check_sections()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error, path)) from error
    except SettingsError as error:
        raise ConfigurationError(f"A value in the environment can't be read: {error}.") from error


def _check_sections() -> None:
    """A variable of ours for a section that there isn't is a slip of the pen, not somebody else's."""
    known = {CONFIG_VARIABLE, crash_points.VARIABLE}
    for name in os.environ:
        section = name.removeprefix(PREFIX).split("__", maxsplit=1)[0].lower()
        if name.startswith(PREFIX) and name not in known and section not in Settings.model_fields:
            raise ConfigurationError(f"There is no setting for {name} in the environment; see config.example.toml.")


def _sentence(error: ValidationError, path: Path | None) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    where = f" in {path} or the environment" if path else " in the environment"
    if first["type"] == "extra_forbidden":
        return f"There is no setting called {key}{where}; see config.example.toml."
    return f"The setting {key}{where} can't be used: {first['msg'].removeprefix('Value error, ')}."


def seconds(value: float) -> timedelta:
    """A number of seconds as a span."""
    return timedelta(seconds=value)
