"""The seconds that a page promises before a training: measured as trainings run, whoever asks."""

import dataclasses

import torch

from digits.training import speed
from digits.training.config import TrainConfig

CONFIG = TrainConfig("mlp", batch_size=100, augment="none", device="cpu")


def test_it_is_measured_with_a_training_s_threads_and_the_asking_thread_keeps_its_own(monkeypatch):
    def note(config):
        seen.append(torch.get_num_threads())
        return 1_000.0

    seen: list[int] = []
    monkeypatch.setattr(speed, "_time", note)
    speed._measure.cache_clear()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert speed.images_per_second(CONFIG, 3, busy=False) == 1_000
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
        speed._measure.cache_clear()
    assert seen == [3]


def test_it_is_measured_once_alone_and_once_beside_a_training(monkeypatch):
    figures = iter([100.0, 1_000.0])
    monkeypatch.setattr(speed, "_time", lambda config: next(figures))
    speed._measure.cache_clear()
    longer = dataclasses.replace(CONFIG, epochs=7, seed=3)
    for config in (CONFIG, longer):
        assert speed.images_per_second(config, 1, busy=True) == 100
        assert speed.images_per_second(config, 1, busy=False) == 1_000
    speed._measure.cache_clear()


def test_it_is_a_figure_of_this_machine():
    assert 100 < speed.images_per_second(CONFIG, 1, busy=False) < 1e7
