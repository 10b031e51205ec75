"""Digits: draw, train, test and understand one network in one page.

Importing this package loads no weights, reads no data and touches no network.
"""

from digits.data import load_mnist
from digits.errors import DigitsError
from digits.evaluation import Report, evaluate
from digits.inference import Reading, Recognizer
from digits.trainer import TrainConfig, TrainingUpdate, train

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
