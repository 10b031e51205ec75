"""Evaluations that the page asks for: each runs once in a thread, is kept by weights and data, and ends when nobody
looks any more.
"""

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from digits.errors import DigitsError
from digits.evaluation.evaluate import EvaluationUpdate
from digits.evaluation.report import Report

AT_ONCE = 2
KEPT = 60  # reports; one has up to 200 pictures, 160 kB
LONGEST = 300.0  # seconds
PATIENCE = 15.0  # seconds without a look: the page has gone, and the work ends


class Evaluation:
    """One evaluation, from the first look to its report. Any thread may read it."""

    def __init__(self, start: Callable[[], Generator[EvaluationUpdate, None, None]]) -> None:
        self.start = start
        self.share = 0.0
        self.report: Report | None = None
        self.error = ""
        self.looked = time.monotonic()

    @property
    def ended(self) -> bool:
        return self.report is not None or bool(self.error)

    def run(self) -> None:
        began = time.monotonic()
        if torch.get_num_threads() > 1:
            torch.set_num_threads(1)  # of this thread: readings come first
        try:
            updates = self.start()
            for update in updates:
                self.share, report = update.share, update.report
                if report is not None:
                    self.report = report
                elif time.monotonic() - began > LONGEST:
                    self.error = f"The evaluation took over {LONGEST:.0f} seconds; give it a smaller file."
                elif time.monotonic() - self.looked > PATIENCE:
                    self.error = "Nobody looked at the evaluation any more, so it was ended; start it again."
                if self.error:
                    updates.close()
                    return
        except DigitsError as error:
            self.error = str(error)
        except Exception:  # a bug of ours must end one evaluation, not the page's
            traceback.print_exc()
            self.error = "The evaluation failed by a fault of the server's; its log says more."


class Evaluations:
    """The newest evaluations by (weights, data)."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple, Evaluation] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="evaluation")

    def look(self, weights: Path, data: str, start: Callable) -> Evaluation:
        """The evaluation of a weights file on data by a name; it is started where there is none, or one that failed."""
        key = (weights, weights.stat().st_mtime_ns, data)
        with self._lock:
            evaluation = self._kept.get(key)
            if evaluation is None or evaluation.error:
                evaluation = self._kept[key] = Evaluation(start)
                self._pool.submit(evaluation.run)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        evaluation.looked = time.monotonic()
        return evaluation
