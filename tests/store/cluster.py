"""A throw-away PostgreSQL server for tests: own folder, own Unix socket, no port, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PATIENCE = 20  # seconds until a server that doesn't answer is given up
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")
EVEN = ("autovacuum=off",)  # statistics that come by themselves change plans in the middle of a test


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, of the newest version installed; None where there is none."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: found.parent.name, reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@contextmanager
def running_cluster(programs: Path) -> Iterator[str]:
    """A running server; yields the address of its databases but for the name: `address % name`."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = _unprivileged_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    owner = None if user is None else user.pw_uid
    data = folder / "data"
    try:
        make: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "showreel",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run([*make, "--no-locale"], user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        options = [part for setting in (*FAST, *EVEN, f"unix_socket_directories={folder}") for part in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - our own arguments
                [programs / "postgres", "-D", data, *options], user=owner, cwd=folder, stdout=log, stderr=log
            )
        try:
            _wait_for(server, folder)
            yield f"postgresql://showreel@/%s?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(f"postgresql://showreel@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return
