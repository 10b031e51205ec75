"""How it works, step by step: what is shown is what PyTorch says."""

import copy
import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from digits.data.mnist import load_mnist
from digits.ink.geometry import to_ink
from digits.model.builder import Dropout, build_network
from digits.model.networks import MLP, NETWORKS, create_model
from digits.reading import atlas
from digits.reading.atlas import Atlases, make_map, ring_of
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.ui.lesson import collect, define, graph, loss, modes, predict, step

NAMES = ["mlp", "cnn", "cnn-large"]


@pytest.fixture(scope="module")
def page():
    networks = SimpleNamespace(
        get=lambda key: Recognizer.load(WEIGHTS / f"{key}.safetensors"),
        chosen=lambda payload: Recognizer.load(WEIGHTS / f"{payload.get('network') or 'mlp'}.safetensors"),
        path=lambda key: WEIGHTS / f"{key or 'mlp'}.safetensors",
    )
    return SimpleNamespace(networks=networks)


def ink_of(index: int) -> torch.Tensor:
    return to_ink(load_mnist().test_images[index][None])


# 1, collect data


def test_the_wall_shows_training_digits_of_one_kind(page):
    answer = collect.look_at_data(page)({"kind": 4, "seed": 3})
    assert set(answer["labels"]) == {4}
    assert len(answer["labels"]) == collect.WALL
    assert sum(answer["counts"]) == 55_000
    assert answer["split"] == [55_000, 5_000, 10_000]
    assert answer["pixels"] != collect.look_at_data(page)({"kind": 4, "seed": 4})["pixels"]


def test_the_oddest_are_those_to_whose_label_the_network_gives_least(page):
    places = torch.arange(300)
    network = Recognizer.load(WEIGHTS / "cnn.safetensors").model
    oddest = collect.find_oddest(network, places)
    images, labels = load_mnist().training
    with torch.no_grad():
        given = network(to_ink(images[:300])).softmax(1)[torch.arange(300), labels[:300]]
    assert sorted(oddest.tolist()) == places.tolist()
    assert given[oddest[0]] == given.min()
    assert given[oddest[-1]] == given.max()


def test_the_mean_image_is_the_mean():
    images, labels = load_mnist().training
    torch.testing.assert_close(collect.mean_image(7), (images[labels == 7].double() / 255).mean(0).float())


# 2, define the model


@pytest.mark.parametrize("name", [*NAMES, "lenet", "cnn-fast"])
def test_an_opened_unit_s_numbers_add_up_to_what_pytorch_computes(name):
    network, ink = create_model(name).eval().requires_grad_(False), ink_of(5)
    for layer, part in enumerate(define.weighted(network)):
        outputs = []
        hook = part.register_forward_hook(lambda module, inputs, output, kept=outputs: kept.append(output.clone()))
        network(ink)
        hook.remove()
        opened = define.open_unit(network, ink, layer, 3)
        of_unit = outputs[0][0, 3]
        assert opened["before"] == pytest.approx(float(of_unit.max()), rel=1e-3, abs=1e-4)
        assert opened["before"] == pytest.approx(opened["sum"] + opened["bias"])
        for given, weight, product in opened["largest"]:
            assert product == pytest.approx(given * weight, rel=1e-5)


def test_a_new_network_has_the_width_and_activation_that_were_asked_for(page):
    answer = define.look_at_model(page)({"index": 3, "new": True, "width": 8, "activation": "Tanh"})
    assert [row["parameters"] for row in answer["layers"]] == [784 * 8 + 8, 8 * 10 + 10]
    assert answer["code"][2] == "    nn.Linear(784, 8), nn.Tanh(),"
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
    before, after = answer["opened"]["before"], dict(answer["opened"]["after"])["Tanh"]
    assert after == pytest.approx(float(torch.tensor(before).tanh()), abs=1e-5)


