"""Makes handwriting.png in this folder, a page of what `digits.data.handwriting` writes: python docs/handwriting.py"""

import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from PIL import Image  # noqa: E402

from digits.data.handwriting import WIDE, handwriting  # noqa: E402

ROWS, COLUMNS = 3, 24  # of each digit
SCALE, GAP = 2, 4  # pixels of the page a pixel of the ink, and between drawings


def page(seed: int = 0) -> Image.Image:
    """Dark ink on white paper, ROWS lines of each digit from 0 to 9."""
    ink, labels = handwriting(10 * ROWS * COLUMNS, seed, WIDE)
    ink = ink[labels.argsort(stable=True)].view(10 * ROWS, COLUMNS, *ink.shape[1:])
    padded = torch.nn.functional.pad(255 - ink, [GAP // 2 // SCALE] * 4, value=255)
    grid = Image.fromarray(padded.permute(0, 2, 1, 3).flatten(2).flatten(0, 1).numpy())
    return grid.resize((grid.width * SCALE, grid.height * SCALE), Image.Resampling.BICUBIC).quantize(16)


if __name__ == "__main__":
    path = ROOT / "docs" / "handwriting.png"
    page().save(path, optimize=True)
    print(path.relative_to(ROOT))
