"""Step 6, evaluate: how well a network reads labelled digits, whole numbers, and digits that are changed.

Import `evaluate` from `report`, `evaluate_numbers` from `numbers`, `robustness` from `robustness`.
May import from: `reading`, `data`, `model`, `ink`, `device`, `files`, `errors`.
"""
