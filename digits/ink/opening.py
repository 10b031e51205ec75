"""Pictures of any kind, from files and from memory, become upright PIL pictures in RGB or RGBA, or a clear refusal."""

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from digits.errors import DigitsError

PICTURE_MIN, PICTURE_MAX = 8, 8_000  # pixels a side

FILE_MAX = 20_000_000  # bytes


def open_image(source: str | Path | BinaryIO) -> Image.Image:
    """Open an untrusted picture file.

    source: path or binary file; PNG, JPEG, WEBP, GIF, BMP or TIFF, at most 20 MB and 8 to 8,000 pixels a side.
    Returns the first frame, decoded and upright. Raises DigitsError when there is no such file or picture.
    """
    if not isinstance(source, (str, Path)) and not hasattr(source, "seek"):
        raise DigitsError(f"A picture is opened from a path or a binary file, got {type(source).__name__}: pass one.")
    name = Path(source).name if isinstance(source, (str, Path)) else "the file"
    try:
        if isinstance(source, (str, Path)):
            size = Path(source).stat().st_size
        else:
            size = source.seek(0, 2)
            source.seek(0)
        if size > FILE_MAX:
            raise DigitsError(f"A picture file may have at most 20 MB, {name} has {size / 1e6:.0f}: make it smaller.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked here
            with Image.open(source, formats=["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]) as image:
                _check_size(*image.size)  # from the header: nothing is decoded yet
                return ImageOps.exif_transpose(image)
    except DigitsError:
        raise
    except FileNotFoundError:
        raise DigitsError(f"There is no file {name}: check the path.") from None
    except Image.DecompressionBombError:
        raise DigitsError(
            f"A picture must be {PICTURE_MIN} to {PICTURE_MAX:,} pixels a side, {name} is far larger: resize it."
        ) from None
    except Exception as error:  # Pillow's decoders raise many kinds on broken files
        raise DigitsError(f"{name} is no picture that can be read: use PNG or JPEG.") from error


def as_picture(image: object) -> Image.Image:
    """Check the input and make it a PIL picture in RGB or RGBA."""
    wanted = "an image must be a PIL image, or a uint8 or float array (H, W), (H, W, 3) or (H, W, 4)"
    if isinstance(image, Image.Image):
        _check_size(*image.size)
        image = ImageOps.exif_transpose(image)
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            values = np.asarray(image).astype(np.float32)
            if not np.isfinite(values).all():
                raise DigitsError("A picture's values must be finite, got NaN or infinity: replace them.")
            unit = image.mode == "F" and values.max() <= 1
            white = 1 if unit else max(255, values.max())  # these modes name no white of their own
            image = Image.fromarray((values.clip(0) * (255 / white)).astype(np.uint8))
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not isinstance(image, np.ndarray):
        raise DigitsError(f"{wanted}, got {type(image).__name__}: convert it.")
    if image.ndim not in (2, 3) or image.ndim == 3 and image.shape[2] not in (3, 4):
        raise DigitsError(f"{wanted}, got shape {image.shape}: pass one picture, channels last.")
    _check_size(image.shape[1], image.shape[0])
    if image.dtype.kind == "f":
        if not (image >= 0).all() or not (image <= 1).all():
            raise DigitsError("A float image must lie in [0, 1], got values outside or NaN: divide by 255 or clip.")
        image = np.rint(image * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise DigitsError(f"{wanted}, got {image.dtype}: convert it to uint8.")
    picture = Image.fromarray(np.ascontiguousarray(image))
    return picture if picture.mode == "RGBA" else picture.convert("RGB")


def _check_size(width: int, height: int) -> None:
    if min(width, height) < PICTURE_MIN or max(width, height) > PICTURE_MAX:
        raise DigitsError(
            f"A picture must be {PICTURE_MIN} to {PICTURE_MAX:,} pixels a side, got {width} x {height}: resize it."
        )
