"""Ink: MNIST's geometry by hand-computed cases, invariance of drawings and pictures, and every refusal."""

import io
import math
import time

import numpy as np
import pytest
import torch
from pictures import DRAWINGS, difference, paint, uint8
from PIL import Image, ImageDraw

from digits.errors import DigitsError
from digits.ink.geometry import place
from digits.ink.opening import open_image
from digits.ink.pictures import from_image
from digits.ink.strokes import from_strokes


@pytest.fixture(params=DRAWINGS.values(), ids=DRAWINGS.keys())
def strokes(request):
    return request.param


def coloured(ink, ink_colour, paper_colour) -> np.ndarray:
    return uint8(ink[..., None] * np.array(ink_colour) + (1 - ink[..., None]) * np.array(paper_colour))


def centre_of_mass(ink) -> tuple[float, float]:
    """x and y, pixel k counting as k."""
    index = torch.arange(28.0)
    return float((ink[0].sum(0) * index).sum() / ink.sum()), float((ink[0].sum(1) * index).sum() / ink.sum())


def extent(ink) -> tuple[int, int]:
    """Width and height of what is visibly inked."""
    visible = ink[0] > 0.25
    return tuple(int(np.ptp(np.flatnonzero(visible.any(dim=axis).numpy())) + 1) for axis in (0, 1))


# Strokes


def test_strokes_give_mnist_geometry(strokes):
    ink = from_strokes(strokes)
    assert ink.shape == (1, 28, 28) and ink.dtype == torch.float32
    assert ink.min() == 0 and ink.max() == 1
    assert max(extent(ink)) == pytest.approx(20, abs=1)
    assert centre_of_mass(ink) == pytest.approx((14, 14), abs=0.1)


def test_vertical_line_is_a_bar_in_the_middle():
    ink = from_strokes([[(5, 0), (5, 100)]])[0]
    assert ink.sum() / 20 == pytest.approx(2.125, abs=0.15)  # the pen's width, but for the round ends
    assert torch.equal(ink[8:20, 14], torch.ones(12)) and ink[:, :12].sum() == 0 and ink[:, 17:].sum() == 0
    assert ink[:3].sum() == 0 and ink[25:].sum() == 0
    torch.testing.assert_close(ink[10:18, 13], ink[10:18, 15], atol=0.13, rtol=0)  # 1/16 pixel


def test_horizontal_line_is_the_vertical_one_turned():
    across, down = from_strokes([[(0, 0), (9, 0)]]), from_strokes([[(0, 0), (0, 9)]])
    assert (across - down.transpose(1, 2)).abs().max() < 0.1


def test_y_points_down():
    ink = from_strokes([[(0, 0), (10, 0)], [(5, 0), (5, 10)]])[0]  # a T
    assert ink.sum(dim=1).argmax() < 12


@pytest.mark.parametrize(("zoom", "shift"), [(1e-6, 0), (0.01, 3), (1, -500), (7.3, 1e4), (1e6, 1e6)])
def test_size_and_place_of_the_drawing_do_not_matter(strokes, zoom, shift):
    moved = [[(x * zoom + shift, y * zoom - shift) for x, y in stroke] for stroke in strokes]
    assert difference(from_strokes(moved), from_strokes(strokes)) < 0.02


def test_number_of_points_does_not_matter(strokes):
    dense = []
    for stroke in strokes:
        stroke = np.array(stroke)
        along = np.linspace(0, len(stroke) - 1, 2_000)
        dense.append(np.stack([np.interp(along, range(len(stroke)), axis) for axis in stroke.T], axis=1))
    assert difference(from_strokes(dense), from_strokes(strokes)) < 0.1


def test_strokes_may_be_lists_tuples_or_arrays(strokes):
    as_lists = [[list(point) for point in stroke] for stroke in strokes]
    as_arrays = tuple(np.array(stroke, dtype=np.float32) for stroke in strokes)
    torch.testing.assert_close(from_strokes(as_lists), from_strokes(strokes))
    assert difference(from_strokes(as_arrays), from_strokes(strokes)) < 0.02


