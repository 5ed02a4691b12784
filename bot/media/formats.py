"""File formats: how each is named, stated and recognised by its first bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from bot.domain.request import MediaKind

HEAD = 64
"""How many first bytes `recognised` looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format; the first of its content types and suffixes is the one that we write."""

    name: str
    label: str
    kind: MediaKind
    content_types: tuple[str, ...]
    suffixes: tuple[str, ...]


def _picture(name: str, label: str, *suffixes: str) -> Format:
    suffixes = suffixes or (name,)
    return Format(
        name=name, label=label, kind=MediaKind.IMAGE, content_types=(f"image/{name}",), suffixes=_dotted(suffixes)
    )


def _clip(name: str, label: str, *content_types: str) -> Format:
    return Format(name=name, label=label, kind=MediaKind.VIDEO, content_types=content_types, suffixes=_dotted((name,)))


def _sound(name: str, label: str, *content_types: str) -> Format:
    return Format(name=name, label=label, kind=MediaKind.AUDIO, content_types=content_types, suffixes=_dotted((name,)))


def _dotted(suffixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f".{suffix}" for suffix in suffixes)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            _picture("png", "PNG"),
            _picture("jpeg", "JPEG", "jpg", "jpeg", "jfif"),
            _picture("webp", "WebP"),
            _picture("gif", "GIF"),
            _picture("heic", "HEIC", "heic", "heif"),
            _picture("avif", "AVIF"),
            _picture("bmp", "BMP"),
            _picture("tiff", "TIFF", "tiff", "tif"),
            _clip("mp4", "MP4", "video/mp4", "video/x-m4v"),
            _clip("mov", "MOV", "video/quicktime"),
            _clip("webm", "WebM", "video/webm"),
            _clip("mkv", "Matroska", "video/x-matroska", "video/matroska"),
            _clip("3gp", "3GP", "video/3gpp", "video/3gpp2"),
            _clip("avi", "AVI", "video/x-msvideo", "video/avi"),
            _sound("mp3", "MP3", "audio/mpeg", "audio/mp3"),
            _sound("wav", "WAV", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
            _sound("aac", "AAC", "audio/aac", "audio/x-aac", "audio/aacp", "audio/vnd.dlna.adts"),
            _sound("m4a", "M4A", "audio/mp4", "audio/x-m4a", "audio/m4a"),
            _sound("ogg", "Ogg", "audio/ogg", "audio/opus"),
            _sound("flac", "FLAC", "audio/flac", "audio/x-flac"),
        )
    }
)
"""The formats that are told apart; which of them are taken is another question."""

_BY_CONTENT_TYPE = {content_type: each for each in FORMATS.values() for content_type in each.content_types}
_BY_SUFFIX = {suffix: each for each in FORMATS.values() for suffix in each.suffixes}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS = (
    (b"qt", "mov"),
    (b"M4A", "m4a"),
    (b"M4B", "m4a"),
    (b"3g", "3gp"),
    (b"avi", "avif"),
    (b"he", "heic"),
    (b"mif1", "heic"),
    (b"msf1", "heic"),
)
_OLD_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def stated(content_type: str | None, filename: str) -> Format | None:
    """The format that a content type names, or where it names none the file name's suffix."""
    known = _BY_CONTENT_TYPE.get(essence(content_type))
    if known or essence(content_type) not in {"", "application/octet-stream"}:
        return known
    return of_name(filename)


def of_name(filename: str) -> Format | None:
    """The format that a file name's suffix stands for."""
    return _BY_SUFFIX.get(PurePosixPath(filename).suffix.lower())


def content_type_of(path: Path) -> str:
    """The content type that a file's suffix stands for."""
    known = of_name(path.name)
    return known.content_types[0] if known else "application/octet-stream"


def essence(content_type: str | None) -> str:
    """A content type without its parameters, in small letters; "" for none."""
    return (content_type or "").partition(";")[0].strip().lower()


def recognised(head: bytes) -> Format | None:
    """The format by a file's first bytes, None for anything else (HTML among it)."""
    name = _by_magic(head) or _by_container(head) or _by_frame(head)
    return FORMATS[name] if name else None


def _by_magic(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def _by_container(head: bytes) -> str | None:
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head else "mkv"
    if head[4:8] == b"ftyp":
        return next((name for brand, name in _BRANDS if head[8:12].startswith(brand)), "mp4")
    return "mov" if head[4:8] in _OLD_QUICKTIME_BOXES else None


def _by_frame(head: bytes) -> str | None:
    """Sound without a container begins with a frame: 11 or 12 bits set, then version and layer (III, or 0 for ADTS)."""
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    return "mp3" if head[1] & 0xE6 == 0xE2 else None
