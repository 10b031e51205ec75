"""What is not a digit: letters, signs, unknown characters, scribbles, digits cut in half or run together.

A network that has seen them beside its digits learns to say that something is none (outlier exposure, Hendrycks et al.
2019). Drawn by the hand of `digits.data.handwriting`. Letters that are written like a digit (O, l, I, Z, S, b, q, B,
G, g, D, T, Y, y, z, i, j, J, L, s, t) are left out, so that no digit is taught to be none.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from digits.data.handwriting import USUAL, Stroke, Variety, draw, ink_of, parse, write
from digits.ink.geometry import SIDE

# As in `digits.data.templates`; several ways of one sign are listed in a row.
SIGNS = {
    "A": ["50,0 32,50 14,100 | 50,0 68,50 86,100 | 26,64 50,63 76,62", "10,100 48,0! 86,100! 74,66! 22,64"],
    "C": ["84,16 54,0 20,24 14,60 40,98 88,86", "82,22 56,2 26,22 20,60 44,94 86,78"],
    "E": ["80,2 20,3! 20,50! 20,98! 82,97 | 22,48 70,47", "78,8 40,4 26,26 54,46! 22,62 26,94 80,92"],
    "F": ["82,2 22,3! 21,50 20,100 | 22,46 70,45", "22,0 21,50 20,100 | 22,2 84,0 | 22,44 68,44"],
    "H": ["18,0 17,50 16,100 | 82,0 82,50 81,100 | 18,50 82,48", "20,0 18,100! 20,50! 80,48! 82,0! 80,100"],
    "K": ["20,0 20,100 | 80,2 22,52! 84,100", "22,0 20,100 | 82,4 48,34 22,54 | 40,44 86,98"],
    "M": ["12,100 16,0! 50,62! 84,0! 90,100", "10,100 24,2 36,10 50,60! 66,8 78,4 90,100"],
    "N": ["16,100 18,0! 80,100! 82,0", "18,0 16,100 | 18,0 82,98 | 82,98 84,0"],
    "P": ["20,0 20,50 18,100 | 20,4 70,4 84,26 66,48 22,52", "20,100 22,4! 72,6 82,28 60,48 22,50"],
    "R": ["20,0 20,100 | 20,4 68,2 80,24 60,46 22,50! 86,100", "20,100 22,4! 70,4 80,26 56,48 24,50! 60,70 90,98"],
    "U": ["14,0 16,60 34,96 66,96 82,60 84,0", "16,0 14,50 30,92 62,94 82,50 84,0! 84,98"],
    "V": ["12,0 50,100! 88,0", "10,4 34,60 50,100! 70,40 92,2"],
    "W": ["4,0 26,100! 50,30! 74,100! 96,0", "6,4 20,80 34,92 50,40! 62,90 80,84 94,2"],
    "X": ["16,0 50,50 84,100 | 84,0 50,50 16,100", "14,2 86,98 | 78,2 10,98"],
    "a": [
        "76,30 44,14 18,44 34,84 72,52 78,18! 78,70 92,86",
        "24,20 60,8 76,30 76,90 | 76,42 34,44 18,72 42,92 76,72",
    ],
    "c": ["78,30 48,14 22,44 36,84 80,74", "76,26 50,14 26,34 26,66 50,86 82,70"],
    "d": ["70,52 40,42 18,68 36,98 68,70 | 74,0 74,50 76,100", "72,50 36,44 16,76 44,98 74,60! 76,0! 76,98"],
    "e": ["20,54 50,50 80,42 58,14 24,34 26,76 54,90 86,70", "18,60 70,42 62,12 26,26 26,80 88,74"],
    "f": ["80,10 58,0 44,30 42,100 | 20,44 70,42", "74,12 62,0 50,14 48,60 44,100 | 26,46 72,42"],
    "h": ["24,0 24,50 22,100 | 24,62 50,44 72,58 74,100", "26,0 22,100! 30,60 58,46 70,66 70,98"],
    "k": ["26,0 24,100 | 70,36 28,68! 76,100", "26,0 24,100! 30,64 60,40 56,60 30,66! 78,98"],
    "m": ["10,20 10,90! 14,36 34,20 46,40 46,90! 50,36 70,20 86,40 88,90"],
    "n": ["22,18 20,90! 26,40 56,16 74,40 76,92", "20,14 22,50 20,90! 36,28 64,22 74,50 84,90"],
    "p": ["24,16 24,60 22,110 | 24,34 56,14 80,40 60,70 26,64", "20,20 22,112! 26,30 70,18 76,52 28,66"],
    "r": ["30,16 30,54 28,92! 34,44 52,22 78,24", "28,14 28,90 | 30,44 54,16 76,22"],
    "u": ["20,16 20,60 40,86 70,66 76,16! 78,90", "18,18 24,76 56,88 78,50 80,16! 82,80 96,86"],
    "v": ["20,18 48,90! 80,16", "16,20 30,40 48,88! 66,30 86,18"],
    "w": ["8,18 28,88! 50,30! 72,88! 92,16", "10,18 18,76 40,84 50,30! 58,82 82,78 92,20"],
    "x": ["20,14 80,90 | 80,14 20,90", "16,24 40,20 58,84 84,80 | 80,14 22,90"],
    "+": ["50,10 50,90 | 10,50 90,50", "14,52 86,48 | 52,14 48,88"],
    "=": ["12,30 88,28 | 12,68 88,66"],
    "*": ["50,10 50,90 | 14,30 86,70 | 86,30 14,70", "20,14 80,86 | 80,14 20,86 | 10,50 90,50"],
    "#": ["36,0 28,100 | 72,0 64,100 | 8,34 94,32 | 4,68 90,66"],
    "$": ["80,16 46,6 22,24 50,46 80,66 54,92 16,82 | 50,-8 50,108"],
    "%": ["@24,2 36,10 36,28 24,38 12,28 12,10 | 86,4 14,98 | @76,60 88,70 88,86 76,96 64,86 64,70"],
    "&": ["92,92 40,34 40,8 58,4 60,22 22,64 30,94 60,94 88,54", "84,40 50,96 20,80 60,30 48,2 32,20 92,98"],
    "@": ["66,36 40,38 36,66 60,66 68,34! 70,66 92,60 88,20 50,2 10,30 14,84 56,98 90,86"],
    "?": ["20,24 40,2 74,10 70,36 48,52 48,72 | 48,94 50,98", "18,20 50,0 78,20 52,44 46,70 | 44,94 48,97"],
    "<": ["84,10 14,50! 84,90"],
    ">": ["16,10 86,50! 16,90"],
    "^": ["10,80 50,14! 90,80"],
    "~": ["4,60 26,36 50,50 74,64 96,40"],
    ":": ["48,8 52,12 | 48,88 52,92"],
    ";": ["48,8 52,12 | 54,80 52,92 40,106"],
    '"': ["36,10 34,60 | 64,10 62,60"],
    "backslash": ["14,0 50,50 86,100"],
    "{": ["70,0 48,10 48,40 28,50! 48,60 48,90 72,100"],
    "}": ["30,0 52,10 52,40 72,50! 52,60 52,90 28,100"],
    "[": ["72,0 32,0! 32,100! 72,100"],
    "heart": ["50,96 12,44 26,6 50,30! 74,6 90,44 50,96"],
    "star": ["20,98 50,0! 80,98! 4,36! 96,36! 20,98"],
    "drawn star": ["50,0 62,36! 100,38! 70,62! 82,100! 50,78! 18,100! 30,62! 0,38! 38,36! 50,0"],
    "tick": ["10,56 36,92! 92,8"],
    "arrow": ["4,50 96,50 | 66,22 96,50! 66,78", "50,100 50,2 | 24,30 50,2! 76,30"],
    "root": ["2,60 14,56! 34,98! 50,4! 100,4"],
    "infinity": ["50,50 24,26 4,50 24,74 50,50 76,26 96,50 76,74 50,50"],
    "pi": ["8,20 90,14 | 34,18 26,94 | 66,17 64,84 80,92"],
    "alpha": ["92,16 56,70 24,84 12,50 32,20 58,40 92,88"],
    "omega": ["8,96 30,92 16,50 34,8 66,8 84,50 70,92 92,96"],
    "triangle": ["50,4 8,94! 92,94! 50,4"],
    "square": ["8,8 8,92! 92,92! 92,8! 8,8"],
    "diamond": ["50,0 90,50! 50,100! 10,50! 50,0"],
    "face": [
        "@50,0 88,16 100,50 86,86 50,100 12,86 0,50 14,14 | 32,34 34,40 | 66,34 68,40 | 26,64 50,80 74,62",
    ],
    "house": ["10,44 10,98! 90,98! 90,44! 50,2! 10,44! 90,44"],
    "moon": ["70,4 30,24 26,70 66,98 44,70 46,30 70,4"],
    "bolt": ["60,0 24,54! 62,48! 36,100"],
    "cross in a ring": ["@50,0 88,16 100,50 86,86 50,100 12,86 0,50 14,14 | 22,22 78,78 | 78,22 22,78"],
}  # fmt: skip

# What is drawn, and its share.
KINDS = {"sign": 0.4, "character": 0.32, "scribble": 0.1, "number": 0.08, "crossed out": 0.04, "half": 0.06}
# The digits of which a half, the upper or lower one, is no digit.
HALVES = ((3, 0), (3, 1), (5, 1), (2, 1), (4, 0), (5, 0))


@cache
def _signs() -> list[list[tuple[Stroke, ...]]]:
    return [[parse(way) for way in ways] for ways in SIGNS.values()]


def outliers(n: int, seed: int, variety: Variety = USUAL) -> Tensor:
    """Draw n things that are no digits -> ink, uint8 (n, 28, 28), paper 0 and ink 255.

    The first drawings of a seed are the same whatever n.
    """
    generator = np.random.default_rng(seed)
    ink = np.empty((n, SIDE, SIDE), np.uint8)
    for i in range(n):
        ink[i] = ink_of(draw_outlier(generator), generator, variety)
    return torch.from_numpy(ink)


def draw_outlier(generator: np.random.Generator, kind: str | None = None) -> list[np.ndarray]:
    """Draw one thing that is no digit -> strokes, float64 (n, 2) each, y down. `kind` is a name in KINDS."""
    kind = kind or generator.choice(list(KINDS), p=list(KINDS.values()))
    return {
        "sign": _sign,
        "character": _character,
        "scribble": _scribble,
        "number": _number,
        "crossed out": _crossed_out,
        "half": _half,
    }[kind](generator)


def _sign(generator: np.random.Generator) -> list[np.ndarray]:
    signs = _signs()
    ways = signs[generator.integers(len(signs))]
    return write(ways[generator.integers(len(ways))], generator)


def _character(generator: np.random.Generator) -> list[np.ndarray]:
    """Two to five lines, bows, hooks, rings and dots that touch: a letter of an alphabet that nobody has."""
    strokes: list[Stroke] = []
    for _ in range(generator.choice([2, 3, 4, 5], p=[0.35, 0.35, 0.2, 0.1])):
        if strokes and generator.random() < 0.75:  # begin on what is there
            points = strokes[generator.integers(len(strokes))].points
            start = points[generator.integers(len(points))]
        else:
            start = generator.uniform(-0.5, 0.5, 2)
        strokes.append(_random_stroke(start, generator))
    return write(strokes, generator)


def _random_stroke(start: np.ndarray, generator: np.random.Generator) -> Stroke:
    what = generator.random()
    angle, length = 2 * np.pi * generator.random(), generator.uniform(0.3, 1)
    if what < 0.12:  # ring
        at = angle + np.linspace(0, 2 * np.pi, 8)
        size = generator.uniform(0.1, 0.3, 2)
        points = start + size * (np.column_stack([np.cos(at), np.sin(at)]) - [np.cos(angle), np.sin(angle)])
        return Stroke(points, (False,) * 8, False)
    if what < 0.18:  # dot
        return Stroke(start + np.array([[0, 0], [0.04, 0.03]]), (False, False), False)
    # A walk that bends by about as much at each step: a line, a bow or a spiral; a corner starts another bend.
    count = generator.integers(2, 7)
    bend, points, corners = generator.normal(0, 0.7), [start], [False]
    for _ in range(count):
        if generator.random() < 0.25:
            angle, bend = angle + generator.uniform(-2.5, 2.5), generator.normal(0, 0.7)
            corners[-1] = True
        points.append(points[-1] + length / count * np.array([np.cos(angle), np.sin(angle)]))
        corners.append(False)
        angle += bend
    return Stroke(np.array(points), tuple(corners), False)


def _scribble(generator: np.random.Generator) -> list[np.ndarray]:
    """Zigzags, coils and tangles."""
    kind, count = generator.integers(3), generator.integers(8, 40)
    at = np.arange(count)
    if kind == 0:  # to and fro
        points = np.column_stack([at / count, (at % 2) * generator.uniform(0.3, 1.2)])
        points = points + 0.08 * generator.standard_normal(points.shape)
    elif kind == 1:  # coils
        phase = at * generator.uniform(0.6, 1.4)
        points = np.column_stack([np.cos(phase), np.sin(phase)]) * generator.uniform(0.3, 0.5)
        points = (
            points
            + np.outer(at / count, generator.uniform(-1.5, 1.5, 2))
            + 0.06 * generator.standard_normal(points.shape)
        )
    else:  # a tangle
        points = np.cumsum(generator.standard_normal((count, 2)), axis=0)
        points = points / np.ptp(points, axis=0).max()
    angle = 2 * np.pi * generator.random()
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = generator.random() < 0.3
    return write([Stroke((points - points.mean(0)) @ turn, (corners,) * count, False)], generator)


def _number(generator: np.random.Generator) -> list[np.ndarray]:
    """Two or three digits side by side."""
    strokes, right = [], 0.0
    for _ in range(generator.choice([2, 3], p=[0.8, 0.2])):
        digit = draw(int(generator.integers(10)), generator)
        left = min(stroke[:, 0].min() for stroke in digit)
        strokes += [stroke + [right - left, generator.normal(0, 0.05)] for stroke in digit]
        right = max(stroke[:, 0].max() for stroke in strokes) + generator.uniform(-0.1, 0.3)  # below 0: joined
    return strokes


def _crossed_out(generator: np.random.Generator) -> list[np.ndarray]:
    """A digit under two or more lines."""
    strokes = draw(int(generator.integers(10)), generator)
    for _ in range(generator.integers(2, 5)):
        strokes = [*strokes, generator.uniform(-0.6, 0.6, (2, 2)) * [1.2, 1]]
    return strokes


def _half(generator: np.random.Generator) -> list[np.ndarray]:
    """The upper or the lower half of a digit."""
    digit, lower = HALVES[generator.integers(len(HALVES))]
    strokes = draw(digit, generator)
    points = np.concatenate(strokes)
    cut = np.quantile(points[:, 1], [0, 1]).mean() + 0.05 * generator.standard_normal()
    halves = []
    for stroke in strokes:
        kept = (stroke[:, 1] > cut) == bool(lower)
        runs = np.split(np.arange(len(stroke)), np.flatnonzero(np.diff(kept)) + 1)
        halves += [stroke[run] for run in runs if kept[run[0]] and len(run) > 1]
    return halves or _half(generator)
