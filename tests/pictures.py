"""Four digits, pictures of them, and how far two inks are apart: for the tests of the ink."""

import math

import numpy as np
from PIL import Image, ImageDraw

ARC = [(math.cos(t / 20), math.sin(t / 20)) for t in range(126)]
DRAWINGS = {
    "zero": [[(30 + 20 * x, 50 + 35 * y) for x, y in ARC]],
    "two": [[(10, 25), (20, 10), (40, 8), (52, 22), (45, 45), (10, 80), (60, 80)]],
    "four": [[(40, 5), (8, 55), (65, 55)], [(48, 35), (48, 95)]],
    "seven": [[(10, 10), (60, 10), (30, 90)], [(20, 50), (58, 50)]],
}


def paint(strokes, size=300, at=(70, 40), zoom=2.0, pen=20) -> np.ndarray:
    """The strokes on a sheet, float32 (size, size), ink = 1: another renderer than the one under test."""
    sheet = Image.new("L", (size, size))
    draw = ImageDraw.Draw(sheet)
    for stroke in strokes:
        path = [(at[0] + zoom * x, at[1] + zoom * y) for x, y in stroke]
        draw.line(path, fill=255, width=pen, joint="curve")
        for x, y in path:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(sheet, dtype=np.float32) / 255


def uint8(values) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def difference(ink, reference) -> float:
    """Mean absolute difference as a share of the ink: 0 for the same, about 2 for digits that do not touch."""
    return float((ink - reference).abs().sum() / reference.sum())
