"""Clients in turn, and their visitors."""

from dataclasses import dataclass

from digits.turns import in_turn


@dataclass(frozen=True)
class Asker:
    client: str
    visitor: str
    number: int = 0


def names(askers: list[Asker]) -> list[str]:
    return [asker.visitor for asker in askers]


def test_one_client_after_the_other_whoever_asked_more():
    rude = [Asker("rude", f"rude {number}") for number in range(4)]
    assert names(in_turn([*rude, Asker("ann", "ann"), Asker("bob", "bob")], [])) == [
        *("rude 0", "ann", "bob", "rude 1", "rude 2", "rude 3")
    ]


def test_who_was_served_last_comes_last():
    ann, bob = Asker("ann", "ann"), Asker("bob", "bob")
    assert in_turn([ann, bob], []) == [ann, bob]
    assert in_turn([ann, bob], [ann]) == [bob, ann]
    assert in_turn([ann, bob], [bob, ann, bob]) == [ann, bob]


def test_visitors_of_one_client_take_turns_too():
    first, second = Asker("school", "first"), Asker("school", "second")
    assert in_turn([first, second], [first, Asker("ann", "ann")]) == [second, first]
    assert in_turn([Asker("school", "first", number) for number in range(2)] + [second], []) == [
        *(Asker("school", "first", 0), second, Asker("school", "first", 1))
    ]
