"""python -m digits read"""

import argparse
import json
from pathlib import Path

from digits.commands.options import Commands
from digits.ink.opening import open_image
from digits.reading.recognizer import DEFAULT_WEIGHTS, Recognizer


def add_read(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("read", help="read the digit in a picture", allow_abbrev=False)
    command.add_argument("picture", type=Path)
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    command.add_argument("--device", default="cpu")
    command.set_defaults(run=run_read)
    return command


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
