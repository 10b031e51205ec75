"""Training on 2,000 images: it learns, repeats, stops and keeps; torch's own loop and schedule are the oracles."""

import dataclasses
import json
import math
import os

import pytest
import torch
from torch.nn.functional import cross_entropy

from digits.data.handwriting import handwriting
from digits.data.mnist import mnist_checksums
from digits.data.outliers import outliers
from digits.device import computes_in_bfloat16
from digits.errors import DigitsError
from digits.model.networks import MLP, NETWORKS
from digits.model.weights import load_weights
from digits.training import loop, plan, record
from digits.training.average import Average
from digits.training.calibration import Score, calibrate, measure
from digits.training.config import LEARNING_RATES, RECIPES, TrainConfig, command
from digits.training.examples import Batches, gather
from digits.training.loop import train

QUICK = TrainConfig(model="mlp", batch_size=100, device="cpu")  # 20 steps


def run(data, **changes):
    return list(train(dataclasses.replace(QUICK, **changes), data))


def weights(updates) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in updates[-1].model.state_dict().items()}


def same(left: dict, right: dict) -> bool:
    """Whether they learned the same; the temperature is chosen after that."""
    return all(torch.equal(left[name], right[name]) for name in left if name != "temperature")


# Accuracies after 63 steps, less about 0.06: cnn 0.96, lenet 0.83, mlp 0.84.
@pytest.mark.parametrize(("name", "floor"), [("cnn", 0.90), ("lenet", 0.77), ("mlp", 0.78)])
def test_every_network_learns(small_mnist, name, floor):
    updates = run(small_mnist, model=name, batch_size=32)
    assert updates[-1].loss < 0.6 * updates[0].loss
    assert updates[-1].validation_accuracy > floor
    assert updates[-1].test_accuracy > floor - 0.05
    assert updates[-1].model.name == name


@pytest.mark.parametrize("optimizer", LEARNING_RATES)
@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_every_optimizer_learns_on_every_schedule(small_mnist, optimizer, schedule):
    rate = 0.02 if (optimizer, schedule) == ("sgd", "constant") else None
    updates = run(small_mnist, optimizer=optimizer, schedule=schedule, learning_rate=rate, batch_size=32)
    assert updates[-1].validation_accuracy > 0.78


def test_an_untrained_network_starts_at_the_loss_of_guessing(small_mnist):
    assert run(small_mnist)[0].loss == pytest.approx(math.log(10), abs=0.2)


def test_the_same_seed_repeats_to_the_bit_and_another_differs(small_mnist):
    torch.manual_seed(1)
    first = run(small_mnist, seed=7)
    torch.manual_seed(2)
    second = run(small_mnist, seed=7)
    assert [update.loss for update in first] == [update.loss for update in second]
    assert first[-1].validation_loss == second[-1].validation_loss
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(run(small_mnist, seed=8)))


def test_training_leaves_other_random_numbers_alone(small_mnist):
    before = torch.get_rng_state()
    run(small_mnist)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_plain_run_is_the_textbook_loop(small_mnist):
    updates = run(small_mnist, optimizer="adam", augment="none", seed=3)
    images, labels = small_mnist.training
    torch.manual_seed(3)
    network = MLP()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    order = torch.randperm(2_000, generator=torch.Generator().manual_seed(3))
    for update, batch in zip(updates, order.split(100), strict=True):
        loss = cross_entropy(network(images[batch].unsqueeze(1) / 255), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert update.loss == pytest.approx(loss.item(), abs=1e-5)
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(updates[-1].model.get_parameter(name), parameter, atol=1e-5, rtol=1e-4)


def test_one_cycle_is_torchs(small_mnist):
    updates = run(small_mnist, epochs=2, optimizer="sgd", learning_rate=0.05)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=40)
    wanted = []
    for _ in range(40):
        wanted += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert [update.learning_rate for update in updates] == pytest.approx(wanted)
    assert max(wanted) == 0.05


@pytest.mark.parametrize(
    ("optimizer", "schedule", "one_cycle"),
    [("adam", "auto", False), ("adamw", "auto", True), ("sgd", "auto", True), ("adam", "one-cycle", True)],
)
def test_auto_schedule_follows_the_optimizer(optimizer, schedule, one_cycle):
    assert TrainConfig(optimizer=optimizer, schedule=schedule).one_cycle() is one_cycle