@pytest.mark.parametrize("text", ["mlp", "lenet", "cnn", "cnn-fast", "c3n-8 c3k-8 m-2 fn-64 d-20", "f-64 fkt-64 d-50"])
def test_the_code_makes_that_network(text):
    network, names = (create_model(text) if text in NETWORKS else build_network(text)).eval(), {"nn": nn}
    names["ink"] = ink = ink_of(5)
    *lines, use = define.write_code(network)
    exec("\n".join(lines), names)  # our own text
    made = names["model"].eval()
    made.load_state_dict(dict(zip(made.state_dict(), network.layers.state_dict().values(), strict=True)))
    exec(use, names)
    assert torch.equal(names["logits"], network(ink))
    shares = [part.p for part in made.modules() if isinstance(part, nn.Dropout)]
    assert shares == [part.share for part in network.modules() if isinstance(part, Dropout)]


# 3, create the graph


@pytest.mark.parametrize(("turns", "nodes"), [(0, 11), (1, 16), (2, 19), (3, 22), (4, 25)])
def test_a_loop_makes_the_graph_grow_and_not_the_weights(page, turns, nodes):
    answer = graph.look_at_graph(page)({"index": 2, "kind": "loop", "turns": turns, "call": "backward"})
    assert len(answer["nodes"]) == nodes
    assert sum(1 for node in answer["nodes"] if node["parameter"]) == (4 if turns == 0 else 6)


def test_pytorch_s_own_errors_are_shown(page):
    look = graph.look_at_graph(page)
    assert "backward through the graph a second time" in look({"index": 2, "call": "again"})["refused"]
    assert "does not require grad" in look({"index": 2, "call": "backward", "grad": False})["refused"]


def test_nothing_of_the_network_in_use_changes(page):
    used = Recognizer.load(WEIGHTS / "mlp.safetensors").model
    networks = SimpleNamespace(chosen=lambda payload: SimpleNamespace(model=used), path=page.networks.path)
    before = copy.deepcopy(used.state_dict())
    for part in (graph.look_at_graph, loss.look_at_loss, define.look_at_model, modes.look_at_modes, step.take_step):
        answer = part(SimpleNamespace(networks=networks))({"index": 2, "call": "step", "kind": "use"})
        assert "error" not in answer or part is step.take_step
    step.take_step(SimpleNamespace(networks=networks))({"call": "steps", "kind": "use", "count": 2})
    assert all(torch.equal(before[name], used.state_dict()[name]) for name in before)
    assert not used.training


# 4, loss and optimizer


def test_losses_along_the_line_are_those_of_the_moved_network():
    network = MLP().eval()
    images, labels = loss.training_batch(3, 32)
    line = loss.walk_line(network, images, labels, rate=0.3)
    gradients = torch.autograd.grad(F.cross_entropy(network(images), labels), list(network.parameters()))
    for at in (0, 13, 40):
        moved = copy.deepcopy(network)
        with torch.no_grad():
            for parameter, gradient in zip(moved.parameters(), gradients, strict=True):
                parameter -= line["steps"][at] * 0.3 * gradient
        assert line["losses"][at] == pytest.approx(F.cross_entropy(moved(images), labels).item(), rel=1e-4)


def test_plain_sgd_lands_on_the_line():
    network = MLP().eval()
    images, labels = loss.training_batch(0, 32)
    line = loss.walk_line(network, images, labels, rate=0.2)
    landed = loss.land(network, images, labels, rate=0.2)
    at = min(range(loss.POINTS), key=lambda place: abs(line["steps"][place] - 1))
    assert line["steps"][at] == pytest.approx(1, abs=0.04)
    assert landed["SGD"] == pytest.approx(line["losses"][at], rel=0.03)
    assert landed.keys() == {"SGD", "Adam", "AdamW"}


def test_the_loss_of_a_digit_is_the_logarithm_of_its_probability(page):
    answer = loss.look_at_loss(page)({"index": 2, "label": 7, "kind": "use"})
    assert answer["loss"] == pytest.approx(-torch.tensor(answer["probability"]).log().item(), rel=1e-4)


