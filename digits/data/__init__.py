"""Step 1, collect data: MNIST, other test sets, a visitor's files, drawn handwriting, drawings that are not digits.

Import `load_mnist` from `mnist`, `load_data` from `sets`, `handwriting` and `outliers` from theirs, `augment` from its.
May import from: `ink`, `device`, `files`, `errors`.
"""
