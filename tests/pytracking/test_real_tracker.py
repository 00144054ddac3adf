"""The commands with the real tracker, on a network of random weights: what a fake tracker cannot show."""

import pytest

from pytracking import run_tracker, run_video
from pytracking.evaluation.results import box_files
from tests.fakes.networks import write_small_network
from tests.fakes.videos import write_sequence, write_video

pytestmark = pytest.mark.usefixtures("same_threads")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return write_small_network(tmp_path_factory.mktemp("network") / "small.safetensors")


def test_boxes_do_not_depend_on_order_or_number_of_processes(tmp_path, network):
    for name in ("a", "b"):
        write_sequence(tmp_path / "data", name, frames=3)
    common = ["dimp", str(network), "--dataset_name", f"folder:{tmp_path / 'data'}"]
    assert run_tracker.main([*common, "--results", str(tmp_path / "here")]) == 0
    assert run_tracker.main([*common, "--results", str(tmp_path / "there"), "--threads", "1"]) == 0
    assert run_tracker.main([*common, "--results", str(tmp_path / "alone"), "--sequence", "b"]) == 0
    here, there, alone = (box_files(tmp_path / place / "dimp" / "small") for place in ("here", "there", "alone"))
    assert {name: p.read_bytes() for name, p in here.items()} == {name: p.read_bytes() for name, p in there.items()}
    assert alone["b"].read_bytes() == here["b"].read_bytes()


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ("500,12,20,16", "lies outside the 64 x 48 frame"),
        ("10,12,0,16", "expected a width and height above 0"),
        ("nan,12,20,16", "expected four finite numbers"),
    ],
)
def test_a_bad_box_is_one_error_and_no_file(tmp_path, capsys, network, box, message):
    video = write_video(tmp_path / "in.mp4", frames=2)
    argv = [str(video), "--box", box, "--parameter", str(network), "--csv", str(tmp_path / "o.csv")]
    assert run_video.main([*argv, "--save", str(tmp_path / "o.mp4")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: box: ")
    assert message in error
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]
