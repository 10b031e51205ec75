"""Ten digits the way the world writes them: stroke templates and a hand that never draws one twice the same.

MNIST was written in the United States. Flags and feet on the 1, slashes through the 0, bars through the 7, open and
one-stroke 4s, straight-legged and hooked 9s are rare or missing there, and common elsewhere. `handwriting` draws them,
with the plain ways too, through `digits.ink.from_strokes`: the pen that draws a visitor's strokes.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from digits.errors import DigitsError
from digits.ink import SIDE, from_strokes

# digit -> name -> (how often, relative to the digit's others; the strokes). Strokes are points x,y in hundredths of the
# digit's height, y down, joined by a smooth curve; `!` marks a corner, `|` lifts the pen, and `@` before a stroke makes
# it a ring: begun at any of its points, run either way, left open or overlapping.
TEMPLATES = {
    0: {
        "ring": (8, "@50,0 76,14 85,50 76,86 50,100 24,86 15,50 24,14"),
        "wide": (0.8, "@50,10 84,22 100,50 84,78 50,90 16,78 0,50 16,22"),
        "narrow": (2, "@50,0 64,16 68,50 64,84 50,100 36,84 32,50 36,16"),
        "cornered": (1, "@50,2 82,18 84,60 66,98 30,96 14,60 22,14"),
        "pointed": (1, "58,0! 24,30 16,66 34,98 62,96 82,64 78,28 54,0"),
        "open at the top": (1.5, "34,8 14,44 20,84 50,100 80,82 86,44 72,4"),
        "open at the side": (0.5, "78,12 46,0 16,30 18,74 46,100 78,84 88,50"),
        "open at the left": (0.6, "18,26 46,0 80,14 86,52 70,88 40,100 16,74"),
        "curled in": (1.5, "56,6 22,14 12,54 28,92 58,100 84,70 82,28 60,2 40,8 44,24"),
        "looped at the top": (1, "60,4 24,14 12,54 28,92 58,100 84,70 80,30 56,4 40,10 52,20 92,6"),
        "begun within": (1, "62,24 34,40 44,8 20,24 12,56 30,92 60,98 84,70 80,26 52,4 34,14"),
        "wound": (0.8, "40,26 58,4 26,8 10,50 28,92 62,98 86,66 80,24 56,8 30,20 26,48"),
        "spiral": (0.8, "66,26 42,4 14,40 20,86 58,100 88,70 80,28 56,14"),
        "with a tail": (1, "46,6 18,28 14,66 34,98 64,94 82,62 74,24 50,6 100,2"),
        "slashed through": (2.5, "@50,4 74,16 82,50 74,84 50,96 26,84 18,50 26,16 | 92,-4 8,104"),
        "slashed within": (1.2, "@50,0 76,14 85,50 76,86 50,100 24,86 15,50 24,14 | 74,20 26,80"),
        "slashed steeply": (0.8, "@50,6 76,18 86,50 76,82 50,94 24,82 14,50 24,18 | 64,-8 38,108"),
        "wide, slashed": (0.8, "@50,10 84,22 98,50 84,78 50,90 16,78 2,50 16,22 | 94,-4 8,102"),
        "slashed flat": (0.6, "@50,0 76,14 85,50 76,86 50,100 24,86 15,50 24,14 | 104,24 -4,76"),
        "slashed back": (0.4, "@50,0 76,14 85,50 76,86 50,100 24,86 15,50 24,14 | 18,8 82,92"),
        "slashed far": (1.2, "@50,18 68,28 74,50 68,72 50,82 32,72 26,50 32,28 | 76,-6 24,106"),
        "slashed far and flat": (0.5, "@50,14 70,26 76,50 70,74 50,86 30,74 24,50 30,26 | 106,8 -6,92"),
        "slashed without lifting": (0.8, "62,6 26,12 14,52 30,92 56,98 82,68 80,28 62,4! 74,-2! 14,104"),
        "slashed, looped": (0.6, "78,14 40,2 12,30 14,78 46,94 80,66 88,26 96,-4 78,16 4,108"),
        "dotted": (0.5, "@50,0 78,14 87,50 78,86 50,100 22,86 13,50 22,14 | 49,46 51,54"),
    },
    1: {
        "bar": (7, "50,0 50,50 50,100"),
        "bar, bent": (1, "54,0 44,48 54,100"),
        "bar, curled in": (0.6, "38,12 48,4 52,26 50,60 48,100"),
        "bar, curled out": (1, "48,0 46,50 48,88 58,98 68,90"),
        "bar, both curled": (0.3, "40,12 50,6 50,50 50,92 62,96"),
        "bar, ticked left": (0.5, "58,0 56,50 54,100! 38,76"),
        "bar, ticked right": (1, "46,0 47,50 48,100! 62,66"),
        "bar, turned right": (0.6, "42,0 44,50 46,94 54,98 66,72"),
        "short flag": (2, "38,18 54,0! 53,50 52,100"),
        "flag": (3, "28,34 56,0! 55,50 54,100"),
        "long flag": (3, "16,54 58,0! 57,50 56,100"),
        "flag to the ground": (1.5, "2,76 56,0! 55,50 54,100"),
        "flag, steep": (1, "34,44 56,0! 55,50 54,100"),
        "flag, curved": (2, "16,44 38,30 58,0! 56,50 54,100"),
        "flag, hooked": (1.5, "14,28 24,38 42,24 58,0! 57,50 56,100"),
        "flag, rounded": (0.8, "28,38 42,16 54,2 58,14 56,50 54,100"),
        "foot": (0.8, "50,0 50,50 50,100 | 22,100 80,100"),
        "flag and foot": (2, "30,30 54,0! 53,50 52,100 | 14,100 92,100"),
        "long flag and foot": (1, "16,48 56,0! 55,50 54,100 | 10,102 98,98"),
        "flag and small foot": (1, "28,24 54,0! 53,50 52,100 | 34,100 74,100"),
        "hooked flag and foot": (0.5, "20,26 30,34 44,20 56,0! 55,50 54,100 | 18,100 94,100"),
        "flag and foot without lifting": (0.5, "30,30 54,0! 52,50 50,100! 18,100! 90,98"),
        "flag and half a foot": (0.4, "30,30 52,0! 51,50 50,98! 80,98"),
        "serif and foot": (0.3, "26,6 54,2! 53,50 52,100 | 16,100 90,100"),
        "double serif": (0.2, "28,2 74,0 | 51,0 50,100 | 20,100 82,100"),
    },
    2: {
        "plain": (4, "18,26 32,6 58,0 76,18 64,48 40,74 14,97! 50,97 86,97"),
        "short foot": (1, "20,22 44,2 70,14 64,48 40,92 44,99 68,98"),
        "round": (2, "16,30 24,8 52,0 78,16 76,42 50,70 16,98! 52,95 88,98"),
        "curled in": (1, "34,30 20,22 30,4 58,0 76,20 62,52 16,98! 52,96 86,98"),
        "wavy foot": (2, "18,24 42,0 72,14 64,48 16,96! 36,88 60,98 92,90"),
        "without a corner": (1.5, "18,22 44,0 72,16 60,50 26,84 22,98 48,94 88,98"),
        "small loop": (2.5, "18,24 42,0 72,14 64,50 30,92 14,98 12,86 30,84 60,98 92,92"),
        "large loop": (1.5, "16,30 46,0 76,20 60,66 24,98 4,86 18,68 48,82 74,98 100,82"),
        "loop, high end": (0.8, "14,34 46,0 78,22 56,76 20,98 6,80 30,66 62,86 104,66"),
        "like a gamma": (0.8, "14,22 30,4 54,20 50,60 36,98 26,96 34,72 60,40 90,16"),
        "loop, straight out": (0.6, "18,24 42,0 66,14 56,54 30,98 18,92 36,70 62,54 96,50"),
        "zigzag": (2, "16,8 46,5 80,6! 48,52 16,96! 50,95 88,94"),
        "flat top": (1, "16,10 52,2 80,10 60,46 14,96! 50,95 90,96"),
        "swan": (1, "26,24 46,0 68,16 60,54 18,94! 58,86 98,92"),
        "falling foot": (0.7, "16,20 42,0 70,14 58,50 14,86! 52,94 92,106"),
        "rising foot": (0.7, "16,26 40,2 70,14 60,52 20,100! 56,92 94,78"),
        "hooked foot": (0.5, "18,26 40,2 72,16 58,54 16,97! 54,96 84,96! 86,82"),
    },
    3: {
        "round": (4, "20,14 46,0 72,16 64,38 38,46! 68,54 80,76 52,100 18,88"),
        "two bows": (2, "18,6 56,0 76,22 58,42 34,46! 64,46 84,72 62,98 14,96"),
        "looped waist": (2, "20,14 48,0 72,18 56,44 34,52 38,42 66,52 78,76 50,100 16,88"),
        "soft waist": (1.5, "20,10 54,0 70,20 50,44 52,52 78,72 54,100 16,90"),
        "flat top": (2.5, "18,4 48,3 78,3! 60,22 42,40! 72,50 80,78 50,100 14,90"),
        "flat top, rounded": (1, "20,8 46,4 74,6 58,28 42,42 70,50 78,76 50,100 16,92"),
        "angular": (0.6, "18,4 74,4! 36,44! 76,56 80,66! 66,96 14,94"),
        "curled": (1, "30,22 22,10 46,0 70,18 60,38 40,46! 68,54 78,78 52,100 24,94 20,80"),
        "long tail": (1, "24,10 52,0 70,18 56,38 38,44! 64,52 72,76 44,100 -4,92"),
        "looped tail": (0.7, "26,10 46,0 60,16 52,36 36,44! 56,52 58,74 36,98 14,96 26,78 60,64 102,52"),
        "small head": (1, "30,12 48,0 62,14 54,32 38,38! 76,48 86,76 54,100 14,86"),
        "large head": (1, "12,14 48,0 82,22 66,48 34,56! 62,62 70,82 46,100 18,92"),
        "flat foot": (0.5, "20,8 52,0 74,18 60,40 36,46! 70,52 80,80 60,97 14,97"),
    },
    4: {
        "open": (3.5, "32,4 26,34 18,60! 52,59 90,57 | 66,2 64,50 62,100"),
        "open, stem from the middle": (1.5, "36,0 24,34 14,62! 50,61 94,58 | 60,34 58,66 56,100"),
        "open, stem to the bar": (1.5, "24,4 22,28 18,52! 44,52 70,51 | 70,0 69,50 68,100"),
        "open, round": (1.5, "22,4 18,34 28,52 50,52 74,46 | 74,2 72,50 68,100"),
        "open, like a C": (0.7, "48,2 22,12 10,44 22,60 48,62 72,60 | 84,4 74,24 70,60 72,100"),
        "open, wide bar": (1, "34,2 14,58! 50,57 106,54 | 62,8 60,50 56,100"),
        "open, low bar": (0.8, "34,0 24,40 14,76! 50,76 92,74 | 62,30 61,64 60,104"),
        "open, one stroke": (1.5, "22,6 18,34 28,52 54,50 72,28 78,2! 72,50 66,100"),
        "open, one stroke, cornered": (1.2, "26,4 18,50! 48,50 70,48! 74,2! 70,50 66,100"),
        "one stroke, looped": (1.2, "36,0 22,34 14,60! 44,60 68,52 78,34 68,24 62,46 56,100"),
        "fork": (1, "18,6 26,34 44,48 | 86,0 62,48 36,100"),
        "fork, one stroke": (0.8, "16,8 20,40 42,48 66,32 84,2! 64,48 40,100"),
        "hooked stem": (0.5, "24,6 16,54! 52,54 90,52 | 84,16 64,10 58,34 56,100"),
        "closed": (2.5, "62,0 38,32 12,66! 52,66 92,65 | 62,0 62,50 61,100"),
        "closed, one stroke": (1.2, "60,100 62,50 63,0! 38,32 12,65! 50,65 90,63"),
        "closed, bar to the stem": (1.2, "62,100 64,50 66,0! 40,30 14,62! 40,62 66,60"),
        "closed, round": (0.3, "66,2 38,20 16,48 28,58 54,54 70,36 | 68,2 66,50 62,100"),
        "closed, stem from the tip": (1, "58,0 20,54! 58,52 88,50 | 60,0 58,50 54,100"),
        "closed, tall": (0.8, "56,0 40,34 22,68! 52,67 82,66 | 57,2 57,56 56,110"),
        "nearly closed": (1.2, "50,0 32,30 14,62! 50,61 90,58 | 68,6 66,50 62,100"),
    },
    5: {
        "one stroke": (3, "78,4 54,4 32,5! 30,24 27,44! 52,37 78,54 74,84 46,100 16,90"),
        "two strokes": (3, "34,6 31,26 27,46! 52,37 78,54 74,84 46,100 16,90 | 33,5 56,4 82,2"),
        "detached top": (1.5, "34,12 31,28 28,48! 52,40 76,56 74,84 46,100 16,92 | 40,4 64,2 92,0"),
        "top beyond the stem": (0.8, "32,4 30,26 27,46! 54,38 78,56 72,86 44,100 14,92 | 16,5 50,4 84,3"),
        "like an S": (2, "78,8 48,2 26,16 32,38 62,48 78,68 62,96 18,94"),
        "round": (1, "76,4 46,3 32,8 26,40 32,44 62,42 80,64 64,94 20,94"),
        "long top": (1.2, "104,0 70,4 38,8! 32,26 28,46! 54,42 72,58 66,86 40,100 10,92"),
        "small belly": (1, "80,4 56,4 34,6! 28,34 24,58! 50,54 66,70 56,94 34,100 14,94"),
        "short stem": (0.8, "48,8 38,24 32,36! 58,40 80,58 72,86 46,100 14,96 | 18,22 46,12 78,4"),
        "large belly": (1, "70,2 52,2 34,3! 30,18 26,32! 62,26 88,56 74,92 40,100 10,88"),
        "straight belly": (0.6, "76,4 34,4! 28,44! 58,46 76,56! 70,88! 44,98 14,96"),
        "square": (0.3, "78,4 26,4! 25,48! 74,49! 74,97! 22,97"),
        "curled": (1, "80,6 56,3 34,5! 28,44! 56,38 78,60 66,94 34,100 18,84 34,76"),
        "like an S, nearly closed": (0.8, "84,14 52,0 24,12 30,34 62,46 84,68 62,98 22,92 20,72"),
        "closed": (0.3, "78,4 54,4 32,5! 26,46! 54,42 78,62 66,94 34,98 22,80 28,52"),
        "leaning": (0.8, "96,0 64,2 46,6! 34,38! 60,36 74,54 60,86 30,100 0,94"),
    },
    6: {
        "plain": (4, "64,0 38,26 20,62 28,92 54,100 76,82 66,60 44,58 22,76"),
        "curved": (2, "74,10 52,0 26,26 16,66 38,98 68,94 78,70 58,56 36,62 20,78"),
        "straight": (2, "62,0 44,28 24,66 32,96 60,98 74,76 58,58 36,64 24,78"),
        "large loop": (1.5, "56,0 30,24 14,62 28,98 68,98 92,74 68,50 34,54 14,70"),
        "small loop": (1.2, "60,0 36,34 20,78 36,100 58,94 58,78 38,74 22,84"),
        "open loop": (1, "64,0 36,28 20,64 32,96 60,98 74,80 62,64 46,68"),
        "like a b": (1, "30,0 24,40 20,84 42,100 72,90 72,66 50,58 24,74"),
        "loop through the stem": (1.2, "60,0 36,32 22,72 42,100 74,88 72,66 46,60 -2,72"),
        "loop curled in": (1, "66,2 36,26 18,64 36,98 68,92 72,68 50,60 34,74 44,86"),
        "wide loop": (0.8, "44,0 24,34 12,74 36,100 84,96 98,76 66,62 12,80"),
        "hooked": (0.6, "80,14 70,0 40,16 20,60 32,96 62,98 76,76 58,58 24,72"),
        "from the right": (0.8, "14,2 8,50 22,94 48,92 72,64 84,40 70,30 56,52 58,84 78,98 98,88"),
        "from the right, short": (0.3, "26,0 10,40 12,78 28,84 58,52 82,16! 66,54 60,88 70,98 92,76"),
        "ending at the right": (0.3, "24,4 10,52 28,98 58,88 80,54 68,40 50,60 66,92 100,88"),
    },
    7: {
        "plain": (3, "18,5 50,4 80,3! 62,50 46,100"),
        "curved leg": (2.5, "18,6 50,5 80,4! 58,36 46,68 42,100"),
        "bowed leg": (0.8, "16,8 50,5 78,4! 74,44 56,78 34,100"),
        "wavy top": (1.2, "16,12 34,4 56,9 82,4! 58,48 44,100"),
        "rounded": (1.5, "18,10 52,2 78,12 66,46 44,100"),
        "narrow": (0.5, "30,12 48,8 66,4! 58,50 50,100"),
        "serif": (1.2, "20,24 22,5! 50,5 80,4! 60,50 46,100"),
        "serif, leaning": (0.8, "12,22 24,4! 52,6 82,2! 60,48 44,100"),
        "long serif": (0.6, "22,36 24,5! 52,5 80,5! 70,40 58,100"),
        "hooked leg": (0.3, "18,8 48,5 78,4! 58,44 48,84 60,100"),
        "ticked leg": (0.4, "18,7 50,4 78,3! 58,50 44,98! 58,80"),
        "turned leg": (0.25, "16,14 46,5 70,0! 58,50 48,98! 86,64"),
        "crossed": (2.5, "18,5 50,4 80,3! 62,50 46,100 | 30,52 56,50 82,48"),
        "crossed, curved leg": (1.5, "18,8 48,5 78,4! 56,44 44,100 | 26,52 54,50 84,46"),
        "crossed, long bar": (1, "20,5 50,4 80,3! 62,50 48,100 | 10,54 56,48 106,44"),
        "crossed, short bar": (0.8, "18,5 50,4 80,3! 62,50 46,100 | 44,52 76,48"),
        "crossed, wavy top": (1.2, "14,16 30,4 54,10 82,2! 60,48 44,100 | 28,56 80,48"),
        "crossed, serif": (1, "18,26 20,5! 50,5 80,4! 60,50 46,100 | 30,54 80,48"),
        "crossed, rounded": (0.8, "16,12 50,2 78,10 64,48 44,100 | 28,52 86,50"),
        "crossed, slanting bar": (0.6, "18,6 50,4 80,3! 60,50 44,100 | 38,62 82,36"),
    },
    8: {
        "from the top": (4, "68,10 46,0 26,20 46,44 76,70 54,100 24,80 44,52 72,24 64,6"),
        "from the top right": (2, "80,10 50,0 26,20 46,46 74,74 50,100 24,82 48,52 86,6"),
        "not quite closed": (1.5, "76,18 50,0 24,20 44,46 74,72 52,100 24,82 40,54 66,32"),
        "straight way up": (1.5, "82,6 50,0 28,20 48,46 70,74 48,100 26,84 54,46 92,0"),
        "from the left": (1, "34,8 54,0 74,20 54,46 24,72 46,100 76,80 56,52 28,24 40,4"),
        "from the waist": (1, "48,46 24,24 48,0 74,22 50,48 22,74 48,100 78,76 52,50"),
        "two rings": (2.5, "@50,0 70,8 75,24 50,46 25,24 30,8 | @50,46 74,56 82,74 72,92 50,100 28,92 18,74 26,56"),
        "snowman": (0.6, "@50,2 64,10 66,24 50,36 34,24 36,10 | @50,36 76,48 84,70 72,92 50,100 28,92 16,70 24,48"),
        "ring, then bow": (0.6, "@50,0 70,8 74,24 50,46 26,24 30,8 | 34,44 18,72 46,100 80,78 66,44"),
        "like an S, closed": (1, "74,10 40,2 26,22 50,44 76,66 62,98 28,92 28,64 58,44 76,14"),
        "angular": (0.5, "72,6 28,8! 74,90 64,98! 26,94! 78,6"),
        "narrow": (1, "60,6 48,0 38,20 50,48 64,76 48,100 36,82 52,50 64,18 56,4"),
        "tailed": (0.8, "92,2 50,2 28,22 50,46 72,72 48,100 26,82 50,50 76,26 54,4"),
    },
    9: {
        "straight leg": (3, "74,14 48,0 22,20 32,46 60,42 76,10! 75,50 73,100"),
        "slanting leg": (2.5, "74,14 50,0 24,18 28,44 56,44 78,10! 68,52 52,100"),
        "curved leg": (2, "74,18 50,0 22,20 30,46 58,44 76,16 78,46 66,80 46,100"),
        "hooked leg": (2, "72,16 50,0 24,18 30,44 58,42 74,12! 76,60 60,98 22,90"),
        "leg like a g": (1.2, "72,12 44,2 22,24 34,46 62,38 74,10! 75,74 52,100 16,94 10,80"),
        "from the waist": (1.5, "72,40 40,48 22,26 44,0 72,12 76,44 66,76 50,100"),
        "ring and leg": (1.5, "@48,0 70,8 75,24 66,42 46,48 26,40 20,24 28,8 | 76,4 75,50 73,100"),
        "ring and hooked leg": (0.8, "@48,0 70,8 75,24 66,42 46,48 26,40 20,24 28,8 | 76,8 76,70 56,100 20,92"),
        "open ring": (1.2, "68,8 34,4 20,28 38,48 66,36 76,6! 73,50 68,100"),
        "open ring, hooked leg": (1, "66,10 36,2 20,24 36,44 64,34 76,4! 75,70 52,100 16,92"),
        "small ring": (1, "66,10 50,0 36,14 46,30 64,24 68,8! 64,50 56,100"),
        "small ring, hooked leg": (0.8, "62,10 46,0 32,14 42,28 58,22 66,6! 68,68 50,100 24,92"),
        "large ring": (1, "82,16 46,0 10,24 24,54 62,52 84,16! 78,60 70,100"),
        "rounded into the leg": (1, "76,26 52,0 22,16 28,44 58,44 78,24 76,56 56,100"),
        "angular": (0.5, "74,6 30,6! 22,40 34,44! 72,38! 76,4! 72,100"),
        "footed leg": (0.5, "72,14 46,0 24,22 38,46 64,38 74,8! 72,56 70,94! 94,90"),
        "squashed ring": (1.2, "80,8 46,0 18,12 28,28 62,22 82,6! 64,54 46,100"),
        "squashed ring, retraced": (0.3, "80,8 50,1 26,6 28,18 58,16 82,7! 64,52 44,100"),
        "flat": (0.8, "84,10 44,2 14,22 36,42 72,28 86,8! 70,50 44,100"),
    },
}  # fmt: skip

STEP = 0.03  # between the points of a line, in digit heights, before it is sampled as a screen would


class Stroke(NamedTuple):
    """One stroke of a template."""

    points: np.ndarray  # float64 (K, 2), in digit heights about the digit's middle, y down
    corners: tuple[bool, ...]  # K
    ring: bool


@cache
def templates(digit: int) -> dict[str, tuple[Stroke, ...]]:
    """Name -> strokes, in the order of TEMPLATES[digit]."""
    return {name: parse(texts) for name, (_, texts) in TEMPLATES[digit].items()}


def parse(texts: str) -> tuple[Stroke, ...]:
    """A template as TEMPLATES writes it -> its strokes."""
    return tuple(_stroke(text) for text in texts.split("|"))


def _stroke(text: str) -> Stroke:
    words = text.strip().removeprefix("@").split()
    points = np.array([word.rstrip("!").split(",") for word in words], dtype=np.float64) / 100 - 0.5
    return Stroke(points, tuple(word.endswith("!") for word in words), text.strip().startswith("@"))


@cache
def _shares(digit: int) -> np.ndarray:
    """Cumulative shares of the digit's templates, up to 1."""
    weights = np.array([weight for weight, _ in TEMPLATES[digit].values()])
    return np.cumsum(weights) / weights.sum()