def test_a_constant_rate_stays(small_mnist):
    rates = {update.learning_rate for update in run(small_mnist, schedule="constant", learning_rate=0.004)}
    assert rates == {0.004}


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_training_of_a_single_step_takes_it_at_its_whole_rate(small_mnist, tmp_path, optimizer):
    changes = {"optimizer": optimizer, "batch_size": 2_000, "learning_rate": 0.004, "out": tmp_path}
    (update,) = run(small_mnist, **changes)
    assert update.learning_rate == 0.004
    assert json.loads((tmp_path / "weights.json").read_text())["config"]["schedule"] == "constant"
    assert update.validation_accuracy > 0.3


def test_updates_tell_one_story(small_mnist):
    updates = run(small_mnist, epochs=2, batch_size=150)  # 14 steps an epoch, the last of 50 images
    assert [update.step for update in updates] == list(range(1, 29))
    for update in updates:
        assert update.steps == 28
        assert update.epoch == pytest.approx(update.step / 14)
        assert update.images_per_second > 0
        assert 0 <= update.accuracy <= 1
        assert update.remaining == pytest.approx(update.elapsed / update.step * (28 - update.step))
        assert update.done == (update.step == 28)
        assert (update.test_accuracy is None) == (not update.done)
        assert (update.validation_loss is None) == (update.validation_accuracy is None)
    assert [update.step for update in updates if update.validation_loss is not None] == [4, 8, 12, 16, 20, 24, 28]
    assert all(earlier.elapsed < later.elapsed for earlier, later in zip(updates, updates[1:], strict=False))


def test_an_update_averages_the_batches_since_the_last(small_mnist, monkeypatch):
    each_batch = run(small_mnist)
    monkeypatch.setattr(plan, "UPDATES_AN_EPOCH", 4)
    averaged = run(small_mnist)
    assert [update.step for update in averaged] == [5, 10, 15, 20]
    for i, update in enumerate(averaged):
        window = each_batch[5 * i : 5 * i + 5]
        assert update.loss == pytest.approx(sum(part.loss for part in window) / 5, abs=1e-5)
        assert update.accuracy == pytest.approx(sum(part.accuracy for part in window) / 5)


def test_long_runs_have_a_limited_number_of_updates(small_mnist, monkeypatch):
    monkeypatch.setattr(plan, "MOST_UPDATES", 10)
    monkeypatch.setattr(plan, "MOST_VALIDATIONS", 5)
    updates = run(small_mnist, epochs=5)
    assert len(updates) <= 15
    assert sum(update.validation_loss is not None for update in updates) <= 6
    assert updates[-1].validation_loss is not None


def test_validation_is_of_the_network_as_it_is(small_mnist):
    for update in train(dataclasses.replace(QUICK, model="cnn"), small_mnist):
        if update.validation_loss is not None:
            assert measure(update.model, *small_mnist.validation) == (
                update.validation_loss,
                update.validation_accuracy,
            )
            break


def test_measure_is_mean_cross_entropy_and_accuracy():
    class Even(torch.nn.Module):
        def forward(self, ink):
            logits = torch.zeros(len(ink), 10)
            logits[:, 4] = math.log(3)
            return logits

    images, labels = torch.zeros(2_500, 28, 28, dtype=torch.uint8), torch.arange(2_500) % 10
    loss, accuracy = measure(Even(), images, labels)
    assert accuracy == pytest.approx(0.1)
    assert loss == pytest.approx(math.log(12) - 0.1 * math.log(3), abs=1e-5)


def test_a_whole_run_leaves_weights_and_card(small_mnist, tmp_path):
    updates = run(small_mnist, model="cnn", out=tmp_path / "runs" / "first")
    network, card = load_weights(tmp_path / "runs" / "first" / "weights.safetensors")
    assert same(network.state_dict(), weights(updates))
    assert card["complete"] is True
    assert card["steps"] == 20
    assert card["figures"]["validation_accuracy"] == updates[-1].validation_accuracy
    assert card["figures"]["test_accuracy"] == updates[-1].test_accuracy
    assert card["config"]["learning_rate"] == LEARNING_RATES["adamw"]
    assert card["config"]["schedule"] == "one-cycle"
    assert (card["network"], card["device"], card["seed"]) == ("cnn", "cpu", 0)
    assert card["torch"] == torch.__version__
    names = ["best.json", "best.safetensors", "config.json", "log.jsonl", "weights.json", "weights.safetensors"]
    assert sorted(os.listdir(tmp_path / "runs" / "first")) == names


