r"""Patterns in RE2's syntax, searched for in time that is linear in the text, whatever the pattern.

A typed face for the few parts of google-re2 that are used. The syntax is https://github.com/google/re2/wiki/Syntax:
no look-around and no back-references, and \w, \d, \b know ASCII only (\pL is a letter of any script).
"""

from collections.abc import Sequence
from functools import lru_cache

import re2

SINGLE_MEMORY = 256 << 10
"""Bytes that one pattern may need; about 3,500 steps of its program, which also bounds its time per character."""

JOINT_MEMORY = 8 << 20
"""Bytes that a set of patterns may need, most of them for what it learns while searching."""


class PatternError(Exception):
    """Not a pattern, in RE2's own words."""


class PatternTooLargeError(PatternError):
    """A pattern, or a set of them, that needs more memory than it may."""


class PatternSet:
    """Several patterns that are searched for at once, case-insensitively; as `literal`, exactly as they are written.

    Raises PatternError, or PatternTooLargeError where they don't fit together.
    """

    def __init__(self, patterns: Sequence[str], *, literal: bool = False, memory: int = JOINT_MEMORY) -> None:
        self._set = re2.Set.SearchSet(_options(memory, literal=literal))
        try:
            for pattern in patterns:
                self._set.Add(_encoded(pattern))
        except re2.error as error:
            raise PatternError(str(error)) from error
        try:
            self._set.Compile()  # it also makes sure that no search can run out of memory
        except re2.error as error:
            raise PatternTooLargeError(str(error)) from error

    def hits(self, text: str) -> list[int]:
        """The places, in the order given, of the patterns that are found in the text."""
        return self._set.Match(text.encode(errors="replace")) or []


def check_pattern(pattern: str) -> PatternSet:
    """The pattern alone; raises PatternError, or PatternTooLargeError where it needs more than `SINGLE_MEMORY`."""
    try:
        re2.compile(_encoded(pattern), _options(SINGLE_MEMORY, literal=False))
    except re2.error as error:
        said = error.args[0].decode(errors="replace")
        raise (PatternTooLargeError if said.startswith("pattern too large") else PatternError)(said) from error
    return PatternSet([pattern], memory=SINGLE_MEMORY)


@lru_cache
def _options(memory: int, *, literal: bool) -> re2.Options:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False  # else RE2 writes a moderator's slips to standard error
    options.case_sensitive = literal
    options.literal = literal
    options.never_capture = True
    return options


def _encoded(pattern: str) -> bytes:
    try:
        return pattern.encode()
    except UnicodeEncodeError as error:
        raise PatternError("half of a character") from error
