"""A picture of one digit becomes ink: float32 (1, 28, 28) in [0, 1], ink = 1, paper = 0, in MNIST's geometry."""

import numpy as np
import torch
from PIL import Image

from digits.ink.finding import find
from digits.ink.geometry import FINE, LONG_SIDE, SIDE, bounds, place

# Pixels of the ink. Median stroke width of MNIST's training images: 2.5, and 1.3 to 4.8 for 98 % of them (n = 1,500).
WIDTH_MIN, WIDTH_MAX = 1.3, 4.8

WIDTH_THIN, WIDTH_THICK = 2.1, 3.5  # what thinner and thicker strokes become


def from_image(image: object) -> torch.Tensor:
    """Find the one digit in a picture, whatever its colours, paper, light, size and place.

    image: PIL image, or uint8 or float ([0, 1]) array (H, W), (H, W, 3) or (H, W, 4), 8 to 8,000 pixels a side.
    Returns ink, float32 (1, 28, 28) in [0, 1]; all zeros when nothing stands out from the paper.
    Raises DigitsError for other types, shapes and sizes, and values that are NaN or out of range.
    """
    found = find(image)
    return torch.zeros(1, SIDE, SIDE) if found is None else from_strength(found.strength)


def from_strength(strength: np.ndarray) -> torch.Tensor:
    """One digit's strength, float32 (H, W) in [0, 1], cropped -> ink (1, 28, 28).

    Its long side becomes 20 pixels, its stroke's width one that MNIST has, and it is centred.
    """
    from scipy import ndimage

    height, width = strength.shape
    grey = Image.fromarray(np.rint(strength * 255).astype(np.uint8))
    scale = LONG_SIDE * FINE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fine = np.asarray(grey.resize(size, Image.Resampling.BICUBIC))
    if not fine.any():
        return torch.zeros(1, SIDE, SIDE)
    padded = np.pad(fine > fine.max() / 2, FINE * 4)  # a hairline is grey at this size
    inside = ndimage.distance_transform_edt(padded)
    ridge = padded & (inside == ndimage.maximum_filter(inside, size=5))
    stroke_width = 2 * np.median(inside[ridge]) / FINE
    if WIDTH_MIN <= stroke_width <= WIDTH_MAX:
        if abs(max(height, width) - LONG_SIDE) <= 2:  # already MNIST's size: keep its pixels
            return place(np.kron(np.asarray(grey), np.ones((FINE, FINE), np.uint8)), step=FINE)
        return place(fine)
    # Move the edges so that, scaled to 20 pixels again, the stroke has the wanted width. Where that would leave
    # nothing of a stroke that is thinner than the others, its ridge stays.
    wanted = min(max(stroke_width, WIDTH_THIN), WIDTH_THICK)
    move = (wanted - stroke_width) / 2 / (1 - wanted / LONG_SIDE) * FINE
    if move > 0:
        drawn = ndimage.distance_transform_edt(~padded) < move
    else:
        drawn = (inside > -move) | (ndimage.distance_transform_edt(~ridge) < wanted / 2 * FINE)
    left, top, right, bottom = bounds(drawn)
    drawn = Image.fromarray(drawn[top:bottom, left:right].astype(np.uint8) * 255)
    scale = LONG_SIDE * FINE / max(drawn.size)
    drawn = drawn.resize([max(1, round(side * scale)) for side in drawn.size])
    return place(np.asarray(drawn), Image.Resampling.BILINEAR)
