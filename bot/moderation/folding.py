"""Folding: one spelling for everything that a reader would take for the same text.

Compatibility forms (full-width, mathematical, ligatures) and case go by Unicode's own rules (Unicode 15, section 3.13,
"compatibility caseless matching"); characters that nobody sees, and marks that belong to no script, go altogether.
An accented letter stays another letter: "año" is no "ano". Look-alikes of other scripts stay what they are, too.
"""

import re
import unicodedata

_SPACELESS = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff"
    "\U00016fe0-\U00018dff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
"""Scripts that don't part words by spaces, or (Korean) hang endings on them: Thai to Burmese, Khmer, all of CJK."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Controls, halves of characters, and what Unicode calls default ignorable (DerivedCoreProperties)."""

_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
"""Marks that may be put on any letter, and those that Hebrew and Arabic write or leave out at will."""


def _vowel_signs() -> str:
    """The marks that are part of a word in the scripts of India and beyond."""
    codes = (*range(0x0900, 0x1D00), *range(0xA800, 0xAC00))
    marks = (chr(code) for code in codes if unicodedata.category(chr(code)).startswith("M"))
    return "".join(mark for mark in marks if not re.match(f"[{_SPACELESS}]", mark))


_WORD = re.compile(rf"(?:[^\W_{_SPACELESS}]|[{_vowel_signs()}])+")
_EDGE = "\x01"
"""Stands at both ends of a word; folding leaves no control character, so that nobody else can write it."""


def readings(text: str) -> tuple[str, ...]:
    """A text folded, in the one or two ways in which it may be meant.

    First with marks joined to their letters where there is such a letter, then, where that differs, without those that
    were written apart: an accent that is typed separately may be a keyboard's habit or a disguise.
    """
    joined, bare = _folded(text), _folded(_MARKS.sub("", text))
    return (joined,) if joined == bare else (joined, bare)


def edged(folded: str) -> str:
    """A folded text with its words' edges written down, so that whole words can be found as plain substrings.

    Writing without spaces gets no edges: there any part may be a word.
    """
    return _WORD.sub(rf"{_EDGE}\g<0>{_EDGE}", folded)


def _folded(text: str) -> str:
    seen = _UNSEEN.sub("", text)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", seen).casefold())
    joined = unicodedata.normalize("NFC", _UNSEEN.sub("", apart))
    return " ".join(_MARKS.sub("", joined).split())
