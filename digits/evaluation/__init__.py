"""Step 6, evaluate: how well a network reads labelled digits, whole numbers, and digits that are changed.

Each file is named after what it does; the `..._step_by_step` of a function is the same as a generator of updates.
May import from: `reading`, `data`, `model`, `ink`, `device`, `files`, `errors`.
"""
