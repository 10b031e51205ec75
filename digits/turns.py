"""Whose turn it is: clients in turn, and each client's visitors in turn, so that nobody gains by asking more often."""

import itertools
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Asking(Protocol):
    """What asks for a turn. The address of a client cannot be made up; its visitors can."""

    client: str
    visitor: str


Asker = TypeVar("Asker", bound=Asking)


def in_turn(waiting: Iterable[Asker], served: Iterable[Asking]) -> list[Asker]:
    """Those that wait, first come first, in the order that they will be served in; `served` are the earlier ones,
    oldest first. First comes the client whose last turn is longest ago, of its visitors likewise, then who came first.
    """
    last: dict[str | tuple[str, str], int] = {}  # client, or client and visitor -> the number of its last turn
    numbers = itertools.count()

    def serve(asker: Asking) -> None:
        last[asker.client] = last[asker.client, asker.visitor] = next(numbers)

    for asker in served:
        serve(asker)
    left, order = list(waiting), []
    while left:
        asker = min(left, key=lambda asker: (last.get(asker.client, -1), last.get((asker.client, asker.visitor), -1)))
        left.remove(asker)
        order.append(asker)
        serve(asker)
    return order