def test_the_card_names_mnist_only_where_it_was_mnist(small_mnist, tmp_path, monkeypatch):
    run(small_mnist, out=tmp_path)
    data = json.loads((tmp_path / "weights.json").read_text())["data"]
    assert data == {"name": "the caller's images, 2,000 training and 1,000 validation images"}
    monkeypatch.setattr(loop, "load_mnist", lambda device: small_mnist)
    list(train(dataclasses.replace(QUICK, out=tmp_path)))
    data = json.loads((tmp_path / "weights.json").read_text())["data"]
    assert data["name"].startswith("MNIST, 2,000 training")
    assert data["sha256"] == mnist_checksums()


def test_closing_stops_and_keeps_the_weights_so_far(small_mnist, tmp_path):
    updates = train(dataclasses.replace(QUICK, epochs=10, out=tmp_path), small_mnist)
    seen = [next(updates) for _ in range(7)]
    kept = weights(seen)
    updates.close()
    network, card = load_weights(tmp_path / "weights.safetensors")
    assert same(network.state_dict(), kept)
    assert card["complete"] is False
    assert card["steps"] == 7
    assert card["figures"]["test_accuracy"] is None
    figures = (card["figures"]["validation_loss"], card["figures"]["validation_accuracy"])
    assert figures == measure(network, *small_mnist.validation)


def test_closing_before_the_first_step_leaves_no_file(small_mnist, tmp_path):
    train(dataclasses.replace(QUICK, out=tmp_path), small_mnist).close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_without_a_folder(small_mnist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(small_mnist)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_last_checkpoint(small_mnist, tmp_path):
    with pytest.raises(DigitsError, match=r"stopped at step \d+: its loss is no longer a finite number; .* below 10\."):
        run(small_mnist, optimizer="sgd", learning_rate=10, schedule="constant", epochs=20, out=tmp_path)
    _, card = load_weights(tmp_path / "weights.safetensors")  # refuses weights that are not finite
    assert card["complete"] is False
    assert math.isfinite(card["figures"]["validation_loss"])


def test_a_last_step_that_breaks_the_weights_leaves_no_weights(small_mnist, tmp_path, monkeypatch):
    """The loss of a step is of the weights before it: only the validation after it can tell."""
    monkeypatch.setattr(record, "finish", lambda *_: (Score(math.nan, 0.1), None))
    with pytest.raises(DigitsError, match="stopped at step 1: its loss is no longer a finite number"):
        run(small_mnist, batch_size=2_000, out=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["config.json", "log.jsonl"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "vgg"}, "no network called 'vgg'; choose one of cnn-fast, cnn, cnn-large, lenet, mlp"),
        ({"model": ["cnn"]}, "no network called"),
        ({"optimizer": "lion"}, "no optimizer called 'lion'; choose one of adamw, adam, sgd"),
        ({"schedule": "cosine"}, "no schedule called 'cosine'"),
        ({"augment": "mixup"}, "no augmentation called 'mixup'"),
        ({"device": "tpu"}, "'tpu' is not available"),
        ({"learning_rate": 0}, "learning rate is 0; wanted a number above 0 and at most 10"),
        ({"learning_rate": -1.0}, "learning rate is -1.0"),
        ({"learning_rate": math.nan}, "learning rate is nan"),
        ({"learning_rate": math.inf}, "learning rate is inf"),
        ({"learning_rate": 1e9}, "learning rate is 1000000000.0"),
        ({"learning_rate": "0.1"}, "learning rate is '0.1'"),
        ({"learning_rate": True}, "learning rate is True"),
        ({"epochs": 0}, "epochs is 0; wanted a whole number from 1 to 1,000"),
        ({"epochs": 10**9}, "epochs is 1000000000"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": 10**6}, "batch size is 1000000"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**63}, "seed is 9223372036854775808"),
    ],
)
def test_values_that_cannot_be_used_are_refused_before_any_work(changes, words):
    with pytest.raises(DigitsError, match=words) as refusal:
        train(dataclasses.replace(QUICK, **changes))  # raises at the call: nothing is iterated
    assert "\n" not in str(refusal.value)


def test_the_extremes_that_are_allowed_run(small_mnist):
    assert run(small_mnist, seed=2**63 - 1, batch_size=10_000)[-1].done
    assert run(small_mnist, batch_size=10_000, fine_tuning=1)[-1].done


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(DigitsError, match="cannot be made"):
            train(dataclasses.replace(QUICK, out=out))


def test_the_test_images_decide_nothing(small_mnist):
    """Other test images, same curve and weights."""
    changed = dataclasses.replace(small_mnist, test_images=255 - small_mnist.test_images)
    before, after = run(small_mnist), run(changed)
    assert [update.loss for update in before] == [update.loss for update in after]
    assert same(weights(before), weights(after))
    assert before[-1].test_accuracy != after[-1].test_accuracy


