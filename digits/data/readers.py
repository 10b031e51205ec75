"""Files of a visitor's: strokes (.jsonl), arrays (.npz) and pictures (a folder, a .zip) become a DataSet."""

import gzip
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from digits.data.data_set import DataSet, LazyDrawings, check_labels, limit_count
from digits.errors import DigitsError, first_line

LARGEST_UNPACKED = 200_000_000  # bytes

LABELLED = re.compile(r"[0-9](?![0-9])")  # a file's name that begins with its label: 7_anna.png, but not 41_form.png

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}  # as `ink.opening.open_image` takes

MOST_SETS, LONGEST_SET = 100, 100  # of a file's named sets, each with figures of its own; letters of a name

LONGEST_LINE = 2_000_000  # bytes of one drawing; a drawing has at most 20,000 points


def read_strokes_file(path: Path, labelled: bool = True) -> DataSet:
    lines, labels, sets, writers = [], [], [], []
    try:
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            try:
                drawing = json.loads(line)
                drawing["strokes"]
                labels.append(drawing["label"] if labelled else -1)
                sets.append(str(drawing.get("set") or ""))
                writers.append(str(drawing.get("writer") or ""))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                wanted = '{"label": 0 to 9, "strokes": [[[x, y], ...]]}' if labelled else '{"strokes": [[[x, y], ...]]}'
                raise DigitsError(f"Line {number} of {path.name} is not a drawing; wanted {wanted}.") from None
            lines.append(line)
            limit_count(len(lines), path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DigitsError(f"{path.name} cannot be read ({first_line(error)}); make it again.") from None
    limit_count(len(lines), path.name)
    _check_sets(sets, path.name)
    # Parsed again when they are drawn: as lists of numbers they take nine times the memory.
    drawings = LazyDrawings(lines, lambda line: json.loads(line)["strokes"])
    checked = check_labels(labels, path.name) if labelled else torch.tensor(labels)
    return DataSet(path.name, checked, drawings=drawings, sets=sets if any(sets) else None, writers=writers)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a text file, gzip or not, up to LONGEST_LINE and LARGEST_UNPACKED bytes."""
    read = 0
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DigitsError(f"{path.name} has a line over {LONGEST_LINE:,} bytes; wanted one drawing a line.")
            read += len(line)
            _limit_unpacked(read, path.name)
            yield line


def read_arrays(path: Path) -> DataSet:
    try:
        with zipfile.ZipFile(path) as archive:
            _limit_unpacked(sum(member.file_size for member in archive.infolist()), path.name)
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = np.asanyarray(arrays["images"]), np.asanyarray(arrays["labels"])
            sets = [str(name) for name in arrays["set"]] if "set" in arrays else None
    except DigitsError:
        raise
    except Exception as error:  # zipfile's and numpy's readers raise many kinds on broken files
        raise DigitsError(f"{path.name} is not an .npz with `images` and `labels` ({first_line(error)}).") from None
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or labels.shape != images.shape[:1]:
        raise DigitsError(
            f"{path.name} has images {images.dtype} {images.shape} and labels {labels.shape}; "
            "wanted uint8 (N, H, W) and (N,)."
        )
    if sets is not None and len(sets) != len(labels):
        raise DigitsError(f"{path.name} has {len(labels)} labels, but {len(sets)} entries in `set`; wanted as many.")
    limit_count(len(images), path.name)
    _check_sets(sets or [], path.name)
    return DataSet(path.name, check_labels(labels.tolist(), path.name), drawings=list(images), sets=sets)


def _check_sets(names: list[str], source: str) -> None:
    longest, count = max(map(len, names), default=0), len(set(names))
    if longest > LONGEST_SET:
        raise DigitsError(f"{source} has a set whose name has {longest:,} letters; wanted at most {LONGEST_SET}.")
    if any("\ud800" <= letter <= "\udfff" for name in set(names) for letter in name):
        raise DigitsError(f"{source} has a set whose name is no text; wanted letters that UTF-8 knows.")
    if count > MOST_SETS:
        raise DigitsError(f"{source} has drawings of {count:,} sets; wanted at most {MOST_SETS}.")


def read_folder(path: Path) -> DataSet:
    """A folder of pictures whose names begin with their label, such as `7_anna.png`; or one folder a digit."""
    try:
        entries = sorted(entry for entry in path.iterdir() if not _is_hidden(Path(entry.name)))
    except OSError as error:
        raise _unreadable(error) from None
    labelled = [entry for entry in entries if LABELLED.match(entry.name) and is_picture(entry) and entry.is_file()]
    if not labelled:
        return _read_digit_folders(path)
    limit_count(len(labelled), str(path))
    labels = torch.tensor([int(file.name[0]) for file in labelled])
    names, unread = [file.name for file in labelled], _others(path, entries, labelled)
    return DataSet(path.resolve().name, labels, drawings=labelled, files=names, unread=unread)


def _unreadable(error: OSError) -> DigitsError:
    return DigitsError(f"The folder {error.filename} cannot be read ({error.strerror}); check its permissions.")


def _find_files(folder: Path) -> list[Path]:
    """All that are in a folder and below, but hidden ones."""

    def refuse(error: OSError) -> None:
        raise _unreadable(error)

    files: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = [name for name in folders if not _is_hidden(Path(name))]
        files += [Path(place) / name for name in names if not _is_hidden(Path(name))]
    return sorted(files)


def is_picture(path: PurePath) -> bool:
    """Whether its name is one of a picture that `ink.opening.open_image` opens."""
    return path.suffix.lower() in PICTURES


def _is_hidden(path: PurePath) -> bool:
    """Such as what a Mac puts beside the files of an archive."""
    return "__MACOSX" in path.parts or any(part.startswith(".") for part in path.parts)


def _others(folder: Path, files: Sequence[Path], read: Sequence[Path]) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in sorted(set(files) - set(read))]


def _read_digit_folders(path: Path) -> DataSet:
    files = _find_files(path)
    pictures = [file for file in files if file.parent != path and is_picture(file)]
    if not pictures:
        raise DigitsError(
            f"{path} has no folders of pictures in it; wanted one folder a digit: 0, 1, ... 9, or pictures whose names "
            "begin with their label, such as 7_anna.png."
        )
    limit_count(len(pictures), str(path))
    labels = _digit_folders([file.relative_to(path).parts[0] for file in pictures], str(path))
    names, unread = [file.relative_to(path).as_posix() for file in pictures], _others(path, files, pictures)
    return DataSet(path.resolve().name, labels, drawings=pictures, files=names, unread=unread)


def read_zip(path: Path) -> DataSet:
    """A .zip of an ImageFolder: the folder just above each picture is its label."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds on broken files
        raise DigitsError(f"{path.name} is not a whole .zip file ({first_line(error)}).") from None
    # Old tools of Windows write backslashes.
    places = {member: PurePosixPath(member.filename.replace("\\", "/")) for member in archive.infolist()}
    files = [member for member, place in places.items() if not member.is_dir() and not _is_hidden(place)]
    members = [member for member in files if is_picture(places[member])]
    _limit_unpacked(sum(member.file_size for member in members), path.name)
    limit_count(len(members), path.name)
    labels = _digit_folders([places[member].parent.name for member in members], path.name)

    def opener(member: zipfile.ZipInfo) -> io.BytesIO:
        try:
            return io.BytesIO(archive.read(member))
        except Exception as error:  # as above, and an encrypted file
            raise DigitsError(f"{member.filename} in {path.name} cannot be unpacked ({first_line(error)}).") from None

    names = [places[member].as_posix() for member in members]
    unread = [places[member].name for member in files if not is_picture(places[member])]
    return DataSet(path.name, labels, drawings=LazyDrawings(members, opener), files=names, unread=unread)


def _digit_folders(names: list[str], source: str) -> Tensor:
    """Class folder names, one a picture -> labels."""
    wrong = next((name for name in names if name not in tuple("0123456789")), None)
    if wrong is not None:
        raise DigitsError(f"{source} has pictures in a folder {wrong!r}; wanted one folder a digit: 0, 1, ... 9.")
    return torch.tensor([int(name) for name in names])


def _limit_unpacked(size: int, source: str) -> None:
    if size > LARGEST_UNPACKED:
        raise DigitsError(f"{source} unpacks to more than {LARGEST_UNPACKED:,} bytes; split it.")