def handwriting(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw n digits, 0 to 9 in turn -> ink, uint8 (n, 28, 28), paper 0 and ink 255, and labels, int64 (n,).

    The first drawings of a seed are the same whatever n. About a minute for 100,000.
    """
    generator = np.random.default_rng(seed)
    ink = np.empty((n, SIDE, SIDE), np.uint8)
    labels = torch.arange(n) % 10
    for i in range(n):
        ink[i] = np.rint(from_strokes(draw(i % 10, generator))[0].numpy() * 255)
    return torch.from_numpy(ink), labels


def draw(digit: int, generator: np.random.Generator, template: str | None = None) -> list[np.ndarray]:
    """Write a digit once -> strokes, float64 (n, 2) each, in digit heights, y down.

    `template` is a name in TEMPLATES[digit]; by default one is chosen, the common ones more often.
    Raises DigitsError if there is no such digit or template.
    """
    if digit not in TEMPLATES:
        raise DigitsError(f"There is no digit {digit!r} to draw; choose 0 to 9.")
    choices = templates(digit)
    if template is None:
        template = list(choices)[np.searchsorted(_shares(digit), generator.random(), side="right")]
    if template not in choices:
        raise DigitsError(
            f"There is no way of writing {digit} called {template!r}; choose one of {', '.join(choices)}."
        )
    return write(choices[template], generator)


def write(strokes: Sequence[Stroke], generator: np.random.Generator) -> list[np.ndarray]:
    """Write what a template says, as a hand would -> strokes, float64 (n, 2) each, in digit heights, y down."""
    strokes = [_begun(stroke, generator) for stroke in strokes]
    shape = _deformed(strokes, generator)
    lines = list(_lines(shape, [stroke.corners for stroke in strokes], generator))
    return _sampled(_lifted(lines, generator), generator)


def _begun(stroke: Stroke, generator: np.random.Generator) -> Stroke:
    """A ring gets its beginning, direction and end; other strokes stay."""
    if not stroke.ring:
        return stroke
    count = len(stroke.points)
    turn = 1 if generator.random() < 0.3 else -1  # most people go anticlockwise
    further = generator.choice([0, 1, 2, 3], p=[0.15, 0.6, 0.15, 0.1])  # points beyond all of them; 1 closes the ring
    order = (generator.integers(count) + turn * np.arange(count + further)) % count
    return Stroke(stroke.points[order], (False,) * len(order), True)


def _deformed(strokes: list[Stroke], generator: np.random.Generator) -> list[np.ndarray]:
    """The strokes' points with a writer's proportions, slant and carelessness."""
    normal = generator.standard_normal
    shape = np.concatenate([stroke.points for stroke in strokes])
    # Each point misses its place by a share of the distance to the next, so that small loops survive.
    near = np.concatenate([_spacing(stroke.points) for stroke in strokes])
    careless = min(0.08 * np.exp(0.5 * normal()), 0.2)
    shape = shape + careless * near.clip(max=0.4)[:, None] * normal(shape.shape)
    # Two slow waves move what is near each other together.
    for _ in range(2):
        wave = normal(2) * 4
        shape = shape + 0.03 * normal(2) * np.sin(shape @ wave + 2 * np.pi * generator.random())[:, None]
    x, y = shape.T
    waist, taper, bow, slant, tilt, width = normal(6) * [0.2, 0.2, 0.12, 0.22, 0.1, 0.22]
    x = x * (1 + taper.clip(-0.5, 0.5) * 2 * y) + bow * (0.25 - y**2)
    y = y + waist.clip(-0.6, 0.6) * (0.25 - y**2) + (tilt - 0.04) * x
    x = x * np.exp(width) - (slant + 0.12) * y
    return np.split(np.column_stack([x, y]), np.cumsum([len(stroke.points) for stroke in strokes])[:-1])


def _spacing(points: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearer of its neighbours, (K, 2) -> (K,)."""
    gaps = np.hypot(*(points[1:] - points[:-1]).T)
    return np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0]))


