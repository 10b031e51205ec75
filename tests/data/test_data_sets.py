"""Data sets against MNIST's published figures, files made by hand, round trips, and every refusal."""

import bz2
import gzip
import hashlib
import io
import json
import socket
import threading
import zipfile
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from digits.data import data_set, others, readers
from digits.data import mnist as mnist_module
from digits.data.data_set import describe_unread
from digits.data.mnist import load_mnist, mnist_checksums
from digits.data.sets import DATA_SETS, load_data
from digits.errors import DigitsError
from digits.files import cache_folder
from digits.model.networks import MNIST_MEAN, MNIST_STD
from digits.reading.recognizer import to_ink

SEVEN = [[[10, 10], [60, 10], [30, 90]], [[20, 50], [58, 50]]]
ONE = [[[0, 0], [0, 10.5]]]


def idx(array: np.ndarray) -> bytes:
    """The idx format of MNIST (LeCun): 0, 0, type, dimensions; sizes; values, all big-endian."""
    kind = {"uint8": 0x08, "int32": 0x0C}[array.dtype.name]
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, kind, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((12, 9), shade, np.uint8)).save(file, "PNG")
    return file.getvalue()


def write_lines(path, *lines):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_zip(path, members: dict[str, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("DIGITS_CACHE", str(folder))
    return folder


# MNIST


def test_mnist_is_the_shipped_bytes():
    mnist = load_mnist()
    for name, images, labels in (
        ("train", mnist.images, mnist.labels),
        ("t10k", mnist.test_images, mnist.test_labels),
    ):
        content = gzip.decompress((mnist_module.SHIPPED / f"{name}-images-idx3-ubyte.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == mnist_checksums()[f"{name}-images-idx3-ubyte"]
        assert images.dtype == torch.uint8
        assert np.array_equal(images.numpy(), np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28))
        content = gzip.decompress((mnist_module.SHIPPED / f"{name}-labels-idx1-ubyte.gz").read_bytes())
        assert labels.dtype == torch.int64
        assert np.array_equal(labels.numpy(), np.frombuffer(content, np.uint8, offset=8))


def test_mnist_has_its_published_class_counts():
    mnist = load_mnist()
    assert mnist.labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mean_and_std_are_those_of_the_training_images():
    counts = load_mnist().images.flatten().bincount(minlength=256).numpy()
    values = np.arange(256) / 255
    mean = np.average(values, weights=counts)
    assert round(mean, 4) == MNIST_MEAN
    assert round(np.sqrt(np.average((values - mean) ** 2, weights=counts)), 4) == MNIST_STD


def test_the_last_5000_training_images_are_held_out():
    mnist = load_mnist()
    images, labels = mnist.training
    validation_images, validation_labels = mnist.validation
    assert (len(images), len(labels), len(validation_images), len(validation_labels)) == (55_000, 55_000, 5_000, 5_000)
    assert torch.equal(torch.cat([images, validation_images]), mnist.images)
    assert torch.equal(torch.cat([labels, validation_labels]), mnist.labels)


def test_mnist_is_loaded_once_however_its_device_is_written():
    assert load_mnist() is load_mnist("cpu") is load_mnist(torch.device("cpu"))


def test_mnist_on_an_unknown_device_is_refused():
    with pytest.raises(DigitsError, match="'abacus' is not available"):
        load_mnist("abacus")


@pytest.mark.parametrize(("name", "count"), [("mnist-test", 10_000), ("mnist-validation", 5_000)])
def test_mnist_by_name(name, count):
    data = load_data(name)
    assert data.name == name
    assert data.ink.shape == (count, 28, 28)
    assert data.labels.shape == (count,)
    assert data.drawings is None


@pytest.fixture
def shipped(tmp_path, monkeypatch, cache):
    """A small stand-in for the shipped folder."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "a.gz").write_bytes(gzip.compress(b"content"))
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'content').hexdigest()}  a\n")
    monkeypatch.setattr(mnist_module, "SHIPPED", folder)
    return folder


def test_shipped_files_are_unpacked_once_and_again_when_damaged(shipped, cache):
    unpacked = cache / "MNIST" / "raw" / "a"
    assert mnist_module.unpack_mnist() == cache
    assert unpacked.read_bytes() == b"content"
    time = unpacked.stat().st_mtime_ns
    mnist_module.unpack_mnist()
    assert unpacked.stat().st_mtime_ns == time
    unpacked.write_bytes(b"conten")
    mnist_module.unpack_mnist()
    assert unpacked.read_bytes() == b"content"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        # No time in it: the test has the same name in every process that collects it.
        ("a.gz", gzip.compress(b"other", mtime=0), "is not the file that Digits ships"),
        ("a.gz", gzip.compress(b"content", mtime=0)[:-5], "cannot be unpacked"),
        ("a.gz", b"", "is not the file|cannot be unpacked"),
        ("a.gz", b"<html>404</html>", "cannot be unpacked"),
        ("a.gz", None, "cannot be unpacked"),
        ("SHA256SUMS", b"one two three", "SHA256SUMS cannot be read"),
        ("SHA256SUMS", None, "SHA256SUMS cannot be read"),
    ],
)
def test_damaged_shipped_files_are_refused(shipped, cache, name, content, words):
    (shipped / name).unlink() if content is None else (shipped / name).write_bytes(content)
    with pytest.raises(DigitsError, match=words):
        mnist_module.unpack_mnist()
    assert not (cache / "MNIST").exists()


def test_a_cache_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DigitsError, match="set DIGITS_CACHE"):
        cache_folder()


def test_the_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("DIGITS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "digits"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "digits"


# Downloads


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.mark.parametrize("name", others.DOWNLOADABLE)
def test_a_download_without_internet_is_one_sentence_and_leaves_nothing(name, offline, cache):
    with pytest.raises(DigitsError, match="Name or service not known.*connect this machine.*mnist-test") as refusal:
        load_data(name)
    assert str(cache) not in str(refusal.value)  # a page shows it to visitors
    assert "\n" not in str(refusal.value)
    assert list(cache.iterdir()) == []


def test_half_a_download_is_deleted_and_a_network_that_hangs_times_out(cache, monkeypatch):
    patience = []

    def half(url, root, filename, **_):
        patience.append(socket.getdefaulttimeout())
        (root / filename).write_bytes(b"BZh9half")
        raise TimeoutError("timed out")

    monkeypatch.setattr("torchvision.datasets.usps.download_url", half)
    with pytest.raises(DigitsError, match="timed out"):
        load_data("usps-test")
    assert list(cache.iterdir()) == []
    assert patience == [others.DOWNLOAD_PATIENCE]
    assert socket.getdefaulttimeout() is None


def test_files_that_were_there_before_are_never_deleted(cache, offline):
    (cache / "QMNIST" / "raw").mkdir(parents=True)
    (cache / "QMNIST" / "raw" / "qmnist-test-images-idx3-ubyte.gz").write_bytes(b"mine")
    (cache / "usps.t.bz2").write_bytes(b"mine")
    for name in ("qmnist-test", "usps-test"):
        with pytest.raises(DigitsError, match="delete .* if it is damaged"):
            load_data(name)
    assert (cache / "QMNIST" / "raw" / "qmnist-test-images-idx3-ubyte.gz").read_bytes() == b"mine"
    assert (cache / "usps.t.bz2").read_bytes() == b"mine"


def test_qmnist_reads_torchvisions_files(cache, offline):
    folder = cache / "QMNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    labels = np.array([[7, 1, 2, 3, 4, 5, 6, 7], [0] * 8, [9] + [1] * 7], np.int32)
    (folder / "qmnist-test-images-idx3-ubyte").write_bytes(idx(images))
    (folder / "qmnist-test-labels-idx2-int").write_bytes(idx(labels))
    data = load_data("qmnist-test")
    assert np.array_equal(data.ink, images)
    assert data.labels.tolist() == [7, 0, 9]


def test_emnist_is_turned_upright(cache, offline):
    folder = cache / "EMNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    (folder / "emnist-digits-test-images-idx3-ubyte").write_bytes(idx(images))
    (folder / "emnist-digits-test-labels-idx1-ubyte").write_bytes(idx(np.array([4, 2], np.uint8)))
    data = load_data("emnist-digits-test")
    assert np.array_equal(data.ink[1], images[1].T)
    assert data.labels.tolist() == [4, 2]


def test_usps_is_a_list_of_pictures(cache, offline):
    cache.mkdir()
    values = ["-1"] * 255 + ["1"]
    line = " ".join(["6", *(f"{i + 1}:{value}" for i, value in enumerate(values))])
    (cache / "usps.t.bz2").write_bytes(bz2.compress(f"{line}\n".encode()))
    data = load_data("usps-test")
    assert data.labels.tolist() == [5]
    assert data.drawings[0].shape == (16, 16)
    assert (data.drawings[0][0, 0], data.drawings[0][15, 15]) == (0, 255)


# Files


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".JSONL"])
def test_drawings_come_back_from_a_file(tmp_path, ending):
    path = write_lines(tmp_path / f"drawn{ending}", {"label": 7, "strokes": SEVEN}, "", {"label": 1, "strokes": ONE})
    data = load_data(path)
    assert data.name == path.name
    assert data.labels.tolist() == [7, 1]
    assert list(data.drawings) == [SEVEN, ONE]
    assert data.sets is None


def test_drawings_know_their_sets(tmp_path):
    lines = [{"label": 1, "strokes": ONE, "set": "mouse"}, {"label": 1, "strokes": ONE}]
    assert load_data(write_lines(tmp_path / "a.jsonl", *lines)).sets == ["mouse", ""]


@pytest.mark.parametrize(
    ("names", "words"),
    [(["x" * 101, ""], "has 101 letters; wanted at most 100"), (map(str, range(101)), "101 sets; wanted at most 100")],
)
def test_sets_that_would_cost_too_much_are_refused(tmp_path, names, words):
    names = list(names)
    path = write_lines(tmp_path / "a.jsonl", *({"label": 1, "strokes": ONE, "set": name} for name in names))
    images = np.zeros((len(names), 28, 28), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.zeros(len(names), int), set=names)
    for file in (path, tmp_path / "a.npz"):
        with pytest.raises(DigitsError, match=words):
            load_data(file)


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", "null", '"label"', '{"label": 1}', '{"strokes": []}', "[" * 100_000, "\x00", "9" * 5_000],
)
def test_a_line_that_is_no_drawing_is_named(tmp_path, line):
    path = write_lines(tmp_path / "a.jsonl", {"label": 1, "strokes": ONE}, line)
    with pytest.raises(DigitsError, match=r"Line 2 of a\.jsonl is not a drawing"):
        load_data(path)


@pytest.mark.parametrize("label", [10, -1, 1.0, "1", True, None, [1], float("nan")])
def test_a_label_that_is_no_digit_is_named(tmp_path, label):
    path = write_lines(tmp_path / "a.jsonl", {"label": 1, "strokes": ONE}, {"label": label, "strokes": ONE})
    with pytest.raises(DigitsError, match=r"Example 2 of a\.jsonl has the label"):
        load_data(path)


def test_a_line_longer_than_any_drawing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LONGEST_LINE", 1_000)
    with pytest.raises(DigitsError, match="line over 1,000 bytes"):
        load_data(write_lines(tmp_path / "a.jsonl.gz", " " * 1_000_000))


def test_a_truncated_gzip_is_refused(tmp_path):
    path = write_lines(tmp_path / "a.jsonl.gz", *[{"label": 1, "strokes": ONE}] * 50)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DigitsError, match="cannot be read"):
        load_data(path)
    path.write_bytes(b"no gzip")
    with pytest.raises(DigitsError, match="cannot be read"):
        load_data(path)


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LARGEST_UNPACKED", 10_000)
    line = {"label": 1, "strokes": ONE}
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((100, 28, 28), np.uint8), labels=np.zeros(100, int))
    for path in (
        write_lines(tmp_path / "a.jsonl.gz", *[line] * 1_000),
        tmp_path / "a.npz",
        write_zip(tmp_path / "a.zip", {"1/a.png": b"\0" * 20_000}),
    ):
        with pytest.raises(DigitsError, match=rf"^{path.name} unpacks to more than 10,000 bytes; split it\.$"):
            load_data(path)


def test_too_many_and_no_examples_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data_set, "LARGEST_SET", 2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "3").mkdir()
    np.savez(tmp_path / "none.npz", images=np.zeros((0, 28, 28), np.uint8), labels=np.zeros(0, int))
    for path in (
        write_lines(tmp_path / "none.jsonl", ""),
        tmp_path / "none.npz",
        write_zip(tmp_path / "none.zip", {}),
        tmp_path / "empty",
    ):
        with pytest.raises(DigitsError, match=r"has no (examples|folders of pictures)"):
            load_data(path)
    np.savez(tmp_path / "many.npz", images=np.zeros((3, 28, 28), np.uint8), labels=np.zeros(3, int))
    for path in (write_lines(tmp_path / "many.jsonl", *[{"label": 1, "strokes": ONE}] * 3), tmp_path / "many.npz"):
        with pytest.raises(DigitsError, match="more than 2 examples"):
            load_data(path)


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 40, 30, 3), (3, 40, 30, 4)])
def test_arrays_come_back_from_a_file(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([3, 1, 4], np.uint8), set=["x", "y", "x"])
    data = load_data(tmp_path / "a.npz")
    assert np.array_equal(np.stack(data.drawings), images)
    assert data.labels.tolist() == [3, 1, 4]
    assert data.sets == ["x", "y", "x"]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": np.zeros((2, 28, 28), np.uint8)}, "is not an .npz with `images` and `labels`"),
        ({"images": np.array([{}, {}], object), "labels": np.zeros(2, int)}, "allow_pickle"),
        ({"images": np.zeros((2, 28, 28)), "labels": np.zeros(2, int)}, "float64.*wanted uint8"),
        ({"images": np.zeros((2, 784), np.uint8), "labels": np.zeros(2, int)}, r"\(2, 784\)"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.zeros(3, int)}, r"labels \(3,\)"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.zeros(2)}, "Example 1 .* label 0.0"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.array([0, 10])}, "Example 2 .* label 10"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.zeros(2, int), "set": ["x"]}, "1 entries in `set`"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.zeros(2, int), "set": "x"}, "is not an .npz"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DigitsError, match=words):
        load_data(tmp_path / "a.npz")


def test_an_npz_that_is_none_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    huge = (
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000,), }".ljust(118)
    )
    for members in ({"images": b"raw", "labels": b"raw"}, {"images.npy": huge, "labels.npy": huge}, {}):
        with pytest.raises(DigitsError, match=r"^a\.npz (is not an \.npz|has images)"):
            load_data(write_zip(path, members))
    path.write_bytes(b"no archive")
    with pytest.raises(DigitsError, match="is not an .npz"):
        load_data(path)


@pytest.fixture
def pictures():
    return {"7/a.png": picture(10), "1/b.png": picture(200), "7/c.png": picture(90)}


def test_a_folder_of_pictures_is_opened_one_at_a_time(tmp_path, pictures):
    for name, content in {**pictures, "7/notes.txt": b"", "README.md": b""}.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(content)
    data = load_data(tmp_path / "set")
    assert data.name == "set"
    assert data.labels.tolist() == [1, 7, 7]
    assert [drawing.name for drawing in data.drawings] == ["b.png", "a.png", "c.png"]
    assert to_ink(data.drawings[0]).shape == (1, 28, 28)


def test_a_set_or_writer_that_is_none_is_unnamed_and_what_no_file_can_say_is_refused(tmp_path):
    drawing = {"label": 7, "strokes": SEVEN}
    data = load_data(write_lines(tmp_path / "a.jsonl", drawing | {"set": None, "writer": None}))
    assert (data.sets, data.writers) == (None, [""])
    with pytest.raises(DigitsError, match="name is no text"):
        load_data(write_lines(tmp_path / "a.jsonl", json.dumps(drawing | {"set": "\ud800"})))


@pytest.mark.parametrize("root", ["", "digits/"])
def test_a_zip_of_pictures_reads_like_its_folder(tmp_path, pictures, root):
    extras = {f"__MACOSX/{root}7/._a.png": b"x", f"{root}.DS_Store": b"x", f"{root}7/notes.txt": b"x"}
    path = write_zip(tmp_path / "a.zip", {**{root + name: content for name, content in pictures.items()}, **extras})
    data = load_data(path)
    assert data.labels.tolist() == [7, 1, 7]
    assert [drawing.getvalue() for drawing in data.drawings] == list(pictures.values())
    assert to_ink(data.drawings[2]).shape == (1, 28, 28)


def test_a_zip_of_other_tools_reads_like_one_of_ours(tmp_path, pictures):
    """Backslashes, a Mac's companions beside the pictures, and names in a code page of DOS."""
    names = {name: name.replace("/", "\\") for name in pictures}
    extras = {"set/7/._a.png": b"x", "set/__MACOSX/7/._a.png": b"x"}
    path = write_zip(tmp_path / "a.zip", {**{names[name]: content for name, content in pictures.items()}, **extras})
    path.write_bytes(path.read_bytes().replace(b"7\\c.png", b"7\\\x84.png"))  # an umlaut, which is no UTF-8
    data = load_data(path)
    assert data.labels.tolist() == [7, 1, 7]
    assert [drawing.getvalue() for drawing in data.drawings] == list(pictures.values())


def test_every_kind_of_place_reads_the_same_pictures_and_names_the_rest(tmp_path):
    """A folder a digit, a .zip of one, and names that begin with their label."""
    kinds = ["png", "JPG", "webp", "gif", "bmp", "tif"]
    contents = {}
    for kind in kinds:
        file = io.BytesIO()
        Image.new("RGB", (12, 9), "white").save(file, {"JPG": "JPEG", "tif": "TIFF"}.get(kind, kind.upper()))
        contents[f"a.{kind}"] = file.getvalue()
    contents |= {"b.ppm": b"P6", "c.heic": b"", "notes.txt": b"", "._a.png": b"of a Mac"}
    for folder, prefix in (("7", ""), ("", "7_")):
        for name, content in contents.items():
            place = tmp_path / f"set{prefix}" / folder / (name if name.startswith(".") else prefix + name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    (tmp_path / "set7_" / "3").mkdir()
    (tmp_path / "set7_" / "3" / "d.png").write_bytes(picture(1))
    archive = write_zip(tmp_path / "a.zip", {f"7/{name}": content for name, content in contents.items()})
    folder, flat, packed = load_data(tmp_path / "set"), load_data(tmp_path / "set7_"), load_data(archive)
    for data in (folder, flat, packed):
        assert data.labels.tolist() == [7] * len(kinds)
    assert folder.unread == ["7/b.ppm", "7/c.heic", "7/notes.txt"]
    assert flat.unread == ["3", "7_b.ppm", "7_c.heic", "7_notes.txt"]
    assert packed.unread == ["b.ppm", "c.heic", "notes.txt"]


def test_folders_that_are_no_digits_are_refused(tmp_path, pictures):
    (tmp_path / "set" / "seven").mkdir(parents=True)
    (tmp_path / "set" / "seven" / "a.png").write_bytes(picture(0))
    with pytest.raises(DigitsError, match="folder 'seven'; wanted one folder a digit"):
        load_data(tmp_path / "set")
    for name in ("seven/a.png", "a.png", "10/a.png", "٣/a.png"):
        with pytest.raises(DigitsError, match="wanted one folder a digit"):
            load_data(write_zip(tmp_path / "a.zip", {**pictures, name: picture(0)}))
    (tmp_path / "flat").mkdir()
    with pytest.raises(DigitsError, match="no folders of pictures"):
        load_data(tmp_path / "flat")


def test_a_damaged_zip_is_refused(tmp_path, pictures):
    path = write_zip(tmp_path / "a.zip", pictures)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(DigitsError, match="not a whole .zip"):
        load_data(path)
    at = whole.index(b"7/a.png") + 30
    path.write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
    with pytest.raises(DigitsError, match=r"7/a\.png in a\.zip cannot be unpacked"):
        load_data(path).drawings[0]


def test_an_encrypted_zip_is_refused(tmp_path, pictures):
    path = write_zip(tmp_path / "a.zip", pictures)
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(DigitsError, match="encrypted"):
        load_data(path).drawings[0]


@pytest.mark.parametrize("name", ["mnist", "/no/such/file.jsonl", "x" * 5_000, "a\0b"])
def test_what_is_not_there_is_refused(name):
    with pytest.raises(DigitsError, match="no data set or file called .* mnist-test") as refusal:
        load_data(name)
    assert len(str(refusal.value)) < 500


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(DigitsError, match=r"a\.csv is no data set .* \.jsonl, \.jsonl\.gz, \.npz, \.zip or a folder"):
        load_data(tmp_path / "a.csv")


def test_threads_share_one_mnist(monkeypatch):
    """The first visitors come together: one of them loads, the others wait for it."""
    loaded = []
    mnist_module._load_mnist.cache_clear()
    threads = [threading.Thread(target=lambda: loaded.append(load_mnist())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 4
    assert all(mnist is loaded[0] for mnist in loaded)


def test_every_named_set_has_a_title():
    assert set(others.DOWNLOADABLE) < set(DATA_SETS)
    assert all(title for title in DATA_SETS.values())


def test_a_folder_of_pictures_whose_names_begin_with_their_label(tmp_path):
    for name in ("7_anna.png", "7 (2).JPG", "0.png", "41_form.png", "IMG_12.png"):
        Image.new("L", (40, 40), 255).save(tmp_path / name, "PNG")
    (tmp_path / "3_photo.heic").write_bytes(b"not opened")
    data = load_data(tmp_path)
    assert [Path(drawing).name for drawing in data.drawings] == ["0.png", "7 (2).JPG", "7_anna.png"]
    assert data.labels.tolist() == [0, 7, 7]
    assert data.unread == ["3_photo.heic", "41_form.png", "IMG_12.png"]
    assert describe_unread(data.unread).startswith("3 files were not read")
    assert "3_photo.heic, 41_form.png, IMG_12.png" in describe_unread(data.unread)
