"""Batched augmentation, on the device that the images are on."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from digits.errors import DigitsError

ROTATION = 12.0  # degrees, either way
SCALE = 0.12  # share of the size, either way
SHEAR = 0.15  # horizontal shift over height, either way: slant
SHIFT = 2.0  # pixels, either way
# Standard deviation, in pixels, of how far each of KNOTS x KNOTS points is moved; between them the ink is stretched.
BEND, KNOTS = 0.7, 5

AUGMENTATIONS = ("affine", "elastic", "none")


def augment(ink: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """Ink (N, 1, 28, 28) in [0, 1] -> ink of the same shape, each image changed on its own.

    `kind` is `none`, `affine` (rotation, size, slant and place, each uniform within the constants above) or `elastic`:
    affine, and bent as rubber would be (Simard et al. 2003, on a coarse grid). `generator` lives on the ink's device.
    Raises DigitsError for an unknown kind.
    """
    if kind == "none":
        return ink
    if kind not in AUGMENTATIONS:
        raise DigitsError(f"There is no augmentation called {kind!r}; choose one of {', '.join(AUGMENTATIONS)}.")
    n, _, _, width = ink.shape
    angle, size, slant, dx, dy = (
        torch.rand(5, n, generator=generator, device=ink.device) * 2 - 1
    )  # five of (N,), each in [-1, 1)
    angle, size, slant = angle * math.radians(ROTATION), 1 + size * SCALE, slant * SHEAR
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    shift = SHIFT * 2 / width  # affine_grid measures the image from -1 to 1
    matrix = torch.stack([cos, cos * slant - sin, dx * shift, sin, sin * slant + cos, dy * shift], dim=1).view(n, 2, 3)
    grid = affine_grid(matrix, list(ink.shape), align_corners=False)  # (N, 28, 28, 2)
    if kind == "elastic":
        moves = torch.randn(n, 2, KNOTS, KNOTS, generator=generator, device=ink.device) * (BEND * 2 / width)
        grid = grid + interpolate(moves, ink.shape[2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    return grid_sample(ink, grid, align_corners=False)
