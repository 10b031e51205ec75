"""Digits: draw, train, test and understand one network in one page.

Importing this package loads no weights, reads no data and touches no network.
"""

import os

from digits import threads

os.environ.update(threads.missing_settings())  # before anything imports torch

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.evaluation.evaluate import evaluate
from digits.evaluation.report import Report
from digits.reading.reading import Reading
from digits.reading.recognizer import Recognizer
from digits.training.config import TrainConfig
from digits.training.loop import train
from digits.training.update import TrainingUpdate

__all__ = [
    "DigitsError",
    "Reading",
    "Recognizer",
    "Report",
    "TrainConfig",
    "TrainingUpdate",
    "evaluate",
    "load_mnist",
    "train",
]
