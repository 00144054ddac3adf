"""Where the cache lies; outputs that destroy nothing."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, cache_folder, check_outputs, replacing, text_output, with_card


@pytest.mark.parametrize(
    ("own", "users", "expected"),
    [
        ("/disk/cache", "/users", "/disk/cache"),
        ("~/fast", "", "HOME/fast"),
        ("", "/users", "/users/ebm-tracking"),
        ("", "", "HOME/.cache/ebm-tracking"),
    ],
)
def test_the_cache_lies_where_the_user_says(
    own: str, users: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("EBM_TRACKING_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", users)
    assert cache_folder() == Path(expected.replace("HOME", str(tmp_path)))


def write(path: Path, text: str = "new") -> None:
    atomic_write(path, lambda temporary: temporary.write_text(text))


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "disk" / "real.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    dangling = tmp_path / "dangling.txt"
    dangling.symlink_to(tmp_path / "elsewhere" / "new.txt")
    write(dangling)
    assert (tmp_path / "elsewhere" / "new.txt").read_text() == "new"
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_text)
        with text_output(pipe) as file:
            file.write("rows")
        assert read.result(timeout=20) == "rows"
    assert pipe.is_fifo()


def test_a_device_stays() -> None:
    write(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_standard_output_is_a_table_called_minus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with text_output(Path("-")) as file:
        file.write("rows\n")
    assert capsys.readouterr().out == "rows\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with clip.mp4, two links to it, a data set, images and a folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("clip.mp4", "data/a/img/1.jpg", "data/a/truth.txt", "shots/1.png", "shots/2.png", "empty/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "soft.mp4").symlink_to("clip.mp4")
    os.link("clip.mp4", "hard.mp4")
    return tmp_path


@pytest.mark.parametrize(
    ("outputs", "sources", "message"),
    [
        ({"--csv": "clip.mp4"}, ["clip.mp4"], "--csv clip.mp4: is read from"),
        ({"--csv": "empty/../clip.mp4"}, ["clip.mp4"], "is read from"),
        ({"--csv": "soft.mp4"}, ["clip.mp4"], "--csv soft.mp4: is read from"),
        ({"--csv": "clip.mp4"}, ["file:soft.mp4"], "--csv clip.mp4: is read from"),
        ({"--csv": "hard.mp4"}, ["clip.mp4"], "--csv hard.mp4: is read from"),
        ({"--csv": "shots/2.png"}, ["shots/*.png"], r"--csv shots/2\.png: is read from"),
        ({"--csv": "data/a/truth.txt"}, ["data"], "data/a/truth.txt: is there already, in data, which is read"),
        ({"--csv": "a", "--save": "./a"}, [], r"--save a: is the same as --csv"),
        ({"--csv": "-", "--json": "-"}, [], "--json -: is the same as --csv"),
        ({"--csv": "empty"}, [], "--csv empty: is a folder"),
        ({"--csv": "clip.mp4/x.csv"}, [], r"clip\.mp4 is a file, not a folder"),
        ({"--csv": "/proc/x.csv"}, [], "nothing can be written to the folder /proc"),
    ],
)
def test_outputs_that_would_destroy_or_fail_are_refused(
    folder: Path, outputs: dict[str, str], sources: list[str], message: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=message):
        check_outputs({name: Path(text) for name, text in outputs.items()}, sources)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.ffconcat", "ffconcat version 1.0\nfile 'it'\\''s one.mp4'\nduration 1\n"),
        ("a.ffconcat", "ffconcat version 1.0\n  file it\\'s\\ one.mp4\n"),
        ("a.m3u8", "#EXTM3U\n#EXTINF:1,\nit's one.mp4\r\n#EXT-X-ENDLIST\n"),
        ("a.m3u8", '#EXTM3U\n#EXT-X-MAP:URI="it\'s one.mp4"\n'),
        ("a.m3u8", "#EXTM3U\nother.m3u8\n"),
        ("a.mpd", "<?xml?><MPD><BaseURL>it's one.mp4</BaseURL></MPD>"),
    ],
)
def test_what_a_playlist_names_is_read(folder: Path, name: str, text: str) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "it's one.mp4").write_text("video")
    (folder / "lists" / "other.m3u8").write_text("#EXTM3U\na.m3u8\nit's one.mp4\n")
    (folder / "lists" / name).write_text(text)
    with pytest.raises(ValueError, match=r"--save lists/it's one\.mp4: is read from"):
        check_outputs({"--save": Path("lists/it's one.mp4")}, [f"lists/{name}"])
    check_outputs({"--save": Path("clip.mp4")}, [f"lists/{name}"])


def test_what_the_links_in_a_folder_lead_to_is_read(folder: Path) -> None:
    (folder / "links").mkdir()
    (folder / "links" / "1.png").symlink_to("../shots/1.png")
    os.link("shots/2.png", "links/2.png")
    (folder / "links" / "more").symlink_to("../data")
    (folder / "links" / "again").symlink_to("../links")
    (folder / "links" / "gone.png").symlink_to("nowhere.png")
    for read in ("shots/1.png", "shots/2.png", "data/a/truth.txt"):
        with pytest.raises(ValueError, match="is there already, in links, which is read"):
            check_outputs({"--csv": Path(read)}, ["links"])
    check_outputs({"--csv": Path("clip.mp4")}, ["links"])


def test_a_folder_of_outputs_is_no_file(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"--plots clip\.mp4: is a file; give the name of a folder"):
        check_outputs({}, folders={"--plots": Path("clip.mp4")})
    with pytest.raises(ValueError, match="--plots empty: is the same as --json"):
        check_outputs({"--json": Path("empty")}, folders={"--plots": Path("empty")})


def test_good_outputs_pass_and_nothing_is_made(folder: Path) -> None:
    before = set(folder.rglob("*"))
    outputs = {"--csv": Path("new/deep/a.csv"), "--json": Path("-"), "--save": Path("data/new.mp4"), "--x": None}
    check_outputs(outputs, ["clip.mp4", "data", "0", "rtsp://camera/1", None], {"--plots": Path("empty")})
    check_outputs({"--csv": Path("/dev/null"), "--json": Path("/dev/null")})
    assert set(folder.rglob("*")) == before


def test_writers_of_one_file_at_once_leave_a_whole_one(tmp_path: Path) -> None:
    path, both = tmp_path / "out.txt", Barrier(2)

    def write_slowly(letter: str) -> None:
        with replacing(path) as temporary, temporary.open("w") as file:
            file.write(letter)
            both.wait(timeout=20)
            file.write(99 * letter)

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(write_slowly, letter) for letter in "AB"]:
            done.result(timeout=20)
    assert path.read_text() in (100 * "A", 100 * "B")
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed(folder: Path) -> None:
    code = "import os; from pathlib import Path; from ltr.utils.files import replacing\n"
    code += "with replacing(Path('out.csv')) as temporary: temporary.touch(); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert list(folder.glob(".out.csv*"))
    check_outputs({"--csv": Path("out.csv")})
    assert not list(folder.glob(".out.csv*"))


def test_what_dead_processes_left_is_removed(folder: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    dead = folder / f".out[1].csv.{process.pid}.tmp"
    kept = [
        folder / f".out[1].csv.{os.getpid()}.tmp",
        folder / f".other.csv.{process.pid}.tmp",
        folder / ".out[1].csv.x.tmp",
    ]
    for path in (dead, *kept):
        path.touch()
    check_outputs({"--csv": Path("out[1].csv")})
    assert not dead.exists()
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_network_has_a_name(path: str) -> None:
    assert with_card(Path("a/n.safetensors")) == [Path("a/n.safetensors"), Path("a/n.json")]
    with pytest.raises(InputError, match=r"expected a network's \.safetensors file, got '[./]'"):
        with_card(Path(path))
