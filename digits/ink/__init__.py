"""What a network sees: a drawing, strokes or a picture, becomes ink, float32 (1, 28, 28) in [0, 1].

Import `from_strokes` from `strokes`, `from_image` from `pictures`, `open_image` from `opening`.
May import from: `errors`, `device`, `files`.
"""
