"""The Class tab, with --class: the board, and for the teacher what a class may do."""

import asyncio
from collections.abc import Callable
from typing import Any

import gradio as gr

from digits.errors import DigitsError
from digits.runs import hash_visitor
from digits.ui.board import Board
from digits.ui.classroom import FROZEN, HIDEABLE, TURN, Classroom
from digits.ui.nicknames import MOST
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import answer_errors, parse_visitor

Answer = dict[str, Any]


def class_tab(page: Page, classroom: Classroom) -> gr.HTML:
    board = Board(classroom)
    functions = [look_at_class(page, classroom, board), choose_nickname(classroom, board)]
    functions += [freeze_training(classroom), hide_tabs(classroom)]
    functions += [clear_board(classroom, board), remove_nickname(classroom, board)]
    return part("class", functions, longestNickname=MOST, tabs=HIDEABLE, turn=TURN)


def look_at_class(page: Page, classroom: Classroom, board: Board) -> Callable[..., Any]:
    @answer_errors
    async def look_at_class(payload: Answer) -> Answer:
        """What the teacher lets a class do; with {"board": true} the board too; with {"token"} whether it is right."""
        visitor = parse_visitor(payload)
        answer: Answer = {"frozen": FROZEN if classroom.frozen else "", "hidden": classroom.hidden}
        if payload.get("token") is not None:
            classroom.check_teacher(payload["token"], visitor)
            answer |= {"teacher": True, "addresses": page.addresses}
        if payload.get("board") is not True:
            return answer
        shown = board.fresh() or await asyncio.to_thread(board.look)
        pupil = classroom.pupils.get(hash_visitor(visitor))
        own = {"pupil": pupil.number if pupil else None, "nickname": pupil.nickname if pupil else ""}
        return answer | {"board": shown, "own": own}

    return look_at_class


def choose_nickname(classroom: Classroom, board: Board) -> Callable[..., Any]:
    @answer_errors
    def choose_nickname(payload: Answer) -> Answer:
        """{"nickname"}, "" for none -> as it is shown."""
        nickname = classroom.choose_nickname(parse_visitor(payload), payload.get("nickname"))
        board.forget()
        return {"nickname": nickname}

    return choose_nickname


def freeze_training(classroom: Classroom) -> Callable[..., Any]:
    @answer_errors
    def freeze_training(payload: Answer) -> Answer:
        """The teacher's: {"frozen": whether nobody may start a training}."""
        check_teacher(classroom, payload)
        if type(payload.get("frozen")) is not bool:
            raise DigitsError("Training is frozen or not; wanted true or false.")
        classroom.frozen = payload["frozen"]
        return {}

    return freeze_training


def hide_tabs(classroom: Classroom) -> Callable[..., Any]:
    @answer_errors
    def hide_tabs(payload: Answer) -> Answer:
        """The teacher's: {"tabs": those that pupils do not see}. What they ask the server is answered all the same."""
        check_teacher(classroom, payload)
        tabs = payload.get("tabs")
        if not isinstance(tabs, list) or not all(isinstance(tab, str) and tab in HIDEABLE for tab in tabs):
            raise DigitsError(f"The tabs to hide are not a list of {', '.join(HIDEABLE)}.")
        classroom.hidden = tuple(tab for tab in HIDEABLE if tab in tabs)
        return {}

    return hide_tabs


def clear_board(classroom: Classroom, board: Board) -> Callable[..., Any]:
    @answer_errors
    def clear_board(payload: Answer) -> Answer:
        """The teacher's: begin the board anew."""
        check_teacher(classroom, payload)
        classroom.clear()
        board.forget()
        return {}

    return clear_board


def remove_nickname(classroom: Classroom, board: Board) -> Callable[..., Any]:
    @answer_errors
    def remove_nickname(payload: Answer) -> Answer:
        """The teacher's: take away the nickname of {"pupil": a row's number}."""
        check_teacher(classroom, payload)
        if type(payload.get("pupil")) is not int:
            raise DigitsError("A pupil is named by the number of a row of the board.")
        classroom.remove_nickname(payload["pupil"])
        board.forget()
        return {}

    return remove_nickname


def check_teacher(classroom: Classroom, payload: Answer) -> None:
    classroom.check_teacher(payload.get("token"), parse_visitor(payload))
