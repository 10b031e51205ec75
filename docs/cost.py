"""Makes cost.svg in this folder, what accuracy costs, of the shipped networks and of more cards that are named
(RUN/weights.json of a training's --out RUN): python docs/cost.py [CARD ...]"""

import json
import math
import re
import sys
from pathlib import Path

import torch
from torch import nn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from digits.model.networks import Network, create_model  # noqa: E402

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 710, 44, 320  # the sides of the plot
GREY, ACCENT = "#767676", "#6366f1"  # legible on white and on black
COSTS = (1e5, 1e8)  # multiply-adds, from the left to the right
ACCURACIES = (98, 99, 99.5, 99.7, 99.8, 99.9)  # in %, spaced by the logarithm of the errors


def count_multiply_adds(model: Network) -> int:
    """Those of the convolutions and linear layers when one ink is read."""
    counts = []

    def convolution(layer: nn.Conv2d, _, output: torch.Tensor) -> None:
        counts.append(output.numel() * layer.weight[0].numel())

    def linear(layer: nn.Linear, _, output: torch.Tensor) -> None:
        counts.append(output.numel() * layer.in_features)

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(convolution)
        elif isinstance(layer, nn.Linear):
            layer.register_forward_hook(linear)
    with torch.inference_mode():
        model.eval()(torch.zeros(1, 1, 28, 28))
    return sum(counts)


def text(x: float, y: float, words: str, more: str = 'text-anchor="middle"') -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{words}</text>'


def x_of(multiply_adds: float) -> float:
    low, high = map(math.log, COSTS)
    return LEFT + (RIGHT - LEFT) * (math.log(multiply_adds) - low) / (high - low)


def y_of(accuracy: float) -> float:
    low, high = (-math.log(100 - end) for end in (ACCURACIES[0] - 0.5, ACCURACIES[-1]))
    return BOTTOM - (BOTTOM - TOP) * (-math.log(100 - accuracy) - low) / (high - low)


def picture(cards: list[dict]) -> str:
    """The cards' networks as an SVG, which is also a text to read."""
    points = sorted(
        ((count_multiply_adds(create_model(card["network"])), card) for card in cards),
        key=lambda point: (point[0], point[1]["figures"]["test_accuracy"]),
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="14" fill="{GREY}">',
        "<title>MNIST test accuracy against multiply-adds a reading</title>",
    ]
    for accuracy in ACCURACIES:
        y = y_of(accuracy)
        lines.append(f'<path d="M{LEFT} {y:.1f}h-6" stroke="{GREY}"/>')
        lines.append(text(LEFT - 12, y + 5, f"{accuracy:g}%", 'text-anchor="end"'))
    for power, words in ((5, "100,000"), (6, "1 million"), (7, "10 million"), (8, "100 million")):
        x = x_of(10**power)
        lines.append(f'<path d="M{x:.1f} {BOTTOM}v6" stroke="{GREY}"/>')
        lines.append(text(x, BOTTOM + 24, words, f'text-anchor="{"end" if power == 8 else "middle"}"'))
    lines.append(f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" stroke="{GREY}" fill="none"/>')
    lines.append(
        text(LEFT - 60, TOP - 24, "MNIST test accuracy (spaced by the logarithm of the errors)", 'text-anchor="start"')
    )
    lines.append(text((LEFT + RIGHT) / 2, HEIGHT - 10, "multiply-adds a reading (logarithmic)"))
    for i, (multiply_adds, card) in enumerate(points):
        x, y = x_of(multiply_adds), y_of(100 * card["figures"]["test_accuracy"])
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{ACCENT}"/>')
        if i and points[i - 1][0] == multiply_adds:  # the same network trained twice: the better one's words above
            x, y, anchor = x, y - 50, "middle"
        elif i + 1 < len(points) and points[i + 1][0] == multiply_adds:
            x, y, anchor = x, y + 26, "middle"
        else:  # where there is room
            x, y, anchor = (x + 14, y - 22, "start") if x < LEFT + 200 else (x - 14, y - 22, "end")
        accuracy, seconds = card["figures"]["test_accuracy"], card["figures"]["seconds"]
        recipe = re.search(r"--recipe (\w+)", card["command"])
        name = f"{card['network']}, {recipe[1]}" if recipe else card["network"]
        lines.append(text(x, y, f"{name}: {accuracy:.2%}", f'text-anchor="{anchor}" font-weight="bold"'))
        lines.append(text(x, y + 18, f"{card['parameters']:,} parameters", f'text-anchor="{anchor}"'))
        lines.append(text(x, y + 36, f"{seconds:,.0f} s to train", f'text-anchor="{anchor}"'))
    return "\n".join([*lines, "</svg>", ""])


def main(more: list[str], path: Path = ROOT / "docs" / "cost.svg") -> None:
    files = [*sorted((ROOT / "weights").glob("*.json")), *map(Path, more)]
    path.write_text(picture([json.loads(file.read_text(encoding="utf-8")) for file in files]), encoding="utf-8")
    print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
