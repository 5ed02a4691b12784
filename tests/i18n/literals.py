"""Finds texts in the source that would reach a person without having been through a catalog."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRANSLATING = frozenset({"_", "n_", "N_"})
"""The first arguments of these are in the catalogs; the facts that they fill in are shown as they are."""

SHOWING = frozenset(
    {
        "send",
        "send_message",
        "whisper",
        "edit_message",
        "print",
        "Embed",
        "add_field",
        "set_footer",
        "set_author",
        "Choice",
        "Group",
        "Button",
        "Option",
        "Argument",
        "Typer",
        "command",
        "describe",
        "locale_str",
        "Panel",
        "add_column",
        "add_row",
        "StartError",
        "_WrongError",
    }
)
"""Functions and classes whose arguments people see."""

NOT_SHOWN = frozenset({"name", "style", "custom_id", "color", "colour", "value", "nonce", "title_align", "overflow"})
"""Arguments of these that are no prose: machine names, looks. A field's or choice's name is told apart below."""

NAMES_SHOWN = frozenset({"add_field", "set_author", "Choice"})
"""Those whose `name` and `value` people read."""

SILENT = frozenset({"debug", "info", "warning", "error", "exception", "critical", "discord_faults", "faults"})
"""Functions whose arguments only the operator reads, in the log."""

LOOKING_UP = frozenset(
    {"get", "removeprefix", "removesuffix", "split", "rsplit", "partition", "startswith", "endswith"}
)
"""Methods whose arguments are looked for, not shown."""

_MARKUP = re.compile(r"\[/?[a-z {}_]*\]|--[a-z]+|/[a-z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_]{2,}")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A literal and where it stands."""

    path: str
    line: int
    text: str


def findings(path: Path, source: str | None = None) -> list[Finding]:
    """The literals of a file that people would see untranslated.

    Any word in an argument that is shown, and any two words in a row anywhere else but in docstrings, errors, logs and
    type annotations.
    """
    tree = ast.parse(source if source is not None else path.read_text(encoding="utf-8"))
    passed = _allowed(tree)
    shown = {id(node) for node in _shown(tree)}
    found = {
        Finding(str(path), node.lineno, text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed
        if (text := _MARKUP.sub("", node.value)) and (_WORD if id(node) in shown else _SENTENCE).search(text)
    }
    return sorted(found)


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _shown(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node inside an argument that people see, as it is passed directly."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or _name(call) not in SHOWING | TRANSLATING:
            continue
        for argument in call.args:
            yield from ast.walk(argument)
        for keyword in call.keywords:
            if not _is_hidden(call, keyword):
                yield from ast.walk(keyword.value)


def _is_hidden(call: ast.Call, keyword: ast.keyword) -> bool:
    """Whether nobody reads this argument of a call that shows something."""
    return _name(call) in SHOWING - NAMES_SHOWN and keyword.arg in NOT_SHOWN


def _allowed(tree: ast.AST) -> set[int]:
    """Literals that are translated, or that nobody sees."""
    allowed: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call() if _name(node) in TRANSLATING:
                parts: list[ast.AST] = list(node.args)
            case ast.Call() if _name(node) in SILENT | LOOKING_UP:
                parts = [*node.args, *node.keywords]
            case ast.Call() if _name(node) in SHOWING:
                parts = [keyword for keyword in node.keywords if _is_hidden(node, keyword)]
            case ast.Raise(exc=ast.Call() as call) if _name(call) not in SHOWING:
                parts = [call]
            case ast.Expr(value=ast.Constant() as docstring):
                parts = [docstring]
            case ast.Subscript(slice=key):
                parts = [key]
            case ast.FormattedValue(format_spec=ast.AST() as spec):
                parts = [spec]
            case _:
                continue
        allowed |= {id(inner) for part in parts for inner in ast.walk(part)}
    return allowed
