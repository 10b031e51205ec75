"""Step 7, predict: a trained network reads a drawing, a whole number, and says why.

Import the answers' types from `reading`, `Recognizer` from `recognizer`, `explain` from `explain`.
May import from: `data`, `model`, `ink`, `device`, `files`, `errors`.
"""
