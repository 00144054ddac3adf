import json
import shutil

import numpy as np
import pytest

from ltr.dataset.layouts import base as listing
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.results import ResultInfo, write_result
from pytracking.evaluation.submission import read_archive
from pytracking.tracker.base.run_info import RunInfo
from pytracking.util_scripts import pack_got10k_results, pack_trackingnet_results
from tests.fakes.benchmarks import use_specs, write_benchmark

SCRIPTS = {"trackingnet": pack_trackingnet_results, "got10k_test": pack_got10k_results}


@pytest.fixture(params=SCRIPTS)
def packed(request, tmp_path, monkeypatch):
    """The script, the data set's name, and the arguments that pack whole results on it."""
    monkeypatch.setattr(listing, "SPECS", use_specs(tmp_path / "specs"))
    monkeypatch.chdir(tmp_path)
    root = "got10k" if request.param == "got10k_test" else "trackingnet"
    write_benchmark(request.param, tmp_path / root)
    (tmp_path / "paths.toml").write_text(f'{root} = "{tmp_path / root}"')
    for sequence in get_dataset(request.param, tmp_path / "paths.toml"):
        n = sequence.length
        boxes = np.tile(sequence.first_box, (n, 1))
        write_result(
            tmp_path / "results/dimp/x",
            sequence.name,
            boxes,
            [0.1] * n,
            [1] * n,
            ["tracking"] * n,
            ResultInfo(RunInfo()),
        )
    return SCRIPTS[request.param], request.param, ["dimp", "x", "--paths", str(tmp_path / "paths.toml")]


def test_whole_results_are_packed_and_verified(packed, tmp_path, capsys):
    script, name, arguments = packed
    assert script.main(arguments) == 0
    archive = tmp_path / f"{name}_x.zip"
    assert f"{archive}: 1 sequence of x" in capsys.readouterr().out
    assert read_archive(archive)
    assert script.main(["--verify", str(archive), *arguments[2:]]) == 0
    assert "1 sequence, nothing wrong" in capsys.readouterr().out


def test_an_archive_does_not_replace_what_is_packed(packed, tmp_path, capsys):
    script, _, arguments = packed
    boxes = next(path for path in (tmp_path / "results/dimp/x").glob("*.txt") if not path.stem.endswith("e"))
    before = boxes.read_bytes()
    assert script.main([*arguments, "--output", str(boxes)]) == 1
    assert "is there already, in " in capsys.readouterr().err
    assert boxes.read_bytes() == before


def test_without_the_data_set_the_number_of_frames_is_not_checked_and_that_is_said(packed, tmp_path, capsys):
    script, name, arguments = packed
    script.main(arguments)
    capsys.readouterr()
    code = script.main(["--verify", str(tmp_path / f"{name}_x.zip"), "--paths", str(tmp_path / "none.toml")])
    out, error = capsys.readouterr()
    assert "number of frames and first boxes are not checked: no path to" in error
    if name == "trackingnet":
        assert (code, out.strip()) == (0, f"{tmp_path / 'trackingnet_x.zip'}: 1 sequence, nothing wrong")
    else:  # GOT-10k's 180 names are known without the data set
        assert code == 1
        assert "358 problems" in error
        assert "... and 338 more" in error


def test_results_that_are_not_whole_are_refused(packed, tmp_path, capsys):
    script, _, arguments = packed
    (box_file,) = [p for p in (tmp_path / "results/dimp/x").glob("*.txt") if not p.stem.endswith(("_time", "_score"))]
    box_file.write_text("1,2,30,40\n")
    assert script.main(arguments) == 1
    error = capsys.readouterr().err
    assert "x: not packed, " in error
    assert "1 rows for" in error
    assert f"{box_file.name}: not the boxes and times that {box_file.stem}.json was written with" in error
    assert not list(tmp_path.glob("*.zip"))


def test_what_to_give(packed, capsys):
    script, _, arguments = packed
    assert script.main(arguments[:1]) == 1
    assert (
        capsys.readouterr().err == "error: expected TRACKER PARAMETER, whose results are packed, or --verify ARCHIVE\n"
    )
    assert script.main(["dimp", "none", *arguments[2:]]) == 1
    assert "none: no such folder" in capsys.readouterr().err


def test_runs_of_other_settings_are_no_repeats(packed, tmp_path, capsys):
    script, _, arguments = packed
    plain = tmp_path / "results/dimp/x"
    for number in range(2):
        run = shutil.copytree(plain, plain.with_name(f"x_00{number}"))
        for stamp in run.glob("*.json"):
            stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "settings": {"top_k": number}}))
    shutil.rmtree(plain)
    assert script.main(arguments) == 1
    assert "settings.top_k is 0 in x_000, 1 in x_001" in capsys.readouterr().err