@pytest.mark.parametrize("blank", [[], [[]], [[], []], [[(3, 4)]], [[(3, 4), (3, 4)], [(3, 4)]], [np.zeros((0, 2))]])
def test_blank_pad_and_dot_are_zeros(blank):
    ink = from_strokes(blank)
    assert ink.shape == (1, 28, 28) and not ink.any()


def test_one_point_beside_a_stroke_is_a_dot():
    ink = from_strokes([[(0, 0), (0, 100)], [(60, 50)], []])[0]
    assert ink[:, 18:].sum() == pytest.approx(math.pi * 2.125**2 / 4, abs=0.6)


def test_lopsided_drawing_stays_whole():
    scribble = [(x % 3, x // 3) for x in range(15)] * 10
    ink = from_strokes([[*scribble, (100, 5)]])[0]
    assert (ink.amax(0) > 0.25).sum() == pytest.approx(20, abs=1)


@pytest.mark.parametrize("softness", [Image.Resampling.BOX, Image.Resampling.BILINEAR])
def test_placing_gives_what_pillow_makes_of_the_whole_sheet(softness):
    """To the bit, at the sheet's edges too, where the filter has less to average."""
    generator = np.random.default_rng(0)
    for height, width in [(224, 224), (1, 224), (224, 1), *generator.integers(1, 225, (60, 2)).tolist()]:
        fine = generator.integers(0, 256, (height, width), dtype=np.uint8)
        sheet = Image.new("L", (224, 224))
        sheet.paste(Image.fromarray(fine), ((224 - width) // 2, (224 - height) // 2))
        wanted = np.asarray(sheet.resize((28, 28), softness), dtype=np.float32) / 255
        np.testing.assert_array_equal(place(fine, softness, by_mass=False)[0].numpy(), wanted)


def test_ten_thousand_points_are_quick():
    random = np.random.default_rng(0)
    scribble = random.uniform(0, 280, (10_000, 2))
    start = time.perf_counter()
    ink = from_strokes([scribble])
    assert time.perf_counter() - start < 2
    assert ink.shape == (1, 28, 28) and ink.sum() > 300


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        (None, "list of lists.*NoneType"),
        ("3", "list of lists.*str"),
        ({"strokes": []}, "list of lists.*dict"),
        (7, "list of lists.*int"),
        ([(1, 2), (3, 4)], "stroke 0.*two numbers"),
        (np.zeros((5, 2)), "stroke 0.*two numbers"),
        ([7], "stroke 0 is a int"),
        (["abc"], "stroke 0 is a str"),
        ([[(1, 2)], None], "stroke 1 is a NoneType"),
        ([[(1, 2, 3)]], "stroke 0.*two numbers"),
        ([[(1, 2), (3,)]], "stroke 0.*two numbers"),
        ([[("1", "2")]], "stroke 0.*two numbers"),
        ([[(1, None)]], "stroke 0.*two numbers"),
        ([[{"x": 1, "y": 2}]], "stroke 0.*two numbers"),
        ([[(10**400, 2)]], "stroke 0.*two numbers"),
        ([np.array(3.0)], "stroke 0.*two numbers"),
        ([[(1, math.nan)]], "finite.*stroke 0"),
        ([[(1, 2)], [(math.inf, 2)]], "finite.*stroke 1"),
        ([[(-1e300, 2), (1e300, 2)]], "finite.*1e9"),
        ([[(0, 0)]] * 1_001, "1,000 strokes.*1,001"),
        ([[(0, 0)] * 20_001], "20,000 points"),
        ([[(0, 0)] * 10_001] * 2, "20,000 points"),
    ],
)
def test_bad_strokes_are_refused(strokes, words):
    with pytest.raises(DigitsError, match=words):
        from_strokes(strokes)


# Pictures


def shade(size=300):
    return np.linspace(1, 0.5, size)[None, :]


def ruled(sheet):
    sheet = sheet.copy()
    sheet[20::60] = sheet[21::60] = np.minimum(sheet[21::60], 0.5)
    return sheet


RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(0, 0.05, (300, 300))
GUISES = {
    "dark on light": lambda ink: uint8(1 - ink),
    "light on dark": lambda ink: uint8(ink),
    "floats": lambda ink: 1 - ink,
    "double floats": lambda ink: (1 - ink).astype(np.float64),
    "grey on grey": lambda ink: uint8(0.7 - 0.3 * ink),
    "blue on yellow": lambda ink: coloured(ink, (0.1, 0.1, 0.7), (1, 1, 0.6)),
    "red on green of the same luminance": lambda ink: coloured(ink, (0.80, 0.20, 0.2), (0.10, 0.557, 0.2)),
    "black ink on transparent": lambda ink: uint8(np.dstack([*[0 * ink] * 3, ink])),
    "white ink on transparent": lambda ink: uint8(np.dstack([*[0 * ink + 1] * 3, ink])),
    "opaque": lambda ink: uint8(np.dstack([*[1 - ink] * 3, 0 * ink + 1])),
    "white card on transparent": lambda ink: uint8(
        np.dstack([*[1 - ink] * 3, np.pad(0 * ink[20:-20, 20:-20] + 1, 20)])
    ),
    "ruled": lambda ink: uint8(ruled(0.95 - 0.8 * ink)),
    "squared": lambda ink: uint8(ruled(ruled(0.95 - 0.8 * ink).T).T),
    "soft shadow": lambda ink: uint8((0.95 - 0.75 * ink) * shade()),
    "hard shadow": lambda ink: uint8((0.95 - 0.75 * ink) * np.where(np.arange(300) < 120, 1, 0.55)),
    "blackboard with a soft shadow": lambda ink: uint8((0.2 + 0.7 * ink) * shade()),
    "noise": lambda ink: uint8(0.9 - 0.7 * ink + NOISE),
    "specks": lambda ink: uint8(np.where(NOISE > 0.16, 0, 1 - ink)),
    "large": lambda ink: uint8(1 - ink).repeat(4, axis=0).repeat(4, axis=1),
    "small on a large sheet": lambda ink: np.pad(
        uint8(1 - ink)[::3, ::3], ((900, 10), (10, 1200)), constant_values=255
    ),
    "on a dark table": lambda ink: np.pad(uint8(0.9 - 0.8 * ink), 150, constant_values=50),
    "palette": lambda ink: Image.fromarray(coloured(ink, (0, 0, 1), (1, 1, 1))).convert(
        "P", palette=Image.Palette.ADAPTIVE
    ),
    "1": lambda ink: Image.fromarray(uint8(1 - ink)).convert("1"),
    "LA": lambda ink: Image.fromarray(uint8(1 - ink)).convert("LA"),
    "CMYK": lambda ink: Image.fromarray(uint8(1 - ink)).convert("CMYK"),
    "I": lambda ink: Image.fromarray((uint8(1 - ink).astype(np.int32)) * 257),
    "I;16": lambda ink: Image.fromarray((uint8(1 - ink).astype(np.uint16)) * 257),
    "F": lambda ink: Image.fromarray(1 - ink),
}


@pytest.mark.parametrize("guise", GUISES.values(), ids=GUISES.keys())
def test_the_same_ink_in_every_guise(strokes, guise):
    ink = from_image(guise(paint(strokes)))
    assert ink.shape == (1, 28, 28) and ink.dtype == torch.float32 and ink.min() >= 0 and ink.max() <= 1
    assert difference(ink, from_image(uint8(paint(strokes)))) < 0.3
    assert difference(ink, from_strokes(strokes)) < 0.6


@pytest.mark.parametrize("paper", [255, (200, 220, 255)])
def test_a_digit_of_two_colours_alone_is_found_however_wide_its_picture(paper):
    """As a seven in a painting program, cut out tightly: rounding makes two greys of one colour, at some widths."""
    for width in range(20, 36):
        for ink in range(5, 180, 25):
            picture = Image.new("RGB" if isinstance(paper, tuple) else "L", (width, 32), paper)
            colour = (ink, ink // 2, 90) if isinstance(paper, tuple) else ink
            pen = ImageDraw.Draw(picture)
            pen.rectangle((1, 1, width - 1, 5), fill=colour)
            pen.rectangle((width - 5, 1, width - 1, 30), fill=colour)
            assert from_image(picture).any(), (width, ink)


def test_noise_of_half_the_contrast_hides_no_digit(strokes):
    ink = from_image(uint8(0.85 - 0.7 * paint(strokes) + 7 * NOISE))
    assert difference(ink, from_image(uint8(paint(strokes)))) < 0.5


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.3, 0.8])
@pytest.mark.parametrize("side", [40, 100, 300])
def test_noise_alone_is_no_ink(side, deviation):
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(0, deviation, (side, side))
        assert not from_image(uint8(0.6 + noise)).any()


@pytest.mark.parametrize("guise", ["dark on light", "light on dark", "black ink on transparent", "soft shadow"])
@pytest.mark.parametrize("at", [(15, 12), (70, 40), (150, 100)])
def test_place_does_not_matter(strokes, at, guise):
    ink = from_image(GUISES[guise](paint(strokes, at=at)))
    assert difference(ink, from_image(uint8(paint(strokes)))) < 0.25


def test_pictures_have_mnist_geometry(strokes):
    ink = from_image(uint8(1 - paint(strokes)))
    assert max(extent(ink)) == pytest.approx(20, abs=1)
    assert centre_of_mass(ink) == pytest.approx((14, 14), abs=0.1)


@pytest.mark.parametrize("pen", [2, 6, 12, 20, 40])
def test_width_of_the_pen_is_brought_to_mnist_range(pen):
    ink = from_image(uint8(1 - paint([[(40, 0), (40, 100)]], pen=pen)))[0]
    assert 1.3 < ink[14].sum() < 5


def test_hairline_is_not_lost(strokes):
    ink = from_image(uint8(1 - paint(strokes, size=800, at=(50, 50), zoom=7, pen=2)))
    assert difference(ink, from_strokes(strokes)) < 0.6


def test_rubbish_gives_ink_and_no_other_error():
    random = np.random.default_rng(5)
    for number in range(60):
        height, width = np.exp(random.uniform(np.log(8), np.log(400), 2)).astype(int)
        values = random.random((height, width, 3 + number % 2))
        ink = from_image(uint8([values, values > 0.5, values > 0.995, values.cumsum(axis=0) % 1][number % 4]))
        assert ink.shape == (1, 28, 28) and ink.min() >= 0 and ink.max() <= 1


@pytest.mark.parametrize("shape", [(8, 8), (8, 8_000), (8_000, 8), (28, 640), (641, 9)])
def test_pictures_of_every_shape_are_taken(shape):
    picture = np.full(shape, 255, np.uint8)
    assert not from_image(picture).any()
    picture[2:-2, shape[1] // 2] = 0
    ink = from_image(picture)
    assert ink.shape == (1, 28, 28) and torch.isfinite(ink).all()


@pytest.mark.parametrize("inverted", [False, True])
def test_a_picture_that_is_already_mnist_comes_back(strokes, inverted):
    picture = (from_strokes(strokes)[0] * 255).round().byte().numpy()
    ink = from_image(255 - picture if inverted else picture)
    assert (ink[0] * 255 - torch.tensor(picture)).abs().mean() < 255 * 0.01
    assert difference(ink, from_strokes(strokes)) < 0.08


@pytest.mark.parametrize("side", [8, 28, 1_000])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_paper_is_zeros(side, level):
    assert not from_image(np.full((side, side), level, np.uint8)).any()
    assert not from_image(np.full((side, side, 4), level, np.uint8)).any()


def test_noise_and_shadow_alone_are_zeros():
    assert not from_image(uint8(0.8 + 0.4 * NOISE)).any()
    assert not from_image(uint8(0.9 * shade().repeat(300, axis=0))).any()


def test_turned_photograph_is_read_upright():
    upright = Image.fromarray(uint8(1 - paint(DRAWINGS["two"])))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to show
    file = io.BytesIO()
    upright.rotate(90).save(file, "JPEG", exif=exif, quality=90)
    assert difference(from_image(Image.open(file)), from_image(upright)) < 0.1
    assert difference(from_image(open_image(file)), from_image(upright)) < 0.1


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "PIL image.*NoneType"),
        ("photo.png", "PIL image.*str"),
        ([[0, 1], [1, 0]], "PIL image.*list"),
        (np.zeros(28, np.uint8), r"shape \(28,\)"),
        (np.zeros((28, 28, 2), np.uint8), r"shape \(28, 28, 2\)"),
        (np.zeros((1, 28, 28, 3), np.uint8), r"shape \(1, 28, 28, 3\)"),
        (np.zeros((28, 28), np.int64), "int64.*uint8"),
        (np.zeros((28, 28), bool), "bool.*uint8"),
        (np.zeros((28, 28), complex), "complex128"),
        (np.full((28, 28), "a"), "<U1"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), 255.0), r"\[0, 1\].*255"),
        (np.full((28, 28), -0.1), r"\[0, 1\]"),
        (Image.fromarray(np.full((28, 28), np.nan, np.float32)), "NaN"),
        (np.zeros((7, 28), np.uint8), "28 x 7"),
        (np.zeros((28, 0), np.uint8), "0 x 28"),
        (np.zeros((8_001, 8), np.uint8), "8 x 8001"),
        (Image.new("L", (7, 7)), "7 x 7"),
    ],
)
def test_bad_pictures_are_refused(image, words):
    with pytest.raises(DigitsError, match=words):
        from_image(image)


