"""The statistics that reports are made of."""

import math

import numpy as np

BINS = 15  # of equal width, for the calibration error


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """Confidences (N,) in [0, 1] and whether each was right -> expected calibration error, in BINS equal bins; of none
    it is 0.
    """
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidences, minlength=BINS)
    return share(float(np.abs(gaps).sum()), len(right))


def area_under_curve(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Scores of both kinds -> area under the ROC curve: the chance that a positive's is higher, ties counting half."""
    negatives = np.sort(negatives)
    below = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return float(below.mean() / 2 / len(negatives))


def share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927), for `right` of `n` > 0 -> (low, high) in [0, 1]."""
    z = 1.959964  # the 97.5 % point of the normal distribution
    centre = (right + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(right * (n - right) / n + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def mcnemar(first_only: int, second_only: int) -> float:
    """How many examples only the first and only the second of two networks reads right -> the two-sided exact p-value
    of the difference being chance (McNemar 1947; a binomial test of the discordant pairs).
    """
    from scipy.special import bdtr

    discordant = first_only + second_only
    if discordant == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(first_only, second_only), discordant, 0.5)))