def test_the_default_network_is_one_of_those_there_are():
    assert TrainConfig().model in NETWORKS


def test_handwriting_and_outliers_are_learned_beside_mnist(small_mnist, tmp_path):
    updates = run(small_mnist, model="cnn", batch_size=50, handwriting=1_000, outliers=1_000, out=tmp_path)
    assert updates[-1].steps == 4_000 / 50
    network, card = load_weights(tmp_path / "weights.safetensors")
    assert network.knows_outliers
    assert "1,000 drawings of digits.handwriting and 1,000 of digits.outliers" in card["data"]["name"]
    with torch.no_grad():
        signs = network(outliers(200, 77)[:, None] / 255).logsumexp(1)
        drawn, labels = handwriting(200, 77)
        logits = network(drawn[:, None] / 255)
    assert (logits.argmax(1) == labels).float().mean() > 0.75
    assert logits.logsumexp(1).median() > signs.median() + 1


def test_calibration_takes_a_network_s_overconfidence_back(small_mnist):
    updates = run(small_mnist, model="cnn", batch_size=50)
    network, (images, labels) = updates[-1].model, small_mnist.validation
    honest = network.temperature.item()
    with torch.no_grad():
        network.layers[-1].weight.mul_(3)
        network.layers[-1].bias.mul_(3)
    with torch.no_grad():
        logits = network(images[:, None] / 255)
    calibrate(network, logits, labels)
    assert network.temperature.item() == pytest.approx(3 * honest, rel=1e-3)
    losses = [cross_entropy(logits / (network.temperature * factor), labels) for factor in (0.8, 1, 1.25)]
    assert min(losses) == losses[1]


def test_bfloat16_is_close_to_float32(small_mnist):
    if not computes_in_bfloat16(torch.device("cpu")):
        pytest.skip("this processor has no bfloat16 instructions")
    runs = (run(small_mnist, model="cnn", batch_size=32, precision=precision) for precision in ("bfloat16", "float32"))
    low, high = runs
    assert low[-1].validation_accuracy == pytest.approx(high[-1].validation_accuracy, abs=0.05)
    assert low[3].loss != high[3].loss


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_can_be_used_and_name_themselves(name):
    RECIPES[name].check()
    seeded = dataclasses.replace(RECIPES[name], seed=3, out="somewhere")
    assert command(seeded) == f"python -m digits train --recipe {name} --seed 3"


BUILT = TrainConfig(layers="c5s2n-6 m-2 d-20 fk-294 f-32", batch_size=100, device="cpu")


def test_a_built_network_with_dropout_trains_repeats_and_resumes_to_the_bit(small_mnist, tmp_path):
    config = dataclasses.replace(BUILT, epochs=2, out=tmp_path / "whole")
    whole = list(train(config, small_mnist))
    assert whole[-1].validation_accuracy > 0.5
    card = json.loads((tmp_path / "whole" / "weights.json").read_text())
    assert card["layers"] == config.layers
    config = dataclasses.replace(config, out=tmp_path / "cut")
    updates = train(config, small_mnist)
    while next(updates).step < 25:
        pass
    updates.close()
    resumed = list(train(config, small_mnist, resume=True))
    assert resumed[0].step < 40
    assert same(weights(whole), weights(resumed))


def test_a_batch_of_one_is_refused_where_batch_norm_needs_two(small_mnist):
    with pytest.raises(DigitsError, match="batch norm needs two"):
        list(train(dataclasses.replace(BUILT, batch_size=1), small_mnist))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": "c5s2n-6 f-32", "batch_size": 3}, "batch norm needs two"),  # 2,000 + 3,002 are 3 x 1,667 + 1
        ({"model": "cnn", "optimizer": "muon"}, "choose AdamW"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_drawings_are_made(small_mnist, monkeypatch, changes, said):
    monkeypatch.setattr(loop, "gather", lambda *_: pytest.fail("it drew for a minute"))
    with pytest.raises(DigitsError, match=said):
        run(small_mnist, handwriting=3_000, outliers=2, **changes)


def test_amount_of_data_and_smoothing(small_mnist):
    assert run(small_mnist, examples=500)[-1].steps == 5
    smooth, plain = (run(small_mnist, label_smoothing=share, augment="none") for share in (0.3, 0.0))
    assert smooth[0].loss == pytest.approx(plain[0].loss, abs=0.2) and not same(weights(smooth), weights(plain))
    assert smooth[-1].validation_loss > plain[-1].validation_loss - 0.1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": "f-10 c3-8"}, "Layer 2"),
        ({"model": "layers"}, "The layers are a text"),
        ({"examples": 99}, "wanted a whole number from 100"),
        ({"label_smoothing": 0.9}, "wanted a number from 0 to 0.5"),
        ({"fine_tuning": -1}, "epochs of fine-tuning is -1; wanted a whole number from 0"),
        ({"fine_tuning": 1, "optimizer": "adam"}, "choose the schedule one-cycle"),
        ({"label_smoothing": math.nan}, "wanted a number from 0 to 0.5"),
    ],
)
def test_settings_that_cannot_be_used_get_a_sentence(changes, said):
    with pytest.raises(DigitsError, match=said):
        dataclasses.replace(QUICK, **changes).check()


