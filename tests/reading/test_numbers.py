"""Whole numbers: which strokes make which digit, from strokes and from pictures, at any spacing, size and order."""

import itertools

import numpy as np
import pytest
from drawings import DIGITS
from PIL import Image, ImageDraw

from digits import Recognizer
from digits.errors import DigitsError
from digits.reading import numbers
from digits.reading.numbers import PIECES_MAX, _cheapest, _groups, read_strokes
from digits.reading.reading import Reading

CROSSED_SEVEN = [[(0.3, 0.22), (0.7, 0.2), (0.46, 0.8)], [(0.4, 0.5), (0.66, 0.5)]]
TWO_STROKE_FIVE = [DIGITS[5][0][1:], [(0.38, 0.2), (0.68, 0.2)]]
SLASHED_ZERO = [*DIGITS[0], [(0.66, 0.26), (0.34, 0.74)]]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def write(drawings, gap=0.12, scale=100.0, at=(0.0, 0.0)) -> list[list[tuple[float, float]]]:
    """Drawings of digits (in shares, y down) side by side, `gap` between their boxes -> strokes of a number."""
    strokes, right = [], 0.0
    for drawing in drawings:
        xs = [x for stroke in drawing for x, _ in stroke]
        move = right - min(xs)
        strokes += [[(at[0] + scale * (x + move), at[1] + scale * y) for x, y in stroke] for stroke in drawing]
        right += max(xs) - min(xs) + gap
    return strokes


def digits_of(text: str) -> list:
    return [DIGITS[int(letter)] for letter in text]


def paint(strokes, pen=9, ink=30, paper=240) -> Image.Image:
    """Strokes of a number 60 to 100 high -> a picture of it."""
    points = np.array([point for stroke in strokes for point in stroke])
    width, height = (points.max(axis=0) + 40).astype(int)
    picture = Image.new("L", (int(width) * 2, int(height) * 2), paper)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        draw.line([(2 * x + 40, 2 * y + 40) for x, y in stroke], fill=ink, width=2 * pen, joint="curve")
    return picture.reduce(2)


@pytest.mark.parametrize("text", ["7", "42", "2026", "30145", "986753", "1111", "0"])
def test_a_number_is_read_from_strokes_and_from_a_picture(recognizer, text):
    strokes = write(digits_of(text))
    assert recognizer.read_number(strokes).text == text
    assert recognizer.read_number(paint(strokes)).text == text


@pytest.mark.parametrize("scale", [0.001, 1, 30, 40_000])
def test_size_and_place_do_not_matter(recognizer, scale):
    strokes = write(digits_of("4052"), scale=scale, at=(-7 * scale, 3 * scale))
    assert recognizer.read_number(strokes).text == "4052"


def test_each_digit_has_its_strokes_its_box_and_its_reading(recognizer):
    strokes = write([DIGITS[1], DIGITS[4], DIGITS[8]])
    number = recognizer.read_number(strokes)
    assert [digit.reading.digit for digit in number.digits] == [1, 4, 8]
    assert [len(digit.strokes) for digit in number.digits] == [1, 2, 1]
    given = [np.array(stroke) for stroke in strokes]
    for got, wanted in zip(itertools.chain(*[digit.strokes for digit in number.digits]), given, strict=True):
        assert np.allclose(got, wanted)
    for digit in number.digits:
        points = np.concatenate(digit.strokes)
        assert digit.box == pytest.approx((*points.min(axis=0), *points.max(axis=0)))
        assert isinstance(digit.reading, Reading)
        assert np.array_equal(digit.reading.ink, recognizer.read_strokes(digit.strokes).ink)


def test_boxes_in_a_picture_are_in_its_pixels(recognizer):
    strokes = write(digits_of("38"), scale=60)
    picture = paint(strokes, pen=6)
    for turned, enlarged in ((picture, 1), (picture.resize((picture.width * 4, picture.height * 4)), 4)):
        number = recognizer.read_number(turned)
        assert number.text == "38"
        for digit, stroke in zip(number.digits, strokes, strict=True):
            assert digit.strokes is None
            low, high = np.min(stroke, axis=0) + 20 - 3, np.max(stroke, axis=0) + 20 + 3
            assert digit.box == pytest.approx([*(low * enlarged), *(high * enlarged)], abs=2.5 * enlarged)


@pytest.mark.parametrize("drawing", [CROSSED_SEVEN, TWO_STROKE_FIVE, DIGITS[4]], ids=["7", "5", "4"])
def test_digits_of_two_strokes_stay_whole(recognizer, drawing):
    number = recognizer.read_number(write([DIGITS[3], drawing, DIGITS[2]]))
    assert [len(digit.strokes) for digit in number.digits] == [1, 2, 1]


