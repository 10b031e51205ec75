"""The middle of a stroke: skeleton()."""

import numpy as np


def _thinning_tables() -> list[np.ndarray]:
    """For each half of a step, whether a pixel goes, bool (256,), by its neighbours as bits, clockwise from above."""
    above, right, below, left = 0, 2, 4, 6
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    count = bits.sum(axis=1)
    beginnings = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    edge = (count >= 2) & (count <= 6) & (beginnings == 1)
    return [
        edge & ~bits[:, [above, right, below]].all(axis=1) & ~bits[:, [right, below, left]].all(axis=1),
        edge & ~bits[:, [above, right, left]].all(axis=1) & ~bits[:, [above, below, left]].all(axis=1),
    ]


THINNING_TABLES = _thinning_tables()
NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.uint8)


def skeleton(mask: np.ndarray) -> np.ndarray:
    """The middle of what is true, one pixel wide and as connected (Zhang and Suen 1984): bool (H, W), as it came."""
    from scipy import ndimage

    mask = mask.copy()
    while True:
        before = mask.sum()
        for goes in THINNING_TABLES:
            mask &= ~goes[ndimage.correlate(mask.astype(np.uint8), NEIGHBOURS, mode="constant")]
        if mask.sum() == before:
            return mask
