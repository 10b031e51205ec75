"""The server's side of How it works: one file a step of the text, each driven by real PyTorch objects.

Nothing of a visitor's changes: every step works on a copy of the network in use, or on a new one.
It may import from every room.
"""