# Files


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_files_are_read_by_path_and_from_memory(tmp_path, kind):
    picture = Image.fromarray(uint8(1 - paint(DRAWINGS["four"])))
    path = tmp_path / "four"
    picture.save(path, kind)
    for source in (path, str(path), io.BytesIO(path.read_bytes())):
        assert difference(from_image(open_image(source)), from_image(picture)) < 0.1


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.fromarray(uint8(1 - paint(DRAWINGS[name]))) for name in ("two", "seven")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert difference(from_image(open_image(tmp_path / "a.gif")), from_image(frames[0])) < 0.1


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(DigitsError, match="no file.*absent.png"):
        open_image(tmp_path / "absent.png")
    with pytest.raises(DigitsError, match="folder|no picture"):
        open_image(tmp_path)
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(RANDOM.integers(0, 256, (99, 99, 3), dtype=np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2_000])
    Image.fromarray(RANDOM.integers(0, 256, (99, 99, 3), dtype=np.uint8)).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:2_000])
    Image.new("L", (9, 9)).save(tmp_path / "other.png", "PPM")
    for name in ("text.png", "empty.png", "cut.png", "cut.jpg", "other.png"):
        with pytest.raises(DigitsError, match=f"{name} is no picture"):
            open_image(tmp_path / name)
    with pytest.raises(DigitsError, match="the file is no picture"):
        open_image(io.BytesIO(b"text"))
    with pytest.raises(DigitsError, match="path or a binary file.*NoneType"):
        open_image(None)


