import zipfile

import numpy as np
import pytest

from pytracking.evaluation.results import ResultInfo, write_result
from pytracking.evaluation.submission import GOT10K, TRACKINGNET, Expected, read_archive, write_archive
from pytracking.tracker.base.run_info import RunInfo

EXPECTED = [Expected("a", 2, (1, 2, 3, 4)), Expected("b", 3, (5, 6, 7, 8))]
GOOD = {"a.txt": "1.00,2.00,3.00,4.00\n2,2,3e0,4.5\n", "b.txt": "5,6,7,8\n-5,6,7,8\n5,6,7,8\n"}
GOT_GOOD = {
    "a/a_001.txt": GOOD["a.txt"], "a/a_002.txt": GOOD["a.txt"], "a/a_time.txt": "0.1,0.2\n0.1,0.2\n",
    "b/b_001.txt": GOOD["b.txt"], "b/b_002.txt": GOOD["b.txt"], "b/b_time.txt": "0.1,0.2\n" * 3,
}  # fmt: skip


def write_run(folder, seed=0):
    for s in EXPECTED:
        boxes = np.random.default_rng(seed).uniform(1, 50, (s.frames, 4))
        boxes[0] = s.first_box
        times = np.full(s.frames, 0.125 * (seed + 1))
        write_result(folder, s.name, boxes, times, np.ones(s.frames), ["tracking"] * s.frames, ResultInfo(RunInfo()))
    return folder


def test_good_archives_have_no_problems():
    assert TRACKINGNET.check(GOOD, EXPECTED) == []
    assert GOT10K.check(GOT_GOOD, EXPECTED) == []
    assert TRACKINGNET.check(GOOD, [Expected("a"), Expected("b")]) == []
    assert GOT10K.check(GOT_GOOD, [Expected("a"), Expected("b")]) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.txt", None, "a.txt: missing"),
        ("c.txt", "1,2,3,4\n", "c.txt: does not belong there"),
        ("__MACOSX/a.txt", "", "__MACOSX/a.txt: does not belong there"),
        ("a.txt", "1,2,3,4\n", "a.txt: 1 rows for 2 frames"),
        ("a.txt", "", "a.txt: 0 rows for 2 frames"),
        ("a.txt", "1,2,3,4\n1\t2\t3\t4\n", r"a.txt:2: expected 4 finite numbers with commas between, found '1\t2"),
        ("a.txt", "1,2,3,4\n1, 2, 3, 4\n", "a.txt:2: expected 4 finite numbers with commas between, found '1, 2"),
        ("a.txt", "1,2,3,4\nnan,nan,nan,nan\n", "a.txt:2: expected 4 finite numbers"),
        ("a.txt", "1,2,3,4\n1,2,3,1e999\n", "a.txt:2: expected 4 finite numbers"),
        ("a.txt", "1,2,3,4\n1,2,3\n", "a.txt:2: expected 4 finite numbers"),
        ("a.txt", "1,2,3,4\n1,2,0,4\n", "a.txt:2: a box without area, 1,2,0,4"),
        ("a.txt", "1,2,3,5\n1,2,3,4\n", "a.txt:1: the first box should be the one given, 1,2,3,4"),
    ],
)  # fmt: skip
def test_trackingnet_problems(name, text, problem):
    contents = {key: value for key, value in {**GOOD, name: text}.items() if value is not None}
    (found,) = TRACKINGNET.check(contents, EXPECTED)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a/a_002.txt", None, "a/a_002.txt: missing"),
        ("b/b_time.txt", None, "b/b_time.txt: missing"),
        ("a/a_time.txt", "0.1\n0.1\n", "a/a_time.txt:1: expected 2 finite numbers"),
        ("a/a_time.txt", "0.1,0.2\n", "a/a_time.txt: 1 rows for 2 frames"),
        ("a/a_time.txt", "0.1,0.2\n0.1,0\n", "a/a_time.txt:2: expected seconds above 0, found 0.1,0"),
        ("a/a_002.txt", "1,2,3,4\n", "a/a_002.txt: 1 rows for 2 frames"),
        ("a/a_004.txt", "1,2,3,4\n", "4 repetitions, while the server takes 3 at most"),
    ],
)
@pytest.mark.parametrize("expected", [EXPECTED, [Expected("a"), Expected("b")]], ids=["data at hand", "names alone"])
def test_got10k_problems(name, text, problem, expected):
    contents = {key: value for key, value in {**GOT_GOOD, name: text}.items() if value is not None}
    (found,) = GOT10K.check(contents, expected)
    assert found.startswith(problem)


