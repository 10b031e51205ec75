"""The command line: python -m digits train | evaluate | read | bench."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from digits.bench.train import BASELINES
from digits.data.augment import AUGMENTATIONS
from digits.data.data_set import describe_unread
from digits.data.sets import DATA_SETS, load_data, load_outliers
from digits.errors import DigitsError
from digits.evaluation.evaluate import evaluate_step_by_step
from digits.evaluation.numbers import evaluate_numbers_step_by_step
from digits.evaluation.robustness import curves_table, robustness_step_by_step, subset
from digits.ink.opening import open_image
from digits.model.networks import NETWORKS
from digits.reading.recognizer import DEFAULT_WEIGHTS, Recognizer
from digits.training.config import LEARNING_RATES, PRECISIONS, RECIPES, SCHEDULES, TrainConfig
from digits.training.loop import train
from digits.training.run_folder import load_settings
from digits.training.script import write_script
from digits.training.workers import WorkerLost, is_first, joined

COUNT_MAX = 100_000  # of an evaluation's numbers or examples

Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


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
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | read | bench")
    for add in (add_train, add_evaluate, add_read, add_bench):
        command = add(commands)
        command.add_argument(
            "--json", action="store_true", default=False, help="print one JSON object as the last line"
        )
    return parser


def add_train(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser(
        "train",
        help="train a network on MNIST",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,  # TrainConfig has the defaults, and --resume must know what was given
    )
    recipes = ", ".join(RECIPES)
    command.add_argument("--recipe", default=None, help=f"{recipes}: settings that the other flags change")
    command.add_argument("--model", help=", ".join(NETWORKS))
    command.add_argument("--layers", help="a network of your own instead of --model, such as 'c5s2-12 c3p-32 f-192'")
    command.add_argument("--epochs", type=int)
    command.add_argument("--optimizer", help=", ".join(LEARNING_RATES))
    command.add_argument("--learning-rate", type=float, help="default: the optimizer's own")
    command.add_argument("--schedule", help=", ".join(SCHEDULES))
    command.add_argument("--batch-size", type=int)
    command.add_argument("--augment", help=", ".join(AUGMENTATIONS))
    command.add_argument("--handwriting", type=int, help="drawings of many ways of writing to add to MNIST")
    command.add_argument("--outliers", type=int, help="drawings that are not digits to add, to learn what is none")
    command.add_argument("--examples", type=int, help="train on the first so many images of the 55,000")
    command.add_argument("--label-smoothing", type=float, help="0 to 0.5; default: 0.05 on one-cycle, else 0")
    command.add_argument("--precision", help=f"{', '.join(PRECISIONS)} (where the device has it)")
    command.add_argument("--device", help="auto, cpu, cuda, cuda:N, mps")
    command.add_argument("--seed", type=int)
    command.add_argument(
        "--script",
        type=Path,
        default=None,
        help="write the same as a plain PyTorch script (.py, .ipynb); train nothing",
    )
    folder = command.add_mutually_exclusive_group()
    folder.add_argument("--out", type=Path, help="folder of the run; default: runs/<network>-<time>")
    folder.add_argument("--resume", type=Path, default=None, help="continue the run in this folder, as it was started")
    command.set_defaults(run=run_train)
    return command


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


def add_read(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("read", help="read the digit in a picture", allow_abbrev=False)
    command.add_argument("picture", type=Path)
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    command.add_argument("--device", default="cpu")
    command.set_defaults(run=run_read)
    return command


def add_bench(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("bench", help="measure speed, and what Teach it does", allow_abbrev=False)
    command.add_argument("what", choices=["pad", "train", "read", "teach"], help="what to measure")
    command.add_argument("--drawings", help="pad, teach: a .jsonl or .jsonl.gz file of strokes, as for evaluate")
    command.add_argument("--count", type=int, default=20, help="pad: drawings to draw")
    command.add_argument("--seeds", type=int, default=5, help="train, teach: how often each way is run")
    command.add_argument(
        "--baselines",
        nargs="*",
        default=BASELINES[:2],
        help=f"train: what to compare with, of {', '.join(BASELINES)} (the last takes several minutes a seed)",
    )
    command.add_argument("--look", action="store_true", help="train: what a look inside at every update costs instead")
    command.add_argument("--device", default="auto", help="train, read: auto, cpu, cuda, cuda:N, mps")
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="read, teach: whose")
    command.set_defaults(run=run_bench)
    return command


def run_train(options: argparse.Namespace) -> int:
    config = train_config(options)
    config.check()
    if options.script is not None:
        write_script(config, options.script)
        print(json.dumps({"script": str(options.script)}) if options.json else f"The script is in {options.script}.")
        return 0
    with joined(config.device, config.out or Path()) as device:  # `_config` has given it a folder
        config = dataclasses.replace(config, device=device)
        update, interrupted = _train_with_progress(config, options.resume is not None)
    if not is_first():
        return 130 if interrupted else 0
    if update is None:
        print("digits: the training was interrupted before its first update; it kept nothing new", file=sys.stderr)
        return 130
    weights = Path(config.out or "") / "weights.safetensors"
    card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    figures = card["figures"]
    if options.json:
        result = {
            "validation_accuracy": figures["validation_accuracy"],
            "test_accuracy": figures["test_accuracy"],
            "seconds": update.elapsed,
            "images_per_second": figures["images_per_second"],
            "parameters": card["parameters"],
            **({"layers": config.layers} if config.layers else {}),
            "device": card["device"],
            "seed": config.seed,
            "weights": str(weights),
            "complete": card["complete"],
        }
        print(json.dumps(result))
    else:
        state = "Stopped; the weights so far are" if interrupted else "Done: the weights are"
        accuracies = f"validation accuracy {figures['validation_accuracy']:.2%}"
        if figures["test_accuracy"] is not None:
            accuracies += f", test accuracy {figures['test_accuracy']:.2%}"
        print(f"{state} in {weights}; {accuracies}.")
    return 130 if interrupted else 0


def train_config(options: argparse.Namespace) -> TrainConfig:
    """The settings that were given, over those of the run to resume, over the defaults."""
    names = {field.name for field in dataclasses.fields(TrainConfig)}
    given = {name: value for name, value in vars(options).items() if name in names}
    if options.resume is not None:
        saved = {name: value for name, value in load_settings(options.resume).items() if name in names}
        return TrainConfig(**(saved | given | {"out": options.resume}))
    if options.recipe not in (None, *RECIPES):
        raise DigitsError(f"There is no recipe called {options.recipe!r}; choose one of {', '.join(RECIPES)}.")
    if "layers" in given and "model" in given:
        raise DigitsError("--layers describes a network of your own; leave out --model.")
    config = dataclasses.replace(RECIPES.get(options.recipe, TrainConfig()), **given)
    if config.out is None:
        config = dataclasses.replace(config, out=Path("runs") / f"{config.model}-{datetime.now():%Y%m%d-%H%M%S}")
    return config


def _train_with_progress(config: TrainConfig, resume: bool) -> tuple[Any, bool]:
    """Train with a progress bar -> (the last update or None, whether Ctrl-C ended it)."""
    from tqdm import tqdm

    update, interrupted = None, False
    updates = train(config, resume=resume)
    with tqdm(unit=" steps", dynamic_ncols=True, disable=not is_first()) as bar:
        try:
            for update in updates:
                bar.total = update.steps
                bar.set_postfix_str(f"loss {update.loss:.3f}, accuracy {update.accuracy:.2%}", refresh=False)
                bar.update(update.step - bar.n)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            updates.close()  # keeps the weights so far
    return update, interrupted


def show_progress(updates: Iterable[Any]) -> Any:
    """Follow updates that have a `share` with a progress bar -> the last of them."""
    from tqdm import tqdm

    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}", leave=False) as bar:
        for update in updates:
            bar.update(round(update.share * 100) - bar.n)
    return update


def run_evaluate(options: argparse.Namespace) -> int:
    if options.count is not None and not 1 <= options.count <= COUNT_MAX:
        raise DigitsError(f"--count is {options.count:,}; wanted 1 to {COUNT_MAX:,} of them.")
    if options.numbers:
        return run_evaluate_numbers(options)
    if options.robustness:
        return run_evaluate_robustness(options)
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.data)
    reject = load_outliers(options.reject) if options.reject else None
    if data.unread:
        print(describe_unread(data), file=sys.stderr)
    report = show_progress(evaluate_step_by_step(recognizer, data, reject)).report
    if options.json:
        print(json.dumps(report.to_json() | ({"unread": list(data.unread)} if data.unread else {})))
        return 0
    print(report.to_text())
    return 0


def run_evaluate_numbers(options: argparse.Namespace) -> int:
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.numbers)
    updates = evaluate_numbers_step_by_step(recognizer, data, options.count or 1_200, options.pictures)
    report = show_progress(updates).report
    if options.json:
        print(json.dumps(report.to_json()))
        return 0
    low, high = report.interval
    print(
        f"Numbers of {report.data}: {report.accuracy:.2%} of {report.n:,} wholly right (95 % interval {low:.2%} to "
        f"{high:.2%}); {report.right_length:.2%} read as many digits as they have"
    )
    for length, score in report.by_length.items():
        print(f"  {length} digit{'s' if length > 1 else ''}: {score.accuracy:.2%} of {score.n:,}")
    return 0


def run_evaluate_robustness(options: argparse.Namespace) -> int:
    seed = 0
    recognizer, data = Recognizer.load(options.weights, options.device), load_data(options.data)
    images, labels = subset(data, options.count or 500, seed)
    result = show_progress(robustness_step_by_step(recognizer, images, labels, seed)).report
    if options.json:
        print(json.dumps({"data": data.name, "seed": seed, **result.to_json()}))
        return 0
    print(
        f"{data.name}: {result.accuracy:.1%} of {result.n:,} examples (chosen with seed {seed}) read right as they "
        f"are. Changed, as pictures:\n{curves_table(result)}"
    )
    return 0


def run_read(options: argparse.Namespace) -> int:
    reading = Recognizer.load(options.weights, options.device).read_image(open_image(options.picture))
    if options.json:
        probabilities = [float(probability) for probability in reading.probabilities]
        print(json.dumps({"digit": reading.digit, "probabilities": probabilities, "digit_score": reading.digit_score}))
    elif reading.blank:
        print("The picture is blank: no ink was found in it.")
    else:
        lead = "" if reading.digit is not None else "This does not look like a digit; the nearest is "
        print(f"{lead}{reading.best} ({reading.digit_score:.1%})")
    return 0


def run_bench(options: argparse.Namespace) -> int:
    from digits.bench import pad, read, teach, train

    if options.what in ("pad", "teach") and options.drawings is None:
        raise DigitsError("There are no drawings; give --drawings, a .jsonl file of strokes.")
    if options.what == "pad":
        result, table = pad.bench_pad(options.drawings, options.count), pad.table
    elif options.what == "train" and options.look:
        result, table = train.bench_look(options.seeds, options.device), train.look_table
    elif options.what == "train":
        result, table = train.bench_train(options.seeds, options.device, options.baselines), train.table
    elif options.what == "teach":
        result, table = teach.bench_teach(options.drawings, options.weights, options.seeds), teach.table
    else:
        result, table = read.bench_read(options.weights, options.device), read.table
    print(json.dumps(result) if options.json else table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
