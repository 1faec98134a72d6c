"""`make down`: stop what `make up` started, and nothing else."""

import sys

from demo import background


def main() -> int:
    """0 also when nothing runs."""
    running = background.read()
    if running is None:
        background.forget()
        print("No stack of `make up` runs.")
        return 0
    background.stop(running)
    print("The stack is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
