"""Steps 4 and 5, loss, optimizer and training: `loop` is the text's five lines; what it needs is made beside it.

Import `TrainConfig` and `RECIPES` from `config`, `train` from `loop`, `teach` from `teaching`.
May import from: `reading`, `data`, `model`, `ink`, `device`, `files`, `errors`.
"""
