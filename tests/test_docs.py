"""What the documents say is so: settings, commands, metrics, links."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client import REGISTRY
from pydantic import BaseModel, SecretStr

from bot import crash_points, metrics
from bot.cli import app
from bot.domain.generation import Reason
from bot.settings import Settings
from cogs.options import COMMANDS

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config.example.toml"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {key: _plain(inner) for key, inner in _defaults(type(value)).items()}
    return list(value) if isinstance(value, tuple) else value


def test_the_example_configuration_has_every_key_with_its_default() -> None:
    example = tomllib.loads(EXAMPLE.read_text())
    sections = _defaults(Settings)
    expected = {
        name: {key: _plain(value) for key, value in _defaults(type(section)).items()}
        for name, section in sections.items()
    }
    assert example == expected


def test_every_key_of_the_example_is_explained_by_a_comment_above_it() -> None:
    lines = EXAMPLE.read_text().splitlines()
    previous = ""
    for line in lines:
        if re.match(r"\w+ = ", line):
            assert previous.startswith("#") or re.match(r"(\w+_max|dollars_per_day) = ", previous), line
        previous = line


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, by its callback
    for name in commands:
        assert f"`showreel {name}`" in readme


def test_every_slash_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    others = ["models", "usage", "cancel", "history", "show", "owner attach"]
    others += ["mod report", "mod schedule set", "mod schedule show", "mod schedule clear"]
    others += ["privacy show", "privacy delete", "setup", "owner status", "owner pause", "owner resume", "owner log"]
    others += ["owner limits show", "owner limits set", "owner limits clear"]
    others += [f"mod limits {name}" for name in ("set", "show", "clear")]
    others += [f"mod {group} {name}" for group in ("channels", "models") for name in ("allow", "remove", "list")]
    others += [f"mod filter {name}" for name in ("add", "remove", "list")]
    others += [f"mod {name}" for name in ("block", "unblock", "blocked", "pause", "resume", "cancel", "release", "log")]
    for name in [*(f"video {spec.name}" for spec in COMMANDS), *others]:
        assert f"`/{name}`" in readme


def test_every_metric_is_in_the_operators_page() -> None:
    page = (ROOT / "docs" / "operate.md").read_text()
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("showreel_")}
    assert len(ours) == len([name for name in vars(metrics) if name.isupper()])
    for name in ours:
        assert f"`{name}" in page


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_documents_name_exist(document: Path) -> None:
    for name in re.findall(r"`((?:bot|cogs|sandbox|tests|docs|requirements)/[\w./-]+)`", document.read_text()):
        assert (ROOT / name).exists() or (ROOT / f"{name}.py").exists(), name


def test_every_decision_is_in_their_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    for path in folder.glob("0*.md"):
        assert path.name in listed


def test_every_make_target_that_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for document in DOCUMENTS:
        assert set(re.findall(r"`make ([a-z-]+)`", document.read_text())) <= targets, document


def _fault_matrix() -> str:
    return (ROOT / "docs" / "operate.md").read_text().split("\n## Fault matrix\n")[1].split("\n## ")[0]


def test_every_test_that_the_fault_matrix_cites_exists() -> None:
    cited = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _fault_matrix())
    assert cited
    for file, name in cited:
        path = ROOT / file
        assert path.is_file(), file
        assert re.search(rf"^(async )?def {name}\(", path.read_text(), flags=re.MULTILINE), f"{file}::{name}"


def test_every_fault_has_what_is_seen_and_the_test_that_shows_it() -> None:
    faults = _fault_matrix().split("\n### Instants")[0].splitlines()
    rows = [line for line in faults if line.startswith("|") and not line.startswith(("| fault |", "|---|"))]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert all(cells), row
        assert re.fullmatch(r"`tests/[^`]+::\w+`", cells[3]), row


def test_every_instant_of_a_crash_and_every_reason_is_in_the_fault_matrix() -> None:
    named = set(re.findall(r"`([a-z_.]+)`", _fault_matrix()))
    assert {*crash_points.POINTS, *(reason.value for reason in Reason)} <= named
