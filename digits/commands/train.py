"""python -m digits train"""

import argparse
import dataclasses
import itertools
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from digits.commands.options import Commands
from digits.data.augment import AUGMENTATIONS
from digits.errors import DigitsError
from digits.model.networks import NETWORKS
from digits.training.config import LEARNING_RATES, PRECISIONS, RECIPES, SCHEDULES, TrainConfig
from digits.training.loop import train
from digits.training.run_folder import load_settings
from digits.training.script import write_script
from digits.training.workers import is_first, joined, take_own_gpu


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
    command.add_argument("--fine-tuning", type=int, help="epochs more at a lower rate, on rarer ways of writing")
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


def run_train(options: argparse.Namespace) -> int:
    config = train_config(options)
    take_own_gpu(config.device)
    config.check()
    if options.script is not None:
        write_script(config, options.script)
        print(json.dumps({"script": str(options.script)}) if options.json else f"The script is in {options.script}.")
        return 0
    if config.out is None:
        config = dataclasses.replace(config, out=_make_folder(config.model) if is_first() else None)
    with joined(config.device, config.out or Path()) as device:
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
        if options.recipe is not None:
            raise DigitsError("--resume goes on with the settings that the run was started with; leave out --recipe.")
        saved = {name: value for name, value in load_settings(options.resume).items() if name in names}
        return TrainConfig(**(saved | given | {"out": options.resume}))
    if options.recipe not in (None, *RECIPES):
        raise DigitsError(f"There is no recipe called {options.recipe!r}; choose one of {', '.join(RECIPES)}.")
    if "layers" in given and "model" in given:
        raise DigitsError("--layers describes a network of your own; leave out --model.")
    return dataclasses.replace(RECIPES.get(options.recipe, TrainConfig()), **given)


def _make_folder(model: str) -> Path:
    """A new folder, named after the network and the time: two trainings may begin in the same second."""
    name = f"{model}-{datetime.now():%Y%m%d-%H%M%S}"
    for number in itertools.count(1):
        path = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            continue
        except OSError as error:
            raise DigitsError(f"The folder {path} cannot be made ({error.strerror}); choose another: --out.") from None
    return path


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
