import pytest

from ltr.dataset.layouts import base as listing
from pytracking.evaluation.datasets.registry import DATASETS
from pytracking.util_scripts import data_check
from tests.fakes.benchmarks import EXPECTED, use_specs, write_benchmark
from tests.fakes.videos import write_sequence


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """The paths file of all benchmarks, each in its own folder, with short lists of sequences."""
    monkeypatch.setattr(listing, "SPECS", use_specs(tmp_path / "specs"))
    for name, benchmark in DATASETS.items():
        write_benchmark(name, tmp_path / benchmark.name)
    roots = sorted({b.name for b in DATASETS.values()})
    file = tmp_path / "paths.toml"
    file.write_text("".join(f'{root} = "{tmp_path / root}"\n' for root in roots))
    return file


def test_every_benchmark_is_found_whole(paths, capsys):
    assert data_check.main([*DATASETS, "--paths", str(paths), "--decode"]) == 0
    out = capsys.readouterr().out
    for name, sequences in EXPECTED.items():
        frames = sum(len(numbers) for numbers, _ in sequences.values())
        assert f"{name}: whole\n  folder     {paths.parent / DATASETS[name].name}\n" in out
        assert f"  sequences  {len(sequences)} of {len(sequences)}\n  frames     {frames}, " in out


def test_what_is_missing_is_named_a_line_a_sequence(paths, capsys):
    root = paths.parent / "otb"
    (root / "David" / "img" / "0301.jpg").unlink()
    (root / "Human4" / "groundtruth_rect.2.txt").unlink()
    assert data_check.main(["otb", "--paths", str(paths)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "otb: INCOMPLETE",
        f"  folder     {root}",
        "  expected   the folder that holds Basketball/, Biker/, ... of OTB-100",
        "  sequences  0 of 2",
        "  frames     0, 0 with a public box",
        f"  missing    David: {root}/David/img: no image 301, expected 300 to 302",
        f"  missing    Human4_2: {root}/Human4/groundtruth_rect.2.txt: no such file",
    ]


def test_broken_images_are_found_by_decoding(tmp_path, capsys):
    write_sequence(tmp_path, "a", frames=3)
    (tmp_path / "a" / "img" / "0002.png").write_bytes(b"")
    write_sequence(tmp_path, "b", frames=3, truth="nan,nan,nan,nan\n" * 3)
    write_sequence(tmp_path, "c", frames=3, truth="1,2,3,4\n" * 2)
    found = data_check.check(f"folder:{tmp_path}")
    assert (found.sequences, found.frames, found.boxes) == (1, 3, 3)
    assert "no box to start from" in found.problems["b"]
    assert "3 frames, but the ground truth has 2 rows" in found.problems["c"]
    assert "0002.png" in data_check.check(f"folder:{tmp_path}", decode=True).problems["a"]


def test_a_data_set_that_is_not_there_hides_no_other(tmp_path, capsys):
    write_sequence(tmp_path / "data", "a", frames=3)
    assert data_check.main(["otb", f"folder:{tmp_path / 'data'}", "--paths", str(tmp_path / "none.toml")]) == 1
    out, error = capsys.readouterr()
    assert error.startswith("otb: not found: no path to otb is known")
    assert out.splitlines()[0] == f"folder:{tmp_path / 'data'}: whole"


def test_what_has_frames_but_no_boxes_is_named(tmp_path, capsys):
    write_sequence(tmp_path, "a", frames=3)
    write_sequence(tmp_path, "b", frames=3)
    (tmp_path / "b" / "groundtruth_rect.txt").rename(tmp_path / "b" / "boxes.txt")
    assert data_check.main([f"folder:{tmp_path}"]) == 0
    note = "b is left out: no groundtruth_rect.txt or groundtruth.txt (but boxes.txt)"
    assert capsys.readouterr().out.splitlines()[-1] == f"  note       folder:{tmp_path}: {note}"
