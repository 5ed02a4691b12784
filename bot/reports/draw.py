"""The drawing of one picture: `python -m bot.reports.draw`, the picture as JSON on standard input, a PNG on the output.

A process of its own, at low priority and bounded in memory and processor time, since the library is big and what it
draws are names that strangers chose.
"""

import sys

from bot.media.bounds import bind_process
from bot.reports.picture import Picture

MEMORY_MOST = 1024**3
CPU_SECONDS_MOST = 20


def main() -> int:
    """Draw what stands on the standard input; returns the exit code."""
    bind_process(memory=MEMORY_MOST, cpu_seconds=CPU_SECONDS_MOST, file_bytes=0)
    from bot.reports.layout import draw  # noqa: PLC0415 - the big library comes after the bounds are set

    sys.stdout.buffer.write(draw(Picture.from_json(sys.stdin.buffer.read())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
