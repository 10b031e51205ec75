"""python -m digits evaluate"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from digits.commands.options import Commands, show_progress
from digits.data.data_set import describe_unread
from digits.data.sets import DATA_SETS, load_data, load_outliers
from digits.errors import DigitsError
from digits.evaluation.evaluate import evaluate_step_by_step
from digits.evaluation.numbers import evaluate_numbers_step_by_step
from digits.evaluation.robustness import curves_table, read_subset, robustness_step_by_step
from digits.reading.recognizer import DEFAULT_WEIGHTS, Recognizer

COUNT_MAX = 100_000  # of an evaluation's numbers or examples


def add_evaluate(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("evaluate", help="measure a network on labelled digits", allow_abbrev=False)
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    command.add_argument("--data", default="mnist-test", help=f"{', '.join(DATA_SETS)}, or a path")
    kind = command.add_mutually_exclusive_group()
    kind.add_argument("--reject", type=Path, metavar="DRAWINGS", help="drawings that are not digits: are they refused?")
    kind.add_argument(
        "--numbers", metavar="DRAWINGS", help="whole numbers instead, composed of the digits in a .jsonl or .jsonl.gz"
    )
    kind.add_argument("--robustness", action="store_true", help="how far the digits may be turned, resized, hidden")
    command.add_argument(
        "--count", type=int, help="numbers to compose (default 1,200), or digits to change for --robustness (500)"
    )
    command.add_argument("--pictures", action="store_true", help="read the numbers from pictures, not from strokes")
    command.add_argument("--device", default="auto")
    command.set_defaults(run=run_evaluate)
    return command


def run_evaluate(options: argparse.Namespace) -> int:
    if options.count is not None and not 1 <= options.count <= COUNT_MAX:
        raise DigitsError(f"--count is {options.count:,}; wanted 1 to {COUNT_MAX:,} of them.")
    if options.numbers:
        return run_evaluate_numbers(options)
    if options.robustness:
        return run_evaluate_robustness(options)
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.data)
    reject = load_outliers(options.reject) if options.reject else None
    report = show_progress(evaluate_step_by_step(recognizer, data, reject)).report
    tell_unread(report.unread)
    if options.json:
        print(json.dumps(report.to_json()))
        return 0
    print(report.to_text())
    return 0


def tell_unread(names: Sequence[str]) -> None:
    """A line about files that are no examples, where there are any."""
    if names:
        print(describe_unread(names), file=sys.stderr)


def run_evaluate_numbers(options: argparse.Namespace) -> int:
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.numbers)
    updates = evaluate_numbers_step_by_step(recognizer, data, options.count or 1_200, options.pictures)
    report = show_progress(updates).report
    if options.json:
        print(json.dumps(report.to_json()))
        return 0
    low, high = report.interval
    print(
        f"Numbers of {report.data}: {report.accuracy:.2%} of {report.n:,} wholly right (95% interval {low:.2%} to "
        f"{high:.2%}); {report.right_length:.2%} read as many digits as they have"
    )
    for length, score in report.by_length.items():
        print(f"  {length} digit{'s' if length > 1 else ''}: {score.accuracy:.2%} of {score.n:,}")
    return 0


def run_evaluate_robustness(options: argparse.Namespace) -> int:
    seed = 0
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.data)
    images, labels, damaged = read_subset(data, options.count or 500, seed)
    tell_unread([*data.unread, *damaged])
    result = show_progress(robustness_step_by_step(recognizer, images, labels, seed)).report
    if options.json:
        print(json.dumps({"data": data.name, "seed": seed, **result.to_json()}))
        return 0
    print(
        f"{data.name}: {result.accuracy:.1%} of {result.n:,} examples (chosen with seed {seed}) read right as they "
        f"are. Changed, as pictures:\n{curves_table(result)}"
    )
    return 0
