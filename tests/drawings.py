"""Ten digits drawn by hand for the tests: strokes in shares of the pad's side, y down."""

from math import cos, pi, sin


def arc(x, y, rx, ry, start, end, steps=16):
    """Points on an ellipse; angles in turns, 0 to the right, 0.25 down."""
    angles = [2 * pi * (start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * cos(angle), y + ry * sin(angle)) for angle in angles]


DIGITS = {
    0: [arc(0.5, 0.5, 0.2, 0.3, -0.25, 0.75)],
    1: [[(0.52, 0.2), (0.5, 0.5), (0.48, 0.8)]],
    2: [[*arc(0.5, 0.36, 0.18, 0.16, -0.5, 0.1), (0.32, 0.8), (0.72, 0.8)]],
    3: [[*arc(0.48, 0.35, 0.17, 0.15, -0.4, 0.25), *arc(0.48, 0.65, 0.2, 0.15, -0.25, 0.4)]],
    4: [[(0.36, 0.2), (0.32, 0.52), (0.68, 0.52)], [(0.64, 0.18), (0.62, 0.82)]],
    5: [[(0.66, 0.2), (0.38, 0.2), (0.36, 0.46), *arc(0.47, 0.62, 0.2, 0.18, -0.25, 0.4)]],
    6: [[(0.6, 0.18), (0.44, 0.36), (0.37, 0.56), *arc(0.5, 0.64, 0.15, 0.15, 0.5, -0.5)]],
    7: [[(0.32, 0.22), (0.68, 0.22), (0.56, 0.5), (0.46, 0.8)]],
    8: [[*arc(0.5, 0.35, 0.13, 0.15, 0.25, -0.75), *arc(0.5, 0.66, 0.16, 0.16, -0.25, 0.75)]],
    9: [[*arc(0.48, 0.37, 0.15, 0.15, 0, -1), (0.63, 0.37), (0.6, 0.6), (0.55, 0.82)]],
}

WIDE = 2.5  # the wide paper's width in shares of its height


def write(text: str, height=0.6, gap=0.05):
    """A number's strokes in shares of the wide paper's width and height."""
    strokes, right = [], 0.06
    for letter in text:
        drawing = DIGITS[int(letter)]
        left = min(x for stroke in drawing for x, _ in stroke)
        strokes += [
            [(right + (x - left) * height / 0.6 / WIDE, 0.2 + (y - 0.2) * height / 0.6) for x, y in stroke]
            for stroke in drawing
        ]
        right = max(x for stroke in strokes for x, _ in stroke) + gap
    return strokes
