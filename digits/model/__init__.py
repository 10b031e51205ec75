"""Steps 2 and 3, define the model and create the graph: the networks by name, and their weights on disk.

Import `create_model` from `networks`, `load_weights` and `save_weights` from `weights`.
May import from: `ink`, `device`, `files`, `errors`.
"""