@pytest.mark.parametrize(("together", "text"), [(4, "4"), (6, "11")])
def test_two_strokes_are_rather_a_4_than_a_6(together, text):
    """The network sees two good 1s, and in both together as good a digit; whether it has two strokes decides."""

    def read(inks):
        readings = []
        for ink in inks:
            columns = ink[0].any(dim=0)
            digit = 1 if columns.sum() < 6 else together
            probabilities = np.full(10, 0.03, np.float32)
            probabilities[digit] = 0.73
            readings.append(Reading(digit, probabilities, 0.8, ink[0].numpy()))
        return readings

    strokes = [[(x, 0), (x, 50), (x, 100)] for x in (0, 30)]
    assert read_strokes(read, strokes).text == text


def test_a_slashed_zero_stays_whole(recognizer):
    number = recognizer.read_number(write([DIGITS[6], SLASHED_ZERO, DIGITS[3]]))
    assert [len(digit.strokes) for digit in number.digits] == [1, 2, 1]


def test_neighbours_that_touch_or_overlap_in_x_come_apart(recognizer):
    for gap in (0.0, -0.03):
        assert recognizer.read_number(write(digits_of("2803"), gap)).text == "2803"
    assert recognizer.read_number(paint(write(digits_of("2803"), 0.06))).text == "2803"  # nearer than the pen is wide


def test_the_order_of_the_strokes_does_not_matter(recognizer):
    strokes = write(digits_of("2047"))
    for order in itertools.permutations(range(len(strokes))):
        assert recognizer.read_number([strokes[i] for i in order]).text == "2047"


def test_digits_drawn_without_lifting_come_apart(recognizer):
    two, zero = write(digits_of("20"), gap=0.15)
    number = recognizer.read_number([two + zero])
    assert number.text == "20"
    assert [len(digit.strokes) for digit in number.digits] == [1, 1]


def test_nothing_drawn_is_an_empty_number(recognizer):
    for blank in ([], [[]], [[(5, 5)]], np.full((60, 200), 230, np.uint8)):
        number = recognizer.read_number(blank)
        assert (number.text, number.digits) == ("", [])


def test_a_slip_of_the_pen_is_no_digit(recognizer):
    strokes = write(digits_of("52"))
    assert recognizer.read_number([*strokes, [(120, 10), (121, 11)]]).text == "52"


def test_a_picture_file_is_read_too(recognizer, tmp_path):
    paint(write(digits_of("64"))).save(tmp_path / "number.png")
    assert recognizer.read_number(tmp_path / "number.png").text == "64"


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        (None, "strokes must be a list"),
        ([[(0, float("nan")), (1, 1)]], "finite"),
        ([[(i, 0), (i, 50)] for i in range(PIECES_MAX + 1)], f"at most {PIECES_MAX} strokes"),
        ([[(i % 3, 0), (50 + i % 3, 50 + i)] for i in range(PIECES_MAX)], "over each other"),
        (np.zeros((3, 3), np.uint8), "8 to 8,000 pixels"),
    ],
)
def test_what_cannot_be_a_number_is_refused_in_one_sentence(recognizer, drawing, words):
    with pytest.raises(DigitsError, match=words) as raised:
        recognizer.read_number(drawing)
    assert "\n" not in str(raised.value)


def test_a_halftone_picture_is_refused_before_its_dots_are_compared(recognizer, monkeypatch):
    dots = np.full((640, 640), 255, np.uint8)
    for down, across in itertools.product(range(2), range(2)):
        dots[down::8, across::8] = 0
    monkeypatch.setattr(numbers, "_marks", lambda boxes: pytest.fail("compared"))
    with pytest.raises(DigitsError, match="at most 60 strokes or spots"):
        recognizer.read_number(Image.fromarray(dots))


def test_all_groups_go_through_the_network_at_once():
    batches = []

    class Counting(Recognizer):
        def read_ink(self, inks):
            batches.append(len(inks))
            return super().read_ink(inks)

    Counting(Recognizer.load().model).read_number(write(digits_of("2026")))
    assert len(batches) == 1
    assert batches[0] >= 4


def test_scribbles_end(recognizer):
    generator = np.random.default_rng(0)
    scribble = [(generator.random((15, 2)) * (9, 1)).tolist() for _ in range(20)]
    assert recognizer.read_number(scribble).text.isdigit()
    noise = Image.fromarray(generator.integers(0, 255, (400, 900), dtype=np.uint8))
    assert recognizer.read_number(noise).text == ""


