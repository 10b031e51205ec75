"""MNIST's geometry: a digit's long side is 20 pixels, and its centre of mass lies in the middle of 28x28.

LeCun et al. 1998, "Gradient-based learning applied to document recognition", section III A.
"""

from functools import cache

import numpy as np
import torch
from PIL import Image

SIDE = 28  # pixels a side of the ink

LONG_SIDE = 20  # pixels of the digit's long side

# Centre of mass in pixels from the left and top edge. Measured on MNIST's 60,000 training images: 14.51 and 14.50
# (pixel k covers k to k + 1), with the standard deviation of 0.29 that rounding to whole pixels leaves.
CENTRE = 14.5

FINE = 8  # drawn 8 times finer, then averaged


def place(
    fine: np.ndarray, softness: Image.Resampling = Image.Resampling.BOX, step: int = 1, by_mass: bool = True
) -> torch.Tensor:
    """Put a fine uint8 drawing with its centre of mass at CENTRE, and average it to the ink.

    The centre of mass lands within half of `step` fine pixels. Without `by_mass` the box's middle goes to the sheet's.
    """
    sheet = fine.astype(np.float64)
    columns, rows = sheet.sum(axis=0), sheet.sum(axis=1)
    mass = rows.sum()
    if mass == 0:
        return torch.zeros(1, SIDE, SIDE)
    height, width = fine.shape
    if by_mass:
        x = columns @ (np.arange(width) + 0.5) / mass
        y = rows @ (np.arange(height) + 0.5) / mass
        place = [round((CENTRE * FINE - middle) / step) * step for middle in (x, y)]
    else:
        place = [(SIDE * FINE - size) // 2 for size in (width, height)]
    # A lopsided drawing (all its mass at one end) stays whole rather than exactly centred.
    left, top = (min(max(at, 0), SIDE * FINE - size) for at, size in zip(place, (width, height), strict=True))
    averages = averages_of(softness)
    across = _rounded(torch.from_numpy(sheet) @ averages[left : left + width])
    return (_rounded(averages[top : top + height].T @ across) / 255).float()[None]


ONE = 2**22  # Pillow's weights are whole numbers of 1 / ONE


@cache
def averages_of(softness: Image.Resampling) -> torch.Tensor:
    """What each of the 28 ink pixels takes of each of the 224 fine ones, float64 (224, 28), in 1 / ONE.

    `Image.resize` averages by this matrix, once across and once down, and rounds after each. As two products of the
    drawing alone it takes half of the time that the whole sheet's `resize` does, and is the same to the bit.
    """
    unit = Image.fromarray(np.eye(SIDE * FINE, dtype=np.float32))
    return torch.from_numpy(np.rint(np.asarray(unit.resize((SIDE, SIDE * FINE), softness), dtype=np.float64) * ONE))


def _rounded(sums: torch.Tensor) -> torch.Tensor:
    """Sums in 1 / ONE -> the nearest whole numbers."""
    return sums.add_(ONE // 2).div_(ONE).floor_()


def bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is true (right and bottom exclusive)."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def to_ink(images: torch.Tensor) -> torch.Tensor:
    """Images as MNIST has them, uint8 (N, 28, 28), paper 0, ink 255 -> ink, float32 (N, 1, 28, 28) in [0, 1]."""
    return images.unsqueeze(1).float() / 255
