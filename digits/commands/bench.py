"""python -m digits bench"""

import argparse
import json
from pathlib import Path

from digits.bench.train import BASELINES
from digits.commands.options import Commands
from digits.errors import DigitsError
from digits.reading.recognizer import DEFAULT_WEIGHTS


def add_bench(commands: Commands) -> argparse.ArgumentParser:
    command = commands.add_parser("bench", help="measure speed, and what Teach it does", allow_abbrev=False)
    kinds = ["pad", "soak", "class", "train", "read", "teach", "jobs"]
    command.add_argument("what", choices=kinds, help="what to measure")
    command.add_argument("--drawings", help="pad, soak, teach: a .jsonl or .jsonl.gz file of strokes, as for evaluate")
    command.add_argument("--count", type=int, default=20, help="pad: drawings to draw")
    command.add_argument("--people", type=int, default=50, help="pad: who draw at once, after that")
    command.add_argument("--minutes", type=float, default=30, help="soak: how long")
    command.add_argument("--pupils", type=int, default=30, help="class: how many")
    command.add_argument("--seeds", type=int, default=5, help="train, teach: how often each way is run")
    command.add_argument(
        "--baselines",
        nargs="*",
        default=BASELINES[:-1],
        help=f"train: what to compare with, of {', '.join(BASELINES)} (the last takes several minutes a seed)",
    )
    command.add_argument("--look", action="store_true", help="train: what a look inside at every update costs instead")
    command.add_argument("--device", default="auto", help="train, read: auto, cpu, cuda, cuda:N, mps")
    command.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="read, teach: whose")
    command.set_defaults(run=run_bench)
    return command


def run_bench(options: argparse.Namespace) -> int:
    from digits.bench import classroom, jobs, pad, read, soak, teach, train

    if options.what in ("pad", "soak", "teach") and options.drawings is None:
        raise DigitsError("There are no drawings; give --drawings, a .jsonl file of strokes.")
    if options.what == "pad":
        result, table = pad.bench_pad(options.drawings, options.count, options.people), pad.table
    elif options.what == "soak":
        result, table = soak.bench_soak(options.drawings, options.minutes), soak.table
    elif options.what == "class":
        result, table = classroom.bench_class(options.pupils), classroom.table
    elif options.what == "train" and options.look:
        result, table = train.bench_look(options.seeds, options.device), train.look_table
    elif options.what == "train":
        result, table = train.bench_train(options.seeds, options.device, options.baselines), train.table
    elif options.what == "teach":
        result, table = teach.bench_teach(options.drawings, options.weights, options.seeds), teach.table
    elif options.what == "jobs":
        result, table = jobs.bench_jobs(), jobs.table
    else:
        result, table = read.bench_read(options.weights, options.device), read.table
    print(json.dumps(result) if options.json else table(result))
    return 0
