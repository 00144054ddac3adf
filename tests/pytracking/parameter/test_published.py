"""pytracking's named parameters: the values that mean the same here, and what is told where something is lacking."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ltr.utils.errors import InputError
from pytracking import Tracker
from pytracking.parameter.dimp import PARAMETERS
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.dimp.from_pytracking import from_pytracking
from pytracking.parameter.dimp.parameter_file import read_parameter_file
from pytracking.parameter.dimp.published import PUBLISHED, VALUES, WEIGHTS
from pytracking.run_tracker import main as run_tracker
from pytracking.run_video import main as run_video
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import complete, load_parameters
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

NAMES = (
    *("dimp18", "dimp50", "super_dimp", "prdimp18", "prdimp50", "dimp_ncep"),
    *("dimp18_vot18", "dimp50_vot18", "dimp50_vot19", "prdimp50_vot18"),
)


def test_all_names_are_there() -> None:
    assert set(NAMES) == set(PUBLISHED) == set(VALUES) < set(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "crop", "not_found", "memory"),
    [
        ("dimp18", (288, 5, None), 0.25, (50, 0.01, 20, 10, 2, 1)),
        ("dimp50", (288, 5, None), 0.25, (50, 0.01, 20, 10, 2, 1)),
        ("super_dimp", (352, 6, "inside_major"), 0.25, (50, 0.01, 20, 10, 2, 1)),
        ("dimp_ncep", (352, 6, "inside_major"), 0.25, (50, 0.01, 20, 10, 2, 1)),
        ("prdimp18", (288, 5, None), 0.04 * 2 * math.pi * 0.81, (50, 0.01, 20, 10, 2, 1)),
        ("prdimp50", (352, 6, "inside_major"), 0.04 * 2 * math.pi * 0.81, (50, 0.01, 20, 10, 2, 1)),
        ("dimp50_vot18", (224, 4, None), 0, (250, 0.0075, 10, 25, 3, 3)),
        ("dimp50_vot19", (256, 4.5, None), 0, (100, 0.0075, 10, 15, 2, 2)),
        ("prdimp50_vot18", (224, 4, None), 0, (250, 0.01, 1, 25, 1, 1)),
    ],
)
def test_values_are_those_of_pytracking_s_files(name: str, crop: Any, not_found: float, memory: Any) -> None:
    params = PARAMETERS[name]
    assert (params.crop_side, params.search_area, params.crop_mode) == crop
    assert params.localization.not_found_threshold == pytest.approx(not_found)
    m = params.memory
    assert memory == (m.size, m.learning_rate, m.train_skipping, m.init_iter, m.update_iter, m.hard_negative_iter)
    vot = "_vot" in name
    assert params.localization.window == vot
    assert (params.localization.far_threshold == 0) == vot  # never lost
    assert (m.init_samples_minimum_weight, m.hard_negative_learning_rate) == (0 if vot else 0.25, 0.02)
    assert params.refinement.when_uncertain
    assert params.augmentation.random_shift == pytest.approx(1 / 3)
    assert params.augmentation.crop_shifts[0] == (0.6, 0.6)
    assert (params.augmentation.shifts, params.augmentation.scales) == ((), ())
    samples = 15 if not vot else 13 if name.endswith("19") else 30
    a = params.augmentation
    assert samples == 1 + len(a.crop_shifts) + len(a.rotations) + len(a.blurs) + a.flip + a.dropout_copies


def test_a_displacement_is_as_far_as_there() -> None:
    """Of 19 cells, pytracking's 0.8 is 0.8 * 19 / 2 cells; ours is a part of half of the radius of 9 cells."""
    assert PARAMETERS["dimp50"].localization.displacement_scale * 9 / 2 == pytest.approx(0.8 * 19 / 2)


@pytest.mark.parametrize("name", NAMES)
def test_missing_weights_are_one_error_that_says_where_they_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytracking.parameter.dimp.published.NETWORKS", tmp_path)
    network = PARAMETERS[name].network
    file = WEIGHTS[network]
    steps = (
        rf"get {file} from https://github\.com/visionml/pytracking/\S+MODEL_ZOO\.md and run: "
        rf"python -m ltr\.admin\.import_pytracking {file} --out networks/{network}\.safetensors, "
        rf"and name it: --set network=networks/{network}\.safetensors"
        if file
        else rf"nobody has published it; train it: python ltr/run_training\.py dimp {network} --data DIR, "
        r"and name it: --set network=FILE\.safetensors"
    )
    with pytest.raises(InputError, match=rf"^the network {network} does not come with this toolkit: {steps}"):
        Tracker("dimp", name, "cpu")


