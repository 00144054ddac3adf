import pytest

from pytracking import run_tracker
from pytracking.evaluation.results import box_files
from tests.fakes.trackers import FakeFactory, UnbuildableFactory
from tests.fakes.videos import write_sequence


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command on a folder of sequences a, bad and c, with a fake tracker; returns the exit code."""
    for name, width in (("a", 64), ("bad", 70), ("c", 64)):
        write_sequence(tmp_path / "data", name, width=width)
    monkeypatch.setattr(run_tracker, "TrackerFactory", lambda *args: FakeFactory(seed=args[4], fail_on_width=70))

    def command(*argv):
        common = ("--dataset_name", f"folder:{tmp_path / 'data'}", "--results", str(tmp_path / "out"))
        return run_tracker.main(["dimp", "dimp_ncep_mobile", *common, *argv])

    return command


def test_failures_are_listed_at_the_end_and_the_rest_is_done(run, tmp_path, capsys):
    assert run() == 1
    folder = tmp_path / "out" / "dimp" / "dimp_ncep_mobile"
    assert sorted(box_files(folder)) == ["a", "c"]
    assert sorted(p.name for p in folder.glob("a*")) == ["a.json", "a.txt", "a_score.txt", "a_time.txt"]
    out, error = capsys.readouterr()
    assert out.splitlines()[0] == "device cpu"
    assert f"2 sequences in {folder} (0 kept from before), 10 frames" in out
    assert error.splitlines()[-1] == "failed: bad: this tracker cannot do that width"
    assert "Traceback" not in error
    assert run("--debug", "1") == 1
    out, error = capsys.readouterr()
    assert "2 sequences in" in out
    assert "(2 kept from before)" in out
    assert "Traceback" in error


def test_one_sequence_a_run_id_and_a_seed(run, tmp_path):
    assert run("--sequence", "c", "--runid", "3") == 0
    assert run("--sequence", "0", "--seed", "5") == 0
    root = tmp_path / "out" / "dimp"
    assert {p.name: sorted(box_files(p)) for p in root.iterdir()} == {
        "dimp_ncep_mobile": ["a"],
        "dimp_ncep_mobile_003": ["c"],
    }
    assert '"seed": 5' in (root / "dimp_ncep_mobile" / "a.json").read_text()


def test_a_network_file_stands_for_its_name(tmp_path):
    arguments = run_tracker.Arguments("dimp", "/some/where/mine.safetensors", "demo", results=tmp_path)
    assert run_tracker.result_folder(arguments) == tmp_path / "dimp" / "mine"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--sequence", "z"), "error: no sequence 'z': expected an index from 0 to 2 or one of a, bad, c\n"),
        (("--threads", "-1"), "error: --threads: expected 0 (this process) or more"),
        (("--torch_threads", "0"), "error: --threads: expected 0 (this process) or more"),
        (("--dataset_name", "otb51"), "error: unknown data set 'otb51'; there are folder:DIR"),
    ],
)
def test_bad_arguments(run, capsys, argv, message):
    assert run(*argv) == 1
    assert capsys.readouterr().err.startswith(message)


def test_unknown_tracker(run, monkeypatch, capsys):
    monkeypatch.setattr(run_tracker, "TrackerFactory", lambda *args: UnbuildableFactory())
    assert run() == 1
    assert capsys.readouterr().err == "error: unknown tracker 'nix'; there are dimp\n"