@pytest.mark.parametrize("size", [(8_001, 8), (8, 20_000), (14_000, 14_000), (7, 100)])
def test_files_of_absurd_size_are_refused_before_decoding(size):
    file = io.BytesIO()
    Image.new("1", size).save(file, "PNG")
    start = time.perf_counter()
    with pytest.raises(DigitsError, match="8 to 8,000 pixels a side"):
        open_image(file)
    assert time.perf_counter() - start < 0.5


def test_files_over_20_mb_are_refused(tmp_path):
    path = tmp_path / "big.png"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(DigitsError, match="20 MB"):
        open_image(path)


def test_each_step_of_the_geometry_can_be_left_out():
    small = [[(100, 100), (100, 300)], [(100, 300), (200, 300)]]  # an L in a corner of a frame of 1,000

    def box(**steps):
        inked = from_strokes(small, frame=1_000, **steps)[0] > 0.3
        rows, columns = inked.any(1).nonzero()[:, 0], inked.any(0).nonzero()[:, 0]
        return int(rows[0]), int(rows[-1] - rows[0] + 1), int(columns[0])

    top, height, left = box(crop=False, scale=False, centre=False)
    assert 1 <= top <= 3  # 100 of 1,000 is 2.8 of 28 pixels, less half a pen
    assert 1 <= left <= 3
    assert 6 <= height <= 9  # 200 of 1,000, and the pen
    assert box(scale=False, centre=False)[1] == 28
    assert box(centre=False)[1] == 20
    assert box(centre=False)[0] == 4  # the 20-pixel box in the middle of 28
    assert box() != box(centre=False)
    assert torch.equal(from_strokes(small, frame=1_000), from_strokes(small))
