"""The container's recipe keeps its promises; building it needs Docker and is left to the operator."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import requires
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its continuation lines joined."""

    word: str
    arguments: str


def instructions() -> list[Instruction]:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def stages() -> list[list[Instruction]]:
    stages: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.word == "FROM":
            stages.append([])
        stages[-1].append(instruction)
    return stages


def arguments(word: str) -> list[str]:
    """Return the arguments of every such instruction of the final stage."""
    return [instruction.arguments for instruction in stages()[-1] if instruction.word == word]


def environment() -> dict[str, str]:
    return dict(pair.split("=", maxsplit=1) for arguments_ in arguments("ENV") for pair in shlex.split(arguments_))


def build_commands() -> list[list[str]]:
    """Return every command that the first stage runs, as words."""
    scripts = [i.arguments for i in stages()[0] if i.word == "RUN"]
    return [shlex.split(command) for script in scripts for command in script.split("&&")]


def copied_sources() -> list[str]:
    copies = [shlex.split(i.arguments) for i in instructions() if i.word == "COPY" and "--from" not in i.arguments]
    return [source for copy in copies for source in copy[:-1]]


def health_command() -> list[str]:
    (arguments_,) = arguments("HEALTHCHECK")
    command: list[str] = json.loads(arguments_.partition("CMD")[2])
    return command


def test_both_stages_start_from_the_same_slim_python() -> None:
    assert [stage[0].arguments for stage in stages()] == ["python:3.13-slim AS build", "python:3.13-slim"]


def test_the_bot_runs_as_a_fixed_user_without_rights() -> None:
    assert arguments("USER") == ["10001:10001"]
    assert "--uid 10001" in " ".join(arguments("RUN"))


def test_the_fonts_of_charts_come_from_debian_without_what_else_it_recommends() -> None:
    (install,) = (run for run in arguments("RUN") if "apt-get" in run)
    assert "apt-get install --yes --no-install-recommends fonts-noto-cjk fonts-symbola " in install
    assert install.endswith("rm -rf /var/lib/apt/lists/*")


def test_no_instruction_after_the_user_needs_rights() -> None:
    words = [instruction.word for instruction in stages()[-1]]
    assert not {"RUN", "COPY"} & set(words[words.index("USER") :])


def test_data_lives_in_a_volume_that_belongs_to_the_user() -> None:
    assert [json.loads(volume) for volume in arguments("VOLUME")] == [["/data"]]
    assert arguments("WORKDIR") == ["/data"]
    assert "install --directory --owner 10001 --group 10001 --mode 0750 /data" in arguments("RUN")[-1]


def test_the_database_is_in_the_volume_and_the_server_reachable() -> None:
    assert environment()["SHOWREEL_DATABASE__URL"] == "sqlite:////data/showreel.db"
    assert environment()["SHOWREEL_SERVER__HOST"] == "0.0.0.0"  # noqa: S104 - inside a container, published on purpose


def test_the_command_runs_the_bot_and_ends_on_sigterm() -> None:
    assert [json.loads(entry) for entry in arguments("ENTRYPOINT")] == [["showreel"]]
    assert [json.loads(command) for command in arguments("CMD")] == [["run", "--config", "/data/config.toml"]]
    assert arguments("STOPSIGNAL") == ["SIGTERM"]


def test_the_command_is_one_that_the_project_installs() -> None:
    assert "showreel" in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]


def test_the_labels_repeat_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    labels = dict(pair.split("=", maxsplit=1) for label in arguments("LABEL") for pair in shlex.split(label))
    prefix = "org.opencontainers.image"
    assert labels[f"{prefix}.version"] == project["version"]
    assert labels[f"{prefix}.description"] == project["description"]
    assert labels[f"{prefix}.licenses"] == project["license"]


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_well_from_ill(status: int, exit_code: int) -> None:
    program, option, code = health_command()
    assert (program, option) == ("python", "-c")
    with answering(status) as port:
        assert "http://127.0.0.1:9464/healthz" in code
        assert exit_code_of(code.replace(":9464/", f":{port}/")) == exit_code


def test_the_health_check_asks_past_a_proxy() -> None:
    with answering(200) as port:
        code = health_command()[2].replace(":9464/", f":{port}/")
        assert exit_code_of(code, http_proxy="http://127.0.0.1:9") == 0


def test_nothing_is_fetched_from_an_address() -> None:
    assert "ADD" not in {instruction.word for instruction in instructions()}
    assert not re.search(r"\b(curl|wget|https?://(?!127\.0\.0\.1))", " ".join(i.arguments for i in instructions()))


def test_every_package_is_installed_by_its_hash() -> None:
    installs = [command for command in build_commands() if "install" in command]
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or {"--no-index", "--no-deps"} <= set(install), install
    assert "requirements/run.lock" in installs[0]


def test_the_build_backend_comes_from_the_lock_file_and_lacks_nothing() -> None:
    (select,) = (command for command in build_commands() if command[0] == "awk")
    program, lock = select[1], select[2]
    assert lock == "requirements/dev.lock"
    picked = subprocess.run(["awk", program, ROOT / lock], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - our own recipe, with the awk at hand
    assert set(re.findall(r"^([a-z-]+)==", picked, re.MULTILINE)) == {"hatchling", *needed_by("hatchling")}
    assert picked.count("==") <= picked.count("--hash=sha256:")


def test_what_is_copied_is_in_the_repository_and_not_ignored() -> None:
    allowed = [line for line in ignore_lines() if line.startswith("!")]
    for source in copied_sources():
        assert (ROOT / source).exists(), source
        assert f"!{source.rstrip('/')}" in allowed


def test_every_package_of_the_project_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {f"{package}/" for package in packages} <= set(copied_sources())


@pytest.mark.parametrize("secret", [".env", "config.toml", "data/showreel.db", ".git/config", "showreel.db"])
def test_nothing_private_goes_into_the_build(secret: str) -> None:
    assert ignore_lines()[0] == "*"
    kept = [line.removeprefix("!") for line in ignore_lines() if line.startswith("!")]
    assert not any(fnmatch(secret, pattern) or secret.startswith(f"{pattern}/") for pattern in kept)


@pytest.mark.parametrize(
    "line",
    [
        "restart: unless-stopped",
        "read_only: true",
        "- /tmp:mode=1777,size=512m",
        "cap_drop:",
        "- ALL",
        "- no-new-privileges:true",
        "- data:/data",
        "required: false",
        '- "127.0.0.1:9464:9464"',
    ],
)
def test_compose_grants_no_more_than_needed(line: str) -> None:
    lines = (ROOT / "compose.yaml").read_text(encoding="utf-8").splitlines()
    assert line in {written.strip() for written in lines}


def ignore_lines() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def needed_by(package: str) -> set[str]:
    """Return what a package needs, and what that needs, as installed here."""
    requirements = map(Requirement, requires(package) or ())
    direct = {r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})}
    return direct.union(*(needed_by(name) for name in direct))


def exit_code_of(code: str, **variables: str) -> int:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, check=False, timeout=20).returncode  # noqa: S603 - our own recipe


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Answer every GET on loopback with the status; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