def test_the_command_of_a_built_network_names_its_layers():
    assert command(dataclasses.replace(BUILT, fine_tuning=2)).endswith(" --batch-size 100 --fine-tuning 2")
    assert command(BUILT) == 'python -m digits train --layers "c5s2n-6 m-2 d-20 fk-294 f-32" --batch-size 100'


def test_fine_tuning_is_a_second_lower_cycle_on_other_drawings(small_mnist):
    config = dataclasses.replace(QUICK, optimizer="adamw", handwriting=30, outliers=20, fine_tuning=2)
    updates = list(train(config, small_mnist))
    rates = [update.learning_rate for update in updates]
    assert updates[-1].steps == 3 * 21 and len(rates) == 63  # 2,050 images, in hundreds
    assert rates.index(max(rates)) < 21 and max(rates[21:]) == pytest.approx(max(rates) * 0.4, rel=0.02)
    assert rates[20] < 1e-3 * max(rates) and rates[62] < 1e-3 * max(rates[21:])
    examples = gather(config, small_mnist, torch.device("cpu"))
    order = torch.randperm(2_050)
    fresh = examples.exchange(order)
    drawn = order >= 2_000  # handwriting and outliers
    assert torch.equal(order[~drawn], fresh[~drawn]) and torch.equal(examples.labels[order], examples.labels[fresh])
    assert (examples.images[order[drawn]] != examples.images[fresh[drawn]]).flatten(1).any(1).all()
    batches = Batches(plan.make_plan(config, 2_050), examples, torch.Generator().manual_seed(0))
    seen = [torch.cat([batch for step, batch in batches.after(begun) if step <= begun + 21]) for begun in (0, 21)]
    assert [sorted(indices.tolist()) for indices in seen] == [[*range(2_050)], sorted(fresh.tolist())]


@pytest.mark.parametrize(("fine_tuning", "wanted"), [(3, 4), (0, 2)])
def test_a_fine_tuning_ends_half_way_to_the_mean_of_its_epochs(fine_tuning, wanted):
    model, config = MLP(), dataclasses.replace(QUICK, optimizer="adamw", fine_tuning=fine_tuning)
    course = plan.make_plan(config, 200)  # two steps an epoch
    average = Average(model, course)
    for step in range(1, course.steps + 1):
        for weights in model.parameters():
            weights.data.fill_(step)
        average.follow(step)
    assert all((weights == wanted).all() for weights in model.parameters())  # half of 2, half of 4, 6 and 8


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("cut", [15, 25])
def test_a_fine_tuned_run_resumes_to_the_bit(small_mnist, tmp_path, optimizer, cut):
    config = dataclasses.replace(QUICK, optimizer=optimizer, epochs=1, fine_tuning=1)
    updates = train(dataclasses.replace(config, out=tmp_path), small_mnist)
    while next(updates).step < cut:
        pass
    updates.close()
    resumed = list(train(dataclasses.replace(config, out=tmp_path), small_mnist, resume=True))
    assert resumed[0].step == cut + 1
    assert same(weights(list(train(config, small_mnist))), weights(resumed))


def test_muon_resumes_to_the_bit_and_needs_a_hidden_linear_layer(small_mnist, tmp_path):
    config = dataclasses.replace(QUICK, optimizer="muon", epochs=2, out=tmp_path / "whole")
    whole = list(train(config, small_mnist))
    config = dataclasses.replace(config, out=tmp_path / "cut")
    updates = train(config, small_mnist)
    while next(updates).step < 25:
        pass
    updates.close()
    assert same(weights(whole), weights(list(train(config, small_mnist, resume=True))))
    with pytest.raises(DigitsError, match="choose AdamW"):
        run(small_mnist, model="cnn", optimizer="muon")
