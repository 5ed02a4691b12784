"""What lies in a folder while somebody may be removing it."""

import os
from pathlib import Path


def files_in(folder: Path) -> list[Path]:
    """The files below a folder. Folders that vanish meanwhile hold none: `Path.rglob` would fail on them."""
    return sorted(Path(parent, name) for parent, _folders, names in os.walk(folder) for name in names)
