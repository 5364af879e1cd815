"""Starts the command `bangpath`."""

import gc


def main() -> None:
    """Run the command, without looking for garbage among what is imported and made at a start: all of it stays."""
    gc.disable()
    from api import commands

    commands.main()


if __name__ == "__main__":
    main()
