"""The models that the simulated provider offers, with what each can do and costs."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum


class Operation(StrEnum):
    """The kinds of generation, by the API's own names."""

    TEXT = "text-to-video"
    IMAGE = "image-to-video"
    REFERENCE = "reference-to-video"
    FRAMES = "start-end-to-video"
    TRANSFORM = "video-to-video"
    MOTION = "motion-control"
    AUDIO = "audio-to-video"
    EXTEND = "video-extension"


class Unit(StrEnum):
    """What a price is for."""

    SECOND = "per_second"
    REQUEST = "per_request"
    TOKEN = "per_token"  # noqa: S105 - a unit of pricing, not a secret
    IMAGE = "per_image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars as decimal strings, for one unit (for a million of them where the unit is the token)."""

    unit: Unit
    low: str
    high: str

    @property
    def is_single(self) -> bool:
        """Whether one figure says it all."""
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model on offer; `slowness` runs from 0 (quick) to 1."""

    id: str
    owner: str
    price: Price
    operations: tuple[Operation, ...] = ()
    category: str = "video"
    durations: tuple[int, ...] = (5, 10)
    ratios: tuple[str, ...] = ("16:9", "9:16", "1:1")
    resolutions: tuple[str, ...] = ("720p", "1080p")
    parameters: frozenset[str] = field(default=frozenset({"negative_prompt", "seed", "output_audio"}))
    max_references: int = 3
    prompt_max: int = 2500
    sounds_by_default: bool = False
    is_cancellable: bool = False
    stage: str = "active"
    replacement: str | None = None
    aliases: tuple[str, ...] = ()
    slowness: float = 0.5


DEFAULT_MODEL = "veo3.1"
"""What the API takes where a request names no model."""


def find(name: str) -> Model | None:
    """Look a video model up by its id or an alias."""
    return _BY_NAME.get(name)


def near(name: str) -> list[str]:
    """Name the models that a mistyped id may have meant, best first."""
    return get_close_matches(name, [model.id for model in MODELS if model.category == "video"], n=3, cutoff=0.5)


_T, _I, _R, _F = Operation.TEXT, Operation.IMAGE, Operation.REFERENCE, Operation.FRAMES
_V, _M, _A, _E = Operation.TRANSFORM, Operation.MOTION, Operation.AUDIO, Operation.EXTEND
_SIX_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")
_KLING = frozenset({"negative_prompt", "cfg_scale", "seed", "output_audio"})
_SEEDANCE = frozenset(
    {"seed", "output_audio", "watermark", "return_last_frame", "priority", "safety_identifier"}
    | {"service_tier", "execution_expires_after", "generate_audio", "ratio"}
)


def _per_second(low: str, high: str) -> Price:
    return Price(unit=Unit.SECOND, low=low, high=high)


def _per_request(low: str, high: str | None = None) -> Price:
    return Price(unit=Unit.REQUEST, low=low, high=high or low)


def _per_token(low: str, high: str) -> Price:
    return Price(unit=Unit.TOKEN, low=low, high=high)


def _veo(name: str, operations: tuple[Operation, ...], price: Price, slowness: float) -> Model:
    return Model(
        id=name,
        owner="google",
        operations=operations,
        price=price,
        durations=(4, 6, 8),
        ratios=("16:9", "9:16"),
        resolutions=("720p", "1080p", "4k"),
        sounds_by_default=True,
        slowness=slowness,
    )


def _seedance(name: str, operations: tuple[Operation, ...], price: Price, resolutions: tuple[str, ...]) -> Model:
    return Model(
        id=name,
        owner="bytedance",
        operations=operations,
        price=price,
        durations=(-1, *range(4, 16)),
        ratios=("adaptive", *_SIX_RATIOS),
        resolutions=resolutions,
        parameters=_SEEDANCE,
        max_references=9,
        sounds_by_default=True,
        is_cancellable=True,
        slowness=0.8,
    )


MODELS: tuple[Model, ...] = (
    _veo("veo3.1", (_T, _I, _R, _F), _per_second("0.20", "0.40"), 0.6),
    _veo("veo3.1-fast", (_T, _I, _R, _F), _per_second("0.10", "0.15"), 0.1),
    _veo("veo3.1-pro", (_T, _I, _F), _per_second("0.40", "0.60"), 1.0),
    Model(
        id="kling-3.0-video",
        owner="kuaishou",
        operations=(_T, _I, _F),
        price=_per_second("0.0909", "0.1818"),
        durations=(5, 10),
        parameters=_KLING | {"kling_elements", "image_urls"},
    ),
    Model(
        id="kling-3.0-motion-control",
        owner="kuaishou",
        operations=(_M,),
        price=_per_second("0.0758", "0.1212"),
        durations=(),
        ratios=(),
    ),
    Model(
        id="kling-video-o1-pro",
        owner="kuaishou",
        operations=(_T, _I, _R, _F, _V),
        price=_per_second("0.112", "0.112"),
        parameters=_KLING,
        max_references=7,
    ),
    Model(
        id="kling-v2.6-pro",
        owner="kuaishou",
        operations=(_T, _I, _F),
        price=_per_request("0.49"),
        parameters=_KLING,
        stage="deprecated",
        replacement="kling-3.0-video",
        aliases=("kling-2.6-pro",),
    ),
    Model(
        id="hailuo-2.3-standard",
        owner="minimax",
        operations=(_T, _I),
        price=_per_request("0.28"),
        durations=(6, 10),
        ratios=("16:9",),
        resolutions=("768p", "1080p"),
        parameters=frozenset(),
        prompt_max=2000,
        slowness=0.4,
    ),
    Model(
        id="viduq3-turbo",
        owner="shengshu",
        operations=(_T, _I, _F),
        price=_per_second("0.035", "0.075"),
        durations=(4, 5, 6, 8, 10, 12, 15),
        ratios=_SIX_RATIOS,
        resolutions=("540p", "720p", "1080p"),
        slowness=0.2,
    ),
    Model(
        id="viduq2-pro",
        owner="shengshu",
        operations=(_I, _R, _F),
        price=_per_request("0.18"),
        durations=(4, 5, 8),
        max_references=7,
    ),
    Model(
        id="wan-2.6",
        owner="alibaba",
        operations=(_T, _I, _R),
        price=_per_second("0.08", "0.12"),
        parameters=frozenset({"negative_prompt", "seed", "cfg_scale", "motion_strength", "fps", "output_audio"}),
    ),
    _seedance("seedance-2.0", (_T, _I, _R, _F, _V, _E, _A), _per_token("5.00", "9.00"), ("480p", "720p", "1080p")),
    _seedance("seedance-2.0-fast", (_T, _I, _R, _F, _E), _per_token("2.0588", "3.3824"), ("480p", "720p")),
    Model(
        id="topaz-video-upscale",
        owner="topaz",
        operations=(_V,),
        price=_per_second("0.02", "0.10"),
        durations=(),
        ratios=(),
        resolutions=("720p", "1080p", "4k"),
        parameters=frozenset({"fps"}),
        slowness=0.3,
    ),
    Model(
        id="lumen-nova-1",
        owner="lumen",
        operations=(_T, _I, _A),
        price=_per_request("0.05", "0.20"),
        durations=(3, 5, 7),
        ratios=_SIX_RATIOS,
        parameters=frozenset({"seed", "motion_strength", "output_audio"}),
        stage="preview",
        slowness=0.0,
    ),
    Model(
        id="lumen-still-1",
        owner="lumen",
        category="image",
        price=Price(unit=Unit.IMAGE, low="0.04", high="0.04"),
        durations=(),
        ratios=(),
    ),
)

_BY_NAME = {name: model for model in MODELS if model.category == "video" for name in (model.id, *model.aliases)}