def test_the_search_finds_what_trying_every_way_finds():
    generator = np.random.default_rng(1)
    for count in range(1, 7):
        boxes = np.sort(generator.random((count, 1)) * count / 2, axis=0)
        boxes = np.hstack([boxes, np.zeros((count, 1)), boxes + 0.3, np.ones((count, 1))])
        groups = _groups(boxes)
        costs = generator.normal(size=len(groups)).tolist()
        ways = []
        for size in range(1, count + 1):
            for choice in itertools.combinations(range(len(groups)), size):
                if sorted(i for k in choice for i in groups[k]) == list(range(count)):
                    ways.append((sum(costs[k] for k in choice), set(choice)))
        assert set(_cheapest(groups, costs, count)) == min(ways, key=lambda way: way[0])[1]


def cropped(picture: Image.Image, edge: str) -> Image.Image:
    """The picture cut so that the ink of its outermost digit touches that edge by a few pixels."""
    rows, columns = np.nonzero(np.asarray(picture.convert("L")) < 128)
    left, top, right, bottom = 0, 0, *picture.size
    box = {
        "left": (columns.min() + 2, top, right, bottom),
        "right": (left, top, columns.max() - 1, bottom),
        "top": (left, rows.min() + 2, right, bottom),
        "bottom": (left, top, right, rows.max() - 1),
    }[edge]
    return picture.crop([int(side) for side in box])


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
@pytest.mark.parametrize("text", ["404", "679"])
def test_digits_that_touch_the_picture_s_edge_stay(recognizer, text, edge):
    assert recognizer.read_number(cropped(paint(write(digits_of(text), gap=0.3)), edge)).text == text


@pytest.mark.parametrize("edge", ["left", "bottom"])
def test_a_table_at_the_picture_s_edge_is_no_digit(recognizer, edge):
    picture = paint(write(digits_of("25"), gap=0.3, at=(60, 40)))
    wide, high = picture.size
    sheet = Image.new(picture.mode, (wide + 80, high + 80), 240)
    sheet.paste(picture, (60, 10))
    table = (0, 0, 24, high + 80) if edge == "left" else (0, high + 50, wide + 80, high + 80)
    ImageDraw.Draw(sheet).rectangle(table, fill=30)
    assert recognizer.read_number(sheet).text == "25"


def test_a_long_stem_is_no_ruled_line(recognizer):
    strokes = write(digits_of("14"), gap=0.4)
    picture = paint(strokes)
    rows, _ = np.nonzero(np.asarray(picture.convert("L")) < 128)
    tight = picture.crop((0, int(rows.min()) - 6, picture.width, int(rows.max()) + 7))  # stems of 0.9 of the height
    assert recognizer.read_number(tight).text == "14"


@pytest.mark.parametrize("text", ["58", "35", "88"])
def test_digits_that_touch_twice_are_parted(recognizer, text):
    """Rings that lean on each other, a bow and a bar: no cut between them crosses ink only once."""
    assert recognizer.read_number(paint(write(digits_of(text), gap=-0.01, scale=160))).text == text


def test_most_pairs_that_touch_twice_are_read_right(recognizer):
    """Which of them are differs from network to network; how many hardly does."""
    pairs = ["84", "58", "35", "88", "68", "86", "38", "48", "83", "53", "56", "63", "36", "85"]
    pictures = (paint(write(digits_of(pair), gap=-0.01, scale=160)) for pair in pairs)
    readings = [recognizer.read_number(picture).text for picture in pictures]
    assert sum(map(len, readings)) >= 26
    assert sum(reading == pair for reading, pair in zip(readings, pairs, strict=True)) >= 10


@pytest.mark.parametrize("mark", [[(0.0, 0.0), (0.02, 0.02)], [(0.02, 0.0), (-0.04, 0.14)], [(0.0, 0.0), (0.1, 0.0)]])
def test_points_commas_and_dashes_are_no_digits(recognizer, mark):
    strokes = write([*digits_of("12"), [[(x, y + 0.78) for x, y in mark]], *digits_of("50")], gap=0.16)
    assert recognizer.read_number(paint(strokes, pen=7)).text == "1250"


def test_the_bar_of_a_five_is_no_mark(recognizer):
    strokes = write([TWO_STROKE_FIVE, *digits_of("3"), TWO_STROKE_FIVE], gap=0.2)
    lifted = [[(x, y - 5) for x, y in stroke] if len(stroke) == 2 else stroke for stroke in strokes]
    assert recognizer.read_number(paint(lifted)).text == "535"
