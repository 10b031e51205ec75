"""python -m digits export"""

import argparse
import json
from pathlib import Path

from digits.commands.options import Commands
from digits.errors import DigitsError
from digits.files import write_atomically
from digits.model.export import to_onnx
from digits.model.weights import load_weights
from digits.reading.recognizer import DEFAULT_WEIGHTS

ENDING = ".onnx"


def add_export(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("export", help="write a network as ONNX, for programs without PyTorch")
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    command.add_argument("--out", type=Path, help="the file to write, which ends in .onnx; default: beside the weights")
    command.set_defaults(run=run_export)
    return command


def run_export(options: argparse.Namespace) -> int:
    if options.out and options.out.suffix != ENDING:
        raise DigitsError(f"The ONNX file's name is {options.out.name!r}; wanted one that ends in {ENDING}.")
    content = to_onnx(load_weights(options.weights)[0])
    path = options.out or options.weights.with_suffix(ENDING)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise DigitsError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None
    print(json.dumps({"onnx": str(path), "bytes": len(content)}) if options.json else f"The network is in {path}.")
    return 0