# 5, train


def plain_steps(count: int, size: int) -> nn.Module:
    network = create_model("mlp").eval()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for number in range(count):
        images, labels = loss.training_batch(number, size)
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return network


def test_the_steps_are_those_of_the_plain_loop(page):
    lesson = step.Lesson(create_model("mlp").eval(), rate=1e-3, frozen=False)
    for number in range(3):
        lesson.whole_step(*loss.training_batch(number, 16), forget=False)
    expected = plain_steps(3, 16).state_dict()
    assert all(torch.equal(expected[name], tensor) for name, tensor in lesson.network.state_dict().items())
    assert (lesson.steps, lesson.digits, len(lesson.losses)) == (3, 48, 3)


def test_a_forgotten_zero_grad_adds_gradients_up(page):
    take = step.take_step(page)
    visitor = {"visitor": "a" * 24, "size": 16}
    lengths = []
    for name in ("forward", "loss", "backward", "forward", "loss", "backward"):
        lengths.append(take({**visitor, "call": name})["length"])
    assert lengths[-1] == pytest.approx(2 * lengths[2], rel=1e-4)  # the same batch twice, no step between
    assert take({**visitor, "call": "zero_grad"})["length"] is None


def test_calls_in_the_wrong_order_say_what_python_would(page):
    take = step.take_step(page)
    visitor = {"visitor": "b" * 24}
    assert "'logits' is not defined" in take({**visitor, "call": "loss"})["error"]
    assert "'loss' is not defined" in take({**visitor, "call": "backward"})["error"]
    for name in ("forward", "loss", "backward"):
        take({**visitor, "call": name})
    assert "second time" in take({**visitor, "call": "backward"})["error"]


def test_a_frozen_layer_stays_and_the_other_learns(page):
    network = create_model("mlp").eval()
    before = copy.deepcopy(network.state_dict())
    lesson = step.Lesson(network, rate=1e-2, frozen=True)
    lesson.whole_step(*loss.training_batch(0, 16), forget=False)
    assert torch.equal(before["layers.1.weight"], network.state_dict()["layers.1.weight"])
    assert not torch.equal(before["layers.3.weight"], network.state_dict()["layers.3.weight"])


def test_lessons_are_bounded_in_number_and_time(monkeypatch):
    lessons = step.Lessons()
    make = lambda: step.Lesson(MLP(), 1e-3, False)  # noqa: E731
    for number in range(step.MOST_LESSONS + 5):
        lessons.get(f"visitor {number}", make, anew=False)
    assert len(lessons) == step.MOST_LESSONS
    kept = lessons.get("visitor 44", make, anew=False)
    assert lessons.get("visitor 44", make, anew=False) is kept
    assert lessons.get("visitor 44", make, anew=True) is not kept
    later = time.monotonic() + step.LASTS + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    lessons.get("somebody", make, anew=False)
    assert len(lessons) == 1


# 6, evaluate


def test_train_and_eval_differ_where_batch_norm_is(page):
    with torch.no_grad():
        plain = modes.read_in_both_modes(MLP(), ink_of(2), 15)
        assert plain["differing"] == []
        assert plain["train"] == pytest.approx(plain["eval"], abs=1e-5)
        normed = modes.read_in_both_modes(create_model("cnn"), ink_of(2), 15)
    assert normed["differing"] == ["BatchNorm2d"]
    assert normed["train"] != pytest.approx(normed["eval"], abs=1e-3)


def test_train_and_eval_differ_where_dropout_is():
    with torch.no_grad():
        read = modes.read_in_both_modes(build_network("fn-64 d-50"), ink_of(2), 15)
    assert read["differing"] == ["BatchNorm1d", "Dropout"]


def test_the_scores_count_the_mistakes():
    answer = modes.score(WEIGHTS / "mlp.safetensors")
    wrong = {row["name"]: row["of"] - row["right"] for row in answer["rows"]}
    assert sum(wrong.values()) == len(answer["mistakes"])
    assert all(mistake["label"] != mistake["digit"] for mistake in answer["mistakes"])


