"""The command line: python -m digits train | evaluate | read | export | bench."""

import argparse
import sys
from typing import NoReturn

from digits.commands.bench import add_bench
from digits.commands.evaluate import add_evaluate
from digits.commands.export import add_export
from digits.commands.read import add_read
from digits.commands.train import add_train
from digits.errors import DigitsError
from digits.training.workers import WorkerLost, is_first


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence, without argparse's lines of usage."""
        self.exit(2, f"digits: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options)
    except DigitsError as error:
        if is_first():
            print(f"digits: {error}", file=sys.stderr)
        elif isinstance(error, WorkerLost):
            print(f"\ndigits: {error}", file=sys.stderr)  # behind the bar of the first, which may be the lost one
        return 2
    except KeyboardInterrupt:
        if is_first():
            print("digits: interrupted", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m digits", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | read | export | bench")
    for add in (add_train, add_evaluate, add_read, add_export, add_bench):
        command = add(commands)
        command.add_argument(
            "--json", action="store_true", default=False, help="print one JSON object as the last line"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
