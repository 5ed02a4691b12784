"""`showreel`, and `python -m bot`: what ends a run ends it well from its first moment on."""

import os
import signal
import sys


def main() -> None:
    """Run the command line. Loading it takes a second, in which a run has nothing yet that it would have to end."""
    if "run" in sys.argv[1:2]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))
    from bot.cli import app  # noqa: PLC0415 - see above

    app()


if __name__ == "__main__":
    main()
