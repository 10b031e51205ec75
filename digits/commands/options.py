"""What the commands share: their parser's type, and a progress bar."""

import argparse
from collections.abc import Iterable
from typing import Any, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[Any]"


def show_progress(updates: Iterable[Any]) -> Any:
    """Follow updates that have a `share` with a progress bar -> the last of them."""
    from tqdm import tqdm

    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}", leave=False) as bar:
        for update in updates:
            bar.update(round(update.share * 100) - bar.n)
    return update
