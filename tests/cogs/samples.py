"""Files to attach, and models to choose, made up for what the bundled catalog has no model for."""

from io import BytesIO
from types import MappingProxyType

from PIL import Image

from bot.domain.catalog import Capability, Catalog, Model
from bot.domain.request import Operation
from bot.providers.lemondata.bundled import bundled_catalog
from sandbox.discord import Upload

PICTURE = ("cat.png", b"png")
CLIP = ("cat.mp4", b"mp4")
SOUND = ("cat.mp3", b"mp3")

ABLE = Model(
    id="able-1",
    series="Maker",
    capabilities=MappingProxyType({operation: Capability() for operation in Operation}),
)
"""A model that can do everything."""

STRICT = Model(
    id="strict-1",
    series="Maker",
    capabilities=MappingProxyType(
        {
            Operation.TEXT: Capability(
                durations=(3, 30), aspect_ratios=("5:4",), resolutions=("640p",), parameters=frozenset(), exact=True
            )
        }
    ),
    prompt_most=20,
)
"""A model of which the provider itself stated what it takes."""

CATALOG = Catalog.of([*bundled_catalog().models.values(), ABLE, STRICT])


def image(width: int, height: int) -> Upload:
    """A picture of this size."""
    out = BytesIO()
    Image.new("RGB", (width, height)).save(out, "PNG")
    return Upload("cat.png", out.getvalue())
