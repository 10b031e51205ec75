"""A trained network that reads drawings: Recognizer -> Reading."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from digits.device import select_device
from digits.errors import DigitsError
from digits.ink.opening import open_image
from digits.ink.pictures import from_image
from digits.ink.strokes import from_strokes
from digits.model.networks import Network, in_channels_last
from digits.model.weights import load_weights
from digits.reading import numbers
from digits.reading.reading import NumberReading, Reading

_PACKAGE = Path(__file__).parents[1]
# A wheel has the weights inside the package, a checkout beside it.
WEIGHTS = _PACKAGE / "weights" if (_PACKAGE / "weights").is_dir() else _PACKAGE.parent / "weights"

DEFAULT_WEIGHTS = WEIGHTS / "cnn-large.safetensors"

# Below this digit_score a drawing is called no digit, for networks that know outliers and for those that do not: of the
# real drawings in a development collection that refuses 0.5 % and at most 1 % (LOG.md has the figures).
REFUSAL_THRESHOLDS = {True: 0.5, False: 0.48}

# Pixels of full ink. One in a thousand of MNIST's training images has more, and none of 7,458 real stroke drawings
# (their largest is 178); a scribble over the whole pad has 215 to 337.
MOST_INK = 228


class Recognizer:
    """A network and its card. Safe to share between threads: reading changes nothing in it."""

    def __init__(self, model: Network, card: dict[str, Any] | None = None, device: str = "cpu") -> None:
        self.device = select_device(device)
        self.model = in_channels_last(model, self.device).eval()  # reads in two thirds of the time
        self.card = card or {}

    @classmethod
    def load(cls, path: str | Path = DEFAULT_WEIGHTS, device: str = "cpu") -> "Recognizer":
        """The shipped network, or the one at `path`. Raises DigitsError, see `digits.model.load_weights`."""
        model, card = load_weights(path)
        return cls(model, card, device)

    def read_strokes(self, strokes: Any) -> Reading:
        """One digit as polylines [[(x, y), ...], ...], y down, any unit.

        Raises DigitsError, see `ink.strokes.from_strokes`.
        """
        return self.read_ink(from_strokes(strokes)[None])[0]

    def read_image(self, image: object) -> Reading:
        """One digit as a PIL image or a uint8/float array (H, W), (H, W, 3) or (H, W, 4), of 8 to 8,000 px a side.

        Raises DigitsError, see `ink.pictures.from_image`.
        """
        return self.read_ink(from_image(image)[None])[0]

    def read_number(self, drawing: Any) -> NumberReading:
        """A whole number, as strokes, a PIL image, an array or a picture file, see `to_ink`.

        Raises DigitsError, see `reading.numbers`.
        """
        if is_picture(drawing):
            return numbers.read_image(self.read_ink, open_picture(drawing))
        return numbers.read_strokes(self.read_ink, drawing)

    def read_many(self, drawings: Iterable[Any]) -> list[Reading]:
        """Strokes and images, mixed as they come -> a reading each, in batches through the network."""
        readings, waiting = [], []
        for drawing in drawings:
            waiting.append(to_ink(drawing))
            if len(waiting) == 500:
                readings += self.read_ink(torch.stack(waiting))
                waiting = []
        return readings + (self.read_ink(torch.stack(waiting)) if waiting else [])

    @property
    def refusal_threshold(self) -> float:
        """Below this digit_score a drawing is called no digit."""
        return REFUSAL_THRESHOLDS[bool(self.model.knows_outliers)]

    def read_ink(self, inks: Tensor) -> list[Reading]:
        """Ink (N, 1, 28, 28) in [0, 1] -> N readings."""
        return self._readings(inks, *self.scores(inks))

    def judge(self, inks: Tensor, logits: Tensor) -> list[Reading]:
        """The readings of ink (N, 1, 28, 28) whose logits (N, 10) are known already."""
        return self._readings(inks, *self._score(inks, logits))

    def _readings(self, inks: Tensor, probabilities: np.ndarray, scores: np.ndarray) -> list[Reading]:
        return [
            Reading(
                digit=int(row.argmax()) if score >= self.refusal_threshold else None,
                probabilities=row,
                digit_score=float(score),
                ink=picture,
            )
            for row, score, picture in zip(probabilities, scores, inks[:, 0].numpy(), strict=True)
        ]

    @torch.inference_mode()
    def scores(self, inks: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Ink (N, 1, 28, 28) in [0, 1] -> probabilities, float32 (N, 10), and digit scores, float32 (N,) in [0, 1].

        Rows and scores of blank inks are zero. Raises DigitsError where the weights are too large to compute with.
        A network that knows outliers has learned to give them low logits beside
        an eleventh that is always 0, so the score is what softmax leaves to the ten (an energy, Liu et al. 2020).
        For the others it is the largest probability (Hendrycks and Gimpel 2017). More ink than a digit has scores 0.
        """
        return self._score(inks, self.model(inks.to(self.device)))

    def _score(self, inks: Tensor, logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
        logits = logits.float().cpu()  # (N, 10)
        sums = inks.sum(dim=(1, 2, 3))
        probabilities = (logits / self.model.temperature.cpu()).softmax(1) * (sums > 0).unsqueeze(1)
        if not probabilities.isfinite().all():
            raise DigitsError("This network's weights are too large to read every digit; train it again.")
        scores = logits.logsumexp(1).sigmoid() if self.model.knows_outliers else probabilities.amax(1)
        return probabilities.numpy(), (scores * (sums > 0) * (sums <= MOST_INK)).numpy()


def to_ink(drawing: Any) -> Tensor:
    """Strokes or a picture -> ink (1, 28, 28).

    Arrays and PIL images are pictures, a Path or BytesIO is a picture file, everything else is strokes.
    """
    return from_image(open_picture(drawing)) if is_picture(drawing) else from_strokes(drawing)


def is_picture(drawing: object) -> bool:
    return isinstance(drawing, (Image.Image, np.ndarray, Path, BytesIO))


def open_picture(picture: Any) -> Any:
    return open_image(picture) if isinstance(picture, (Path, BytesIO)) else picture