@pytest.mark.parametrize(("parameter", "told"), [("prdimp50", True), ("dimp_ncep_mobile", False)])
def test_a_missing_data_set_and_a_missing_network_are_told_at_once(
    parameter: str, told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none"
    assert run_tracker(["dimp", parameter, "--dataset_name", f"folder:{folder}", "--results", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert str(folder) in lines[0]
    assert ["error: the network prdimp50 does not come with" in line for line in lines[1:]] == [True] * told


def test_so_is_atom_s() -> None:
    with pytest.raises(
        InputError, match=r"the network atom does not .*: get atom_default\.pth from .* --out .*atom\.s"
    ):
        Tracker("atom", "atom_default", "cpu")


@pytest.mark.parametrize("name", ["super_dimp", "prdimp50", "dimp50_vot19"])
def test_they_track_with_a_network_that_is_named(name: str, tmp_path: Path) -> None:
    path = write_small_network(tmp_path / "small.safetensors")
    tracker = Tracker("dimp", name, "cpu", accelerator="torch", network=str(path), crop_side=96)
    tracker.initialize(noise_picture(0, 200, 150), (60.0, 40.0, 32.0, 28.0))
    for seed in range(2):
        output = tracker.track(noise_picture(seed, 200, 150))
    assert output.state in ("tracking", "uncertain", "lost")


NOT_HERE = {  # options that pytracking's DiMP has
    "scale_factors": [0.9, 1, 1.1],
    "use_image_aspect_ratio": True,
    "use_classifier": False,
    "advanced_localization": False,
    "score_preprocess": "exp",
    "score_filter_ksz": 3,
    "use_clipped_window": True,
    "effective_search_area": 4,
    "train_sample_interval": 2,
    "low_score_opt_threshold": 0.5,
    "net_opt_low_iter": 1,
    "filter_init_zero": True,
    "filter_reg": 0.1,
    "label_threshold": 0.1,
    "label_shrink": 0.1,
    "softmax_reg": 0.1,
    "iounet_augmentation": True,
    "use_iounet_pos_for_learning": False,
    "output_not_found_box": True,
    "vot_anno_conversion_type": "mean",
    "direct_bb_regression": True,
    "box_refinement_space": "other",
    "update_classifier": False,
    "something_new": 1,
}


@pytest.mark.parametrize("name", NOT_HERE)
def test_options_that_this_tracker_has_not_are_refused_by_name(name: str) -> None:
    with pytest.raises(
        InputError, match=rf"^mine: {name}: this tracker has .*, got {re.escape(repr(NOT_HERE[name]))}$"
    ):
        from_pytracking({**VALUES["dimp50"][1], name: NOT_HERE[name]}, "dimp50", "mine")


def test_all_of_them_come_in_one_message() -> None:
    with pytest.raises(InputError) as told:
        from_pytracking({**NOT_HERE, "augmentation": {"shift": [(8, 8)], "blur": [(2, 2)]}}, "x")
    assert all(f"{name}: " in str(told.value) for name in [*NOT_HERE, "augmentation.shift"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window_output": True}, "window_output: this tracker has it with perform_hn_without_windowing True only"),
        (
            {"box_refinement_space": "relative", "box_refinement_step_decay": 0.5},
            "box_refinement_step_decay: .* 1 only",
        ),
        ({"sample_memory_size": "many"}, "memory.size: expected a whole number, got 'many'"),
        ({"sample_memory_size": 0}, "memory.size: expected 1 to 10000, got 0"),
        ({"target_not_found_threshold": "low"}, "target_not_found_threshold: expected a finite number, got 'low'"),
        ({"target_not_found_threshold": None}, "target_not_found_threshold: expected a finite number, got None"),
        ({"distractor_threshold": [1]}, r"distractor_threshold: expected a finite number, got \[1\]"),
        ({"num_init_random_boxes": "a"}, "num_init_random_boxes: expected a finite number, got 'a'"),
        ({"box_jitter_pos": "a", "box_refinement_space": "relative"}, "box_jitter_pos: expected a finite number, got"),
        ({"image_sample_size": 0, "dispalcement_scale": 1}, "image_sample_size: expected .* at least 1, got 0"),
        ({"learning_rate": 10**400}, "memory.learning_rate: expected"),
        ({"augmentation": 3}, "augmentation: expected a table, got 3"),
        ({"augmentation": {"dropout": 3}}, "augmentation.dropout: expected two numbers, copies and part, got 3"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_pytracking(values, "x")


def test_values_of_both_box_spaces() -> None:
    boxes = {"box_refinement_iter": 7, "num_init_random_boxes": 4, "box_jitter_pos": 0.1, "iounet_k": 2}
    plain, relative = (from_pytracking({**boxes, "box_refinement_space": s}, "x") for s in ("default", "relative"))
    assert plain.refinement.overlap_ascent.num_iterations == relative.refinement.ascent.num_iterations == 7
    assert plain.refinement.overlap_ascent.num_boxes == relative.refinement.ascent.num_boxes == 5
    assert plain.refinement.overlap_ascent.position_jitter == 0.1
    assert relative.refinement.ascent.position_jitter == pytest.approx(0.1 / math.sqrt(12))  # of the same deviation
    assert relative.refinement.overlap_ascent == DiMPParams("x").refinement.overlap_ascent


FILE = """
from pytracking.utils import TrackerParams
from pytracking.features.net_wrappers import NetWithBackbone

def parameters():
    '''Mine.'''
    params = TrackerParams()

    params.debug = 0
    params.use_gpu = True
{lines}
    params.net = NetWithBackbone(net_path='dimp50.pth',
                                 use_gpu=params.use_gpu)

    params.vot_anno_conversion_type = 'preserve_area'

    return params
"""


def _write(path: Path, *lines: str) -> Path:
    path.write_text(FILE.format(lines="\n".join(f"    {line}" for line in lines)))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_parameter_files_are_read_as_text(tmp_path: Path, name: str) -> None:
    values = VALUES[name][1]
    path = _write(tmp_path / "mine.py", *(f"params.{option} = {value!r}" for option, value in values.items()))
    config = complete(TrackerConfig(str(path)))
    assert load_parameters(config) == replace(PARAMETERS[name], network="dimp50")
    assert (config.tracker, config.name) == ("dimp", "mine")


def test_values_may_be_computed_from_numbers(tmp_path: Path) -> None:
    lines = ("params.image_sample_size = 18*16", "params.random_shift_factor = 1/3", "params.learning_rate = -(-0.02)")
    params = read_parameter_file(_write(tmp_path / "mine.py", *lines))
    assert (params.crop_side, params.augmentation.random_shift, params.memory.learning_rate) == (288, 1 / 3, 0.02)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "params.image_sample_size = __import__('os').system('touch CANARY')",
            "line 11: image_sample_size: expected a",
        ),
        (
            "__import__('os').system('touch CANARY')",
            "line 11: expected params.NAME = VALUE, params = ... or return params, got __import__('os').system('touch",
        ),
        ("params.image_sample_size = 'a' * 10**9", "line 11: image_sample_size: expected a number, got 'a'"),
        ("params.image_sample_size = 1 / 0", "line 11: image_sample_size: division by zero"),
        (f"params.nope = {'9' * 4000} * {'9' * 4000}", "line 11: nope: expected a number of at most 1.8e+308"),
        (f"params.nope = {'9' * 4000} / 3", "line 11: nope: its value cannot be computed; expected a number"),
        ("params.augmentation = {[1]: 2}", "line 11: augmentation: its value cannot be computed"),
        ("params.nope = 1j", "line 11: nope: expected a number, text, list or table, got 1j"),
        ("params.augmentation = {'a\\x1b\\n': 2}", "augmentation.a\\x1b\\n: this tracker has no such"),
        ("params.a = [1]\n" + "    params.a = [params.a] * 4\n", "line 12: a: expected a number, got [params.a]"),
        (
            "params.a = [1]\n" + "    params.a = [params.a, params.a, params.a, params.a]\n" * 30,
            "line 16: a: expected at most 1000 values, in lists nested at most 10 times",
        ),
        ("params.a = [1]\n" + "    params.a = [params.a]\n" * 30, "a: expected at most 1000 values, in lists nested"),
        ("#" * 100_000, "it has more than 100000 bytes"),
        ("params.score_filter_ksz = 3", "score_filter_ksz: this tracker has no such option, got 3"),
        ("if True:\n        params.train_skipping = 3", "line 11: expected params.NAME = VALUE"),
        ("params. = 3", "not a parameter file of pytracking"),
    ],
)
def test_nothing_in_a_parameter_file_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = _write(tmp_path / "mine.py", line)
    with pytest.raises(InputError, match=rf"mine\.py.*{re.escape(message)}"):
        read_parameter_file(path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = _write(tmp_path / "mine.py", "params.image_sample_size = 288")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_parameter_file(path).crop_side == 288


@pytest.mark.parametrize(
    ("tracker", "known"), [("atom", r"atom_mobile, atom_default, changed by --set"), ("opencv", "csrt, kcf, ")]
)
def test_other_trackers_read_none(tracker: str, known: str) -> None:
    message = rf"^mine\.py: parameter files .* for the tracker dimp only; parameters of tracker {tracker} are {known}"
    with pytest.raises(InputError, match=message):
        load_parameters(TrackerConfig(tracker, "mine.py"))


def test_other_files_and_missing_ones_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.py").write_text("x = 3\n")
    with pytest.raises(InputError, match=r"other\.py: not a parameter file of pytracking: it has no function"):
        read_parameter_file(tmp_path / "other.py")
    assert run_video(["none.mp4", "--box", "1,2,3,4", "--parameter", "gone.py"]) == 1
    assert capsys.readouterr().err == "error: parameter file gone.py is missing\n"
