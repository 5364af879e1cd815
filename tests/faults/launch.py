"""Starts `bangpath` with a fault in it: `python -m tests.faults.launch --plant late_execution serve`.

What is planted or struck is put in from here, so that the product has nothing in it for tests.
"""

import argparse
import importlib
from datetime import timedelta
from functools import partial
from pathlib import Path

import typer

import api.app
from api.commands import command
from engine.engine import Engine
from tests.faults.points import Strike


def main() -> None:
    given, arguments = _parser().parse_known_args()
    if given.lease is not None:
        api.app.Engine = partial(Engine, lease=timedelta(seconds=given.lease))
    for name in given.plant:
        importlib.import_module(f"tests.faults.planted.{name}").plant()
    if given.armed is not None:
        Strike(given.armed).install()
    typer.main.get_command(command).main(arguments, prog_name="bangpath")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--plant", action="append", default=[], help="a module in tests/faults/planted")
    parser.add_argument("--lease", type=float, help="seconds that an execution is held")
    parser.add_argument("--armed", type=Path, help="the file that says where it is struck, see points.py")
    return parser


if __name__ == "__main__":
    main()
