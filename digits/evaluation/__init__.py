"""Step 6, evaluate: how well a network reads labelled digits, whole numbers, and digits that are changed.

Import `evaluate` from `evaluate`, `compare` from `comparison`, `evaluate_numbers` from `numbers`, `robustness` from
`robustness`, `damage` from `damage`; the `..._step_by_step` of each is a generator of updates.
May import from: `reading`, `data`, `model`, `ink`, `device`, `files`, `errors`.
"""
