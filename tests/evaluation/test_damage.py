"""Each slider does what it is named after, and nothing at 0."""

import pytest
import torch

from digits.evaluation.damage import SLIDERS, damage


@pytest.fixture
def bar() -> torch.Tensor:
    """A vertical bar in the middle, 4 x 12 pixels."""
    ink = torch.zeros(1, 1, 28, 28)
    ink[:, :, 8:20, 12:16] = 1
    return ink


def extent(ink: torch.Tensor) -> tuple[int, int]:
    """Width and height of what is at least half inked."""
    rows, columns = torch.nonzero(ink[0, 0] >= 0.5, as_tuple=True)
    return int(columns.max() - columns.min() + 1), int(rows.max() - rows.min() + 1)


def test_without_damage_the_ink_is_as_it_was(bar):
    assert torch.equal(damage(bar, {}), bar)
    assert torch.equal(damage(bar, {slider.name: 0.0 for slider in SLIDERS}), bar)


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_every_slider_changes_the_ink_and_leaves_it_in_range(bar, slider):
    for value in (slider.least, slider.most):
        if value:
            changed = damage(bar, {slider.name: value})
            assert not torch.equal(changed, bar)
            assert changed.shape == bar.shape
            assert changed.min() >= 0 and changed.max() <= 1
            assert torch.equal(changed, damage(bar, {slider.name: value}))  # the same dice each time


def test_a_turn_by_a_right_angle_lays_the_bar_down(bar):
    assert extent(damage(bar, {"turn": 90.0})) == (12, 4)


def test_a_turn_is_clockwise():
    ink = torch.zeros(1, 1, 28, 28)
    ink[:, :, 4:14, 13:15] = 1  # from the middle up
    turned = damage(ink, {"turn": 90.0})
    assert turned[0, 0, :, 14:].sum() > 10 * turned[0, 0, :, :13].sum()  # from the middle to the right


def test_a_shift_moves_the_ink_to_the_right(bar):
    assert torch.allclose(damage(bar, {"shift": 3.0}), bar.roll(3, dims=3), atol=1e-4)
    assert torch.allclose(damage(bar, {"shift": -3.0}), bar.roll(-3, dims=3), atol=1e-4)


def test_a_turned_digit_is_still_shifted_to_the_right(bar):
    turned = damage(bar, {"turn": 90.0})
    assert torch.allclose(damage(bar, {"turn": 90.0, "shift": 4.0}), turned.roll(4, dims=3), atol=1e-4)


def test_the_pen_gets_wider_and_narrower(bar):
    assert extent(damage(bar, {"pen": 1.0})) == (6, 14)
    assert extent(damage(bar, {"pen": -1.0})) == (2, 10)


def test_a_blur_keeps_the_amount_of_ink(bar):
    blurred = damage(bar, {"blur": 2.0})
    assert blurred.sum() == pytest.approx(float(bar.sum()), rel=1e-3)
    assert blurred.max() < 0.9


def test_what_is_hidden_is_ink(bar):
    hidden = damage(bar, {"hide": 6.0})
    assert 0 < hidden.sum() < bar.sum()
    assert (hidden <= bar).all()


@pytest.mark.parametrize("side", [1, 2, 3, 6])
def test_a_hidden_square_has_its_side_and_lies_on_ink(side):
    full = torch.ones(200, 1, 28, 28)
    hidden = (full - damage(full, {"hide": float(side)})).sum((1, 2, 3))
    assert hidden.max() == side * side  # less at the picture's edge
    dotted = torch.zeros(1, 1, 28, 28)
    dotted[..., ::5, ::5] = 1
    assert damage(dotted, {"hide": float(side)}).sum() < dotted.sum()


def test_a_digit_without_ink_stays_one():
    blank = torch.zeros(2, 1, 28, 28)
    assert torch.equal(damage(blank, {"hide": 6.0, "turn": 30.0, "blur": 1.0}), blank)