# 7, predict


def test_neighbours_are_those_of_brute_force(page):
    atlases, question = Atlases(), {"index": 7, "network": "mlp", "view": "outputs"}
    assert predict.place_on_map(page, atlases)(question) == {"place": None}  # it makes no map
    end = time.monotonic() + 60
    while "size" not in (answer := predict.look_at_map(page, atlases)(question)):
        assert time.monotonic() < end and 0 <= answer["share"] <= 1
        time.sleep(0.02)
    assert answer["size"] == 10
    answer = predict.place_on_map(page, atlases)(question)
    reading = page.networks.get("mlp").read_ink(to_ink(load_mnist().test_images[7:8]))[0]
    assert answer["share"] == pytest.approx(float(reading.probabilities.max()))
    network = Recognizer.load(WEIGHTS / "mlp.safetensors").model
    with torch.no_grad():
        outputs = network(to_ink(load_mnist().test_images)).softmax(1)
    expected = ((outputs - outputs[7]) ** 2).sum(1).sqrt()
    found = [neighbour["index"] for neighbour in answer["neighbours"]]
    assert len(set(found)) == predict.NEIGHBOURS
    assert expected[found].max() <= expected.sort()[0][predict.NEIGHBOURS] + 1e-3


def test_the_map_keeps_kinds_together(monkeypatch):
    monkeypatch.setattr(atlas, "ANCHORS", 150)
    generator = torch.Generator().manual_seed(0)
    kinds = torch.arange(400) % 4
    vectors = 8 * torch.eye(4, 20)[kinds] + torch.randn(400, 20, generator=generator)
    shares = []
    places = make_map(vectors, shares.append)
    assert places.shape == (400, 2)
    assert places.abs().max() == pytest.approx(1)
    assert shares[-1] == 1
    assert torch.equal(places, make_map(vectors))  # the same map at every start
    nearest = torch.cdist(places, places).fill_diagonal_(9).argmin(1)
    assert (kinds[nearest] == kinds).float().mean() > 0.95


def test_the_ring_puts_a_certain_reading_at_its_digit():
    certain = ring_of(torch.eye(10))
    assert certain.norm(dim=1).tolist() == pytest.approx([0.95] * 10, abs=1e-5)
    assert certain[0].tolist() == pytest.approx([0, -0.95], abs=1e-6)


# whatever comes


@pytest.mark.parametrize(
    ("function", "payload", "words"),
    [
        (collect.look_at_data, {"kind": 11}, "0 to 10"),
        (collect.look_at_data, {"order": "best"}, "shuffled, oddest"),
        (define.look_at_model, {"index": 0, "layer": 99}, "whole number"),
        (define.look_at_model, {"index": 0, "new": True, "width": 10**9}, "8 to 512"),
        (graph.look_at_graph, {"index": 0, "turns": -1}, "0 to 4"),
        (graph.look_at_graph, {"index": 0, "grad": "yes"}, "true or false"),
        (graph.look_at_graph, {"strokes": [], "label": 3}, "empty"),
        (loss.look_at_loss, {"index": 0, "rate": float("nan")}, "wanted a number"),
        (loss.look_at_loss, {"index": 0, "label": 12}, "0 to 9"),
        (step.take_step, {"call": "eval"}, "zero_grad"),
        (step.take_step, {"call": "steps", "count": 10**6}, "1 to 10"),
        (modes.look_at_modes, {"index": 0, "beside": 0}, "1 to 63"),
        (predict.look_at_map, {"view": "moon"}, "outputs, hidden, pixels"),
        (predict.show_test_digit, {"index": -1}, "no test digit"),
    ],
)
def test_bad_requests_get_a_sentence(page, function, payload, words):
    made = function(page, Atlases()) if function is predict.look_at_map else function(page)
    assert words in made(payload)["error"]
