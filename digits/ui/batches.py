"""Drawings that wait for their reading at the same time are read in one batch."""

import asyncio
from typing import NamedTuple

import torch
from torch import Tensor

from digits.reading.inside import Inside, look_inside
from digits.reading.reading import Reading
from digits.reading.recognizer import Recognizer

LARGEST = 16  # drawings a batch: on one AVX-512 core 11 ms, in which the event loop does nothing else

Answer = tuple[Reading, Inside | None]


class Question(NamedTuple):
    """A drawing that waits."""

    ink: Tensor
    inside: bool
    answer: asyncio.Future[Answer]


class Batches:
    """Reads in the event loop. Nobody waits for company: a batch is what came while the loop was busy. A convolution
    rearranges its weights at every call, so of 16 drawings each costs a third of what one alone does.
    """

    def __init__(self) -> None:
        self._waiting: dict[Recognizer, list[Question]] = {}

    async def read(self, recognizer: Recognizer, ink: Tensor, inside: bool = False) -> Answer:
        """Ink (1, 28, 28) in [0, 1] -> its reading, and what the layers make of it where that is asked for."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._read_next)  # after all that is ready now
        question = Question(ink, inside, loop.create_future())
        self._waiting.setdefault(recognizer, []).append(question)
        return await question.answer

    def _read_next(self) -> None:
        """Read a batch of the network that was asked first; the next network's turn comes after it."""
        recognizer = next(iter(self._waiting))
        waiting = self._waiting.pop(recognizer)
        if len(waiting) > LARGEST:
            self._waiting[recognizer] = waiting[LARGEST:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._read_next)
        batch = [question for question in waiting[:LARGEST] if not question.answer.done()]  # a client may have gone
        if not batch:
            return
        try:
            inks = torch.stack([question.ink for question in batch])
            answers = read_batch(recognizer, inks, [question.inside for question in batch])
        except Exception as error:
            for question in batch:
                question.answer.set_exception(error)
            return
        for question, answer in zip(batch, answers, strict=True):
            question.answer.set_result(answer)


def read_batch(recognizer: Recognizer, inks: Tensor, insides: list[bool]) -> list[Answer]:
    """Ink (N, 1, 28, 28) in [0, 1], and of which of them the inside is wanted -> N readings, from one pass."""
    if not any(insides):
        return [(reading, None) for reading in recognizer.read_ink(inks)]
    found = look_inside(recognizer.model, inks)
    readings = recognizer.judge(inks, torch.stack([inside.logits for inside in found]))
    shown = (inside if wanted else None for inside, wanted in zip(found, insides, strict=True))
    return list(zip(readings, shown, strict=True))
