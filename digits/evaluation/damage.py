"""Digits damaged a little at a time, as ink: turned, shifted, thinned, thickened, blurred, speckled, hidden."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample, max_pool2d

from digits.ink.geometry import SIDE

SEED = 0  # of the speckles and of what is hidden, so that a slider moves the damage and not the dice


@dataclass(frozen=True)
class Slider:
    """One kind of damage, from nothing to a lot."""

    name: str
    title: str
    least: float
    most: float
    step: float
    unit: str


SLIDERS = (
    Slider("turn", "Turn", -60, 60, 5, "°"),
    Slider("shift", "Shift", -8, 8, 1, " px"),
    Slider("pen", "Thin or thicken", -1, 2, 0.25, " px"),
    Slider("blur", "Blur", 0, 2.5, 0.25, " px"),
    Slider("speckle", "Speckle", 0, 40, 2, "%"),
    Slider("hide", "Hide", 0, 14, 1, " px"),
)


def damage(inks: Tensor, amounts: dict[str, float]) -> Tensor:
    """Ink (N, 1, 28, 28) in [0, 1] -> the same, damaged by the `amounts` of SLIDERS' names; 0 leaves it as it is."""
    if amounts.get("pen"):
        inks = _redraw(inks, amounts["pen"])
    if amounts.get("turn") or amounts.get("shift"):
        inks = _move(inks, amounts.get("turn", 0), amounts.get("shift", 0))
    if amounts.get("blur"):
        inks = _blur(inks, amounts["blur"])
    if amounts.get("hide"):
        inks = _hide(inks, amounts["hide"])
    if amounts.get("speckle"):
        generator = torch.Generator().manual_seed(SEED)
        inks = inks + torch.randn(inks.shape, generator=generator) * amounts["speckle"] / 100
    return inks.clamp(0, 1)


def _redraw(inks: Tensor, pixels: float) -> Tensor:
    """A pen wider (above 0) or narrower by so many pixels at each side: between whole pixels, a mean of the two."""
    sign, size = (1, pixels) if pixels > 0 else (-1, -pixels)
    done = inks * sign
    for _ in range(math.ceil(size)):
        wider = max_pool2d(done, 3, stride=1, padding=1)
        part = min(1.0, size)
        done, size = done + (wider - done) * part, size - part
    return done * sign


def _move(inks: Tensor, degrees: float, pixels: float) -> Tensor:
    """Turned clockwise about the middle, then shifted to the right (or left) by so many pixels."""
    angle = math.radians(degrees)
    cosine, sine, shift = math.cos(angle), math.sin(angle), pixels / 14  # grid_sample's unit is half a side
    matrix = torch.tensor([[cosine, sine, -cosine * shift], [-sine, cosine, sine * shift]]).expand(len(inks), 2, 3)
    return grid_sample(inks, affine_grid(matrix, list(inks.shape), align_corners=False), align_corners=False)


def _blur(inks: Tensor, sigma: float) -> Tensor:
    reach = max(1, math.ceil(2.5 * sigma))
    places = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-(places**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    across = conv2d(inks, kernel.view(1, 1, 1, -1), padding=(0, reach))
    return conv2d(across, kernel.view(1, 1, -1, 1), padding=(reach, 0))


def _hide(inks: Tensor, side: float) -> Tensor:
    """A square of paper over the ink, at a place of each digit's own."""
    weights = inks.flatten(1).double().cumsum(1)  # its middle lies on ink
    dice = torch.from_numpy(np.random.default_rng(SEED).random((len(inks), 1)))
    places = torch.searchsorted(weights, dice * weights[:, -1:]).clamp(max=SIDE * SIDE - 1)[:, 0]
    hidden, size = inks.clone(), int(side)
    for k, place in enumerate(places.tolist()):
        y, x = divmod(place, SIDE)
        top, left = max(0, y - size // 2), max(0, x - size // 2)
        hidden[k, :, top : top + size, left : left + size] = 0
    return hidden