@cache
def _curve(corners: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices (S, K): their sum, the second times a roundness of about 1, takes K points to S along a curve.

    Cubic Hermite segments with Catmull-Rom tangents; at corners and ends each segment heads for its other end.
    """
    count = len(corners)
    straight, bent = [], []
    t = np.linspace(0, 1, 9)[:, None]
    unit = np.eye(count)
    for i in range(count - 1):
        heading = unit[i + 1] - unit[i]
        leaving = heading if i == 0 or corners[i] else (unit[i + 1] - unit[i - 1]) / 2
        arriving = heading if i == count - 2 or corners[i + 1] else (unit[i + 2] - unit[i]) / 2
        line = unit[i] + t * heading
        curve = (
            unit[i] * (2 * t**3 - 3 * t**2 + 1)
            + unit[i + 1] * (3 * t**2 - 2 * t**3)
            + leaving * (t**3 - 2 * t**2 + t)
            + arriving * (t**3 - t**2)
        )
        last = len(t) if i == count - 2 else -1
        straight.append(line[:last])
        bent.append((curve - line)[:last])
    return np.concatenate(straight), np.concatenate(bent)


def _lines(
    shape: list[np.ndarray], corners: list[tuple[bool, ...]], generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Points and corners -> lines (S, 2), a point every STEP, rounded and shaken by the hand that draws them."""
    roundness = np.clip(1 + 0.25 * generator.standard_normal(), 0.2, 1.3)
    haste = generator.choice([0, 0, 1, 2, 3])  # points either side over which a hand in a hurry smooths its corners
    tremor = 0.008 * np.exp(0.7 * generator.standard_normal())
    for points, corner in zip(shape, corners, strict=True):
        straight, bent = _curve(corner)
        line = straight @ points + roundness * (bent @ points)
        line = line + 0.02 * generator.standard_normal(2) * (len(shape) > 1)  # strokes meet where they can
        if generator.random() < 0.3:
            line = _longer(line, generator)
        line = _resampled(line, STEP)
        if haste:
            line = _smoothed(line, haste)
        knots = max(2, len(line) // 3)
        at, where = np.linspace(0, knots - 1, len(line)), np.arange(knots)
        shake = tremor * generator.standard_normal((2, knots))
        yield line + np.column_stack([np.interp(at, where, shake[0]), np.interp(at, where, shake[1])])


def _smoothed(line: np.ndarray, reach: int) -> np.ndarray:
    """A line (S, 2) whose points are means of up to `reach` neighbours either side, fewer near the ends, which stay."""
    at = np.arange(len(line))
    sides = np.minimum(reach, np.minimum(at, at[::-1]))
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(line, axis=0)])
    return (sums[at + sides + 1] - sums[at - sides]) / (2 * sides + 1)[:, None]