def test_a_zipped_folder_is_told_from_files_that_are_missing():
    nested = {f"mine/{name}": text for name, text in GOOD.items()}
    assert TRACKINGNET.check(nested, EXPECTED) == [
        "everything lies in a folder mine/: zip what is in it, not the folder itself"
    ]
    assert "a.txt: missing" in TRACKINGNET.check({}, EXPECTED)


def test_all_problems_are_listed():
    assert len(TRACKINGNET.check({"a.txt": "1,2,3\n", "x.txt": ""}, EXPECTED)) == 3


def test_results_are_packed_as_the_server_wants_them(tmp_path):
    first, second = write_run(tmp_path / "x_000"), write_run(tmp_path / "x_001", seed=1)
    trackingnet = TRACKINGNET.pack([first], EXPECTED)
    assert TRACKINGNET.check(trackingnet, EXPECTED) == []
    assert trackingnet["a.txt"].splitlines()[0] == "1.00,2.00,3.00,4.00"
    got10k = GOT10K.pack([first, second], EXPECTED)
    assert GOT10K.check(got10k, EXPECTED) == []
    assert sorted(got10k) == sorted(GOT_GOOD)
    assert got10k["a/a_001.txt"].splitlines()[0] == "1.000,2.000,3.000,4.000"
    assert got10k["b/b_time.txt"] == "0.12500000,0.25000000\n" * 3
    assert list(GOT10K.pack([first], EXPECTED)) == ["a/a_001.txt", "a/a_time.txt", "b/b_001.txt", "b/b_time.txt"]
    with pytest.raises(ValueError, match="TrackingNet takes one run, found x_000, x_001: give --runid"):
        TRACKINGNET.pack([first, second], EXPECTED)


def test_what_was_packed_is_read_by_the_got10k_package(tmp_path):
    """Its own reader of result files: numpy's loadtxt with commas, and the shapes its report asks for."""
    got10k = GOT10K.pack([write_run(tmp_path / "x")], EXPECTED)
    for s in EXPECTED:
        assert np.loadtxt(got10k[f"{s.name}/{s.name}_001.txt"].splitlines(), delimiter=",").shape == (s.frames, 4)
        assert np.loadtxt(got10k[f"{s.name}/{s.name}_time.txt"].splitlines(), delimiter=",").shape == (s.frames,)


def test_archives_are_read_back_as_written(tmp_path):
    write_archive(GOT_GOOD, tmp_path / "x.zip")
    assert read_archive(tmp_path / "x.zip") == GOT_GOOD


def test_what_is_no_archive(tmp_path):
    path = tmp_path / "x.zip"
    with pytest.raises(FileNotFoundError, match="no such archive"):
        read_archive(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(ValueError, match="not a zip archive of text files"):
        read_archive(path)
    write_archive(GOOD, path)
    damaged = bytearray(path.read_bytes())
    damaged[40] ^= 255
    path.write_bytes(bytes(damaged))
    with pytest.raises(ValueError, match="not a zip archive of text files"):
        read_archive(path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "1"), archive.writestr("a.txt", "2")
    with pytest.raises(ValueError, match=r"holds a\.txt twice"):
        read_archive(path)


@pytest.mark.parametrize(
    ("content", "fault"), [(b"\xef\xbb\xbf1,2", "begins with a byte order mark"), (b"\xe9", "not ASCII")]
)
def test_a_file_of_an_archive_that_is_no_plain_text_is_named(tmp_path, content, fault):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "1"), archive.writestr("b.txt", content)
    with pytest.raises(ValueError, match=rf"x\.zip: b\.txt: {fault}"):
        read_archive(tmp_path / "x.zip")
