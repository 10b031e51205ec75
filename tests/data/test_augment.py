"""Augmentation: identity, single motions worked out by hand, and its random numbers."""

import math

import pytest
import torch

from digits.data import augment as augment_module
from digits.data.augment import augment
from digits.errors import DigitsError


def generator(seed=0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def only(monkeypatch):
    """Switch every change off but those given, and make the random numbers all +1."""

    def switch(**constants):
        for name in ("ROTATION", "SCALE", "SHEAR", "SHIFT"):
            monkeypatch.setattr(augment_module, name, constants.get(name, 0.0))
        monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.ones(size))

    return switch


def dot(row: int, column: int) -> torch.Tensor:
    ink = torch.zeros(1, 1, 28, 28)
    ink[0, 0, row, column] = 1
    return ink


def centre_of_mass(ink: torch.Tensor) -> tuple[float, float]:
    """Row and column, in pixels."""
    index = torch.arange(28.0)
    total = ink.sum()
    return (ink[0, 0].sum(1) @ index / total).item(), (ink[0, 0].sum(0) @ index / total).item()


def test_none_returns_the_very_ink():
    ink = torch.rand(4, 1, 28, 28, generator=generator())
    assert augment(ink, "none", generator()) is ink


def test_affine_without_any_change_is_the_identity(only, small_mnist):
    only()
    ink = small_mnist.images[:8].unsqueeze(1) / 255
    torch.testing.assert_close(augment(ink, "affine", generator()), ink, atol=1e-5, rtol=0)


def test_a_shift_of_two_pixels_moves_every_pixel_by_two(only, small_mnist):
    only(SHIFT=2.0)
    ink = small_mnist.images[:8].unsqueeze(1) / 255
    moved = augment(ink, "affine", generator())
    torch.testing.assert_close(moved[..., :26, :26], ink[..., 2:, 2:], atol=1e-5, rtol=0)


def test_a_quarter_turn_is_torch_rot90(only, small_mnist):
    only(ROTATION=90.0)
    ink = small_mnist.images[:8].unsqueeze(1) / 255
    torch.testing.assert_close(augment(ink, "affine", generator()), ink.rot90(1, (2, 3)), atol=1e-4, rtol=0)


def test_a_larger_size_moves_a_pixel_outwards_by_that_share(only):
    only(SCALE=0.25)
    row, column = centre_of_mass(augment(dot(17, 5), "affine", generator()))
    assert row == pytest.approx(13.5 + 3.5 * 1.25, abs=0.3)
    assert column == pytest.approx(13.5 - 8.5 * 1.25, abs=0.3)


def test_slant_moves_rows_sideways_by_their_height(only):
    only(SHEAR=0.5)
    for row in (5, 13, 22):
        after_row, after_column = centre_of_mass(augment(dot(row, 14), "affine", generator()))
        assert after_row == pytest.approx(row, abs=0.1)
        assert after_column == pytest.approx(14 - 0.5 * (row - 13.5), abs=0.3)


def test_each_image_changes_on_its_own_and_by_seed(small_mnist):
    ink = (small_mnist.images[:1].unsqueeze(1) / 255).repeat(6, 1, 1, 1)
    changed = augment(ink, "affine", generator(1))
    assert changed.shape == ink.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert all(not torch.equal(changed[0], image) for image in changed[1:])
    assert torch.equal(changed, augment(ink, "affine", generator(1)))
    assert not torch.equal(changed, augment(ink, "affine", generator(2)))


def test_changes_stay_within_their_limits(small_mnist):
    """The farthest corner that MNIST's 20 px box has moves by at most what the constants add up to."""
    corner = math.hypot(10, 10)
    limit = corner * (
        math.radians(augment_module.ROTATION) + augment_module.SCALE + augment_module.SHEAR
    ) + augment_module.SHIFT * math.sqrt(2)
    for seed in range(50):
        row, column = centre_of_mass(augment(dot(4, 4), "affine", generator(seed)))
        assert math.hypot(row - 4, column - 4) < limit + 0.5


def test_unknown_augmentation_is_refused():
    with pytest.raises(DigitsError, match="no augmentation called 'mixup'; choose one of affine, elastic, none"):
        augment(dot(3, 3), "mixup", generator())


def test_elastic_bends_about_as_far_as_it_says():
    """A dot at the middle of each image moves by the normal's standard deviation, on top of the affine changes."""
    torch.manual_seed(0)
    ink = dot(14, 14).repeat(500, 1, 1, 1)
    bent, straight = augment(ink, "elastic", generator()), augment(ink, "affine", generator())
    moved = torch.tensor([centre_of_mass(image[None]) for image in bent]) - torch.tensor(
        [centre_of_mass(image[None]) for image in straight]
    )
    assert moved.std() == pytest.approx(augment_module.BEND, abs=0.15)


def test_elastic_without_bend_is_affine(monkeypatch):
    monkeypatch.setattr(augment_module, "BEND", 0.0)
    ink = torch.rand(6, 1, 28, 28, generator=generator())
    torch.testing.assert_close(augment(ink, "elastic", generator(3)), augment(ink, "affine", generator(3)))