def _longer(line: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A line (S, 2) whose pen touched the paper a little too early or left it too late, straight on or in a hook."""
    for _ in range(2):
        line = line[::-1]
        if generator.random() < 0.25:
            continue
        if generator.random() < 0.4:
            heading = 0.7 * generator.standard_normal(2)
        else:
            heading = line[-1] - line[-3]
            heading = heading / max(np.hypot(*heading), 1e-9)
        line = np.concatenate([line, line[-1:] + heading * generator.uniform(0.02, 0.12)])
    return line


def _resampled(line: np.ndarray, step: float) -> np.ndarray:
    """A line (S, 2) with points about `step` apart, both ends kept."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*(line[1:] - line[:-1]).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _lifted(lines: list[np.ndarray], generator: np.random.Generator) -> list[np.ndarray]:
    """Lines -> lines: some run into the next without lifting the pen, some break where the pen skips."""
    if len(lines) > 1 and generator.random() < 0.05:
        lines = [np.concatenate(lines[:2]), *lines[2:]]
    if len(lines) > 1 and generator.random() < 0.25:
        lines = [lines[i] for i in generator.permutation(len(lines))]
    if generator.random() < 0.15:
        lines = [line[::-1] for line in lines]
    whole, lines = lines, []
    for line in whole:
        if generator.random() < 0.04 and len(line) > 12:
            at, gap = generator.integers(5, len(line) - 5), generator.integers(1, 4)
            lines += [line[: at - gap], line[at + gap :]]
        else:
            lines.append(line)
    return lines


def _sampled(lines: list[np.ndarray], generator: np.random.Generator) -> list[np.ndarray]:
    """What a device makes of lines: a point now and then (few where the hand is fast), on a grid of pixels."""
    every = generator.choice([1, 2, 3, 6], p=[0.5, 0.25, 0.15, 0.1])
    strokes = [np.concatenate([line[:-1:every], line[-1:]]) for line in lines]
    if generator.random() < 0.2:  # a small drawing on a coarse screen
        pixel = generator.uniform(0.02, 0.06)
        strokes = [np.rint(stroke / pixel) * pixel for stroke in strokes]
    return strokes
