"""Evaluations that the page asks for: each runs once in a thread, is kept by weights and data, and ends when nobody
looks any more.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from digits.device import yield_to_readings
from digits.errors import DigitsError
from digits.turns import in_turn

log = logging.getLogger(__name__)

KEPT = 60  # results; a report has up to 200 pictures, 160 kB
LONGEST = 180.0  # seconds
PATIENCE = 15.0  # seconds without a look: the page has gone, and the work ends
MOST_AT_ONCE = 3  # of one visitor's that wait or run; the oldest makes room
MOST_A_CLIENT = 20  # that wait or run; visitors are easily made up


class Evaluation:
    """One evaluation, from the first look to its result. Any thread may read it."""

    def __init__(self, visitor: str, client: str, slow: bool, start: Callable[[], Generator[Any, None, None]]) -> None:
        """`start` makes a generator of updates with a `share` in [0, 1] and, the last of them, a `report`."""
        self.visitor, self.client, self.slow, self.start = visitor, client, slow, start
        self.began = 0.0  # when it ran; 0 while it waits
        self.share = 0.0
        self.report: Any = None
        self.error = ""
        self.told = False  # whether the page has heard of the error; then the next look starts anew
        self.looked = time.monotonic()

    @property
    def ended(self) -> bool:
        return self.report is not None or bool(self.error)

    def run(self) -> None:
        try:
            updates = self.start()
            for update in updates:
                self.share = update.share
                if update.report is not None:
                    self.report = update.report
                elif time.monotonic() - self.began > LONGEST:
                    took = f"The evaluation took over {LONGEST:.0f} seconds"
                    self.error = f"{took}; try fewer images, or when fewer people are here."
                elif time.monotonic() - self.looked > PATIENCE:
                    self.error = "Nobody looked at the evaluation any more, so it was ended."
                    self.told = True
                if self.error:
                    updates.close()
                    return
        except DigitsError as error:
            self.error = str(error)
        except Exception:  # a bug of ours must end one evaluation, not the page's
            log.exception("An evaluation failed by a fault of our own.")
            self.error = "The evaluation failed by a fault of the server's; its log says more."


class Evaluations:
    """The newest evaluations, by what they are of. Two run at once: a quick one, and one that takes a while; clients
    take turns.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Evaluation] = OrderedDict()
        self._lock = threading.Lock()
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="evaluation", initializer=yield_to_readings)
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="evaluation", initializer=yield_to_readings)

    def look(
        self, visitor: str, key: Hashable, start: Callable[..., Any], slow: bool = False, client: str = ""
    ) -> Evaluation:
        """The evaluation by this key; it is started where there is none, or one that was given up or is known to have
        failed. Raises DigitsError where too many of this client's wait.
        """
        with self._lock:
            evaluation = self._kept.get(key)
            if evaluation is None or evaluation.told:
                self._make_room(visitor, client)
                evaluation = self._kept[key] = Evaluation(visitor, client, slow, start)
                (self._slow if slow else self._quick).submit(self._run_next, slow)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        evaluation.looked = time.monotonic()
        evaluation.told = bool(evaluation.error)
        return evaluation

    def known(self, key: Hashable) -> Evaluation | None:
        """The evaluation by this key, unless there is none or it failed; this is no look."""
        evaluation = self._kept.get(key)
        return None if evaluation is None or evaluation.error else evaluation

    def _run_next(self, slow: bool) -> None:
        """One of those that wait, whose turn it is."""
        with self._lock:
            kept = [evaluation for evaluation in self._kept.values() if evaluation.slow == slow]
            waiting = [evaluation for evaluation in kept if not evaluation.began]
            served = sorted((begun for begun in kept if begun.began), key=lambda begun: begun.began)
            if not waiting:  # one that waited was dropped
                return
            evaluation = in_turn(waiting, served)[0]
            evaluation.began = time.monotonic()
        evaluation.run()

    def _make_room(self, visitor: str, client: str) -> None:
        """A visitor's oldest evaluation ends at its next update where they have started too many."""
        if sum(kept.client == client and not kept.ended for kept in self._kept.values()) >= MOST_A_CLIENT:
            raise DigitsError("Many evaluations from your address are waiting already; try again in a moment.")
        active = [
            evaluation for evaluation in self._kept.values() if evaluation.visitor == visitor and not evaluation.ended
        ]
        for evaluation in active[: max(0, len(active) + 1 - MOST_AT_ONCE)]:
            evaluation.looked = -PATIENCE
