import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltr.models.weights import sha256
from ltr.utils.config import changed
from ltr.utils.errors import InputError
from pytracking import Tracker
from pytracking.parameter.dimp.base import DiMPParams, MeanParams, MemoryParams, RefinementParams
from pytracking.tracker.base.output import Box, TrackOutput
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

BOX = (60.0, 40.0, 32.0, 28.0)
FRAME = noise_picture(0, 200, 150)
ALWAYS = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "distractor_ratio": 1e9}  # never lost


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors"))


@pytest.fixture(scope="module")
def tracker(path: str) -> Tracker:
    return Tracker("dimp", path, device="cpu")


def test_a_frame_of_another_kind_does_no_harm(tracker: Tracker) -> None:
    message = r"frame: expected uint8, numpy .* or a PIL image, got numpy float32 \[150, 200, 3\]"
    with pytest.raises(ValueError, match=message):
        tracker.initialize(FRAME.astype(np.float32), BOX)  # type: ignore[arg-type]
    tracker.initialize(FRAME, BOX)
    with pytest.raises(ValueError, match=message):
        tracker.track(FRAME.astype(np.float32))  # type: ignore[arg-type]
    assert np.isfinite(tracker.track(FRAME).box).all()


def test_bgr_and_torch_frames_give_what_rgb_gives(tracker: Tracker, path: str) -> None:
    outputs = []
    for channels, frame in (("RGB", FRAME), ("BGR", FRAME[..., ::-1]), ("RGB", torch.from_numpy(FRAME).movedim(2, 0))):
        other = Tracker("dimp", path, "cpu", channels=channels, localization=ALWAYS)  # type: ignore[arg-type]
        other.initialize(frame, BOX)
        outputs.append(other.track(frame))
    assert outputs[0] == outputs[1] == outputs[2]
    with pytest.raises(ValueError, match="channels: expected RGB or BGR, got 'rgba'"):
        Tracker("dimp", path, channels="rgba")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((1, 2, 3), "expected four finite numbers"),
        ((1, 2, float("nan"), 4), "expected four finite numbers"),
        ((float("inf"), 2, 3, 4), "expected four finite numbers"),
        ((1, 2, 0, 4), "expected a width and height above 0"),
        ((1, 2, 3, -4), "expected a width and height above 0"),
        ((200, 2, 30, 40), "lies outside the 200 x 150 frame"),
        ((20, -40, 30, 40), "lies outside the 200 x 150 frame"),
    ],
)
def test_boxes_of_another_kind(tracker: Tracker, box: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^box: .*{message}"):
        tracker.initialize(FRAME, box)


@pytest.mark.parametrize(
    "box",
    [
        [60, 40, 32, 28],
        np.array(BOX),
        np.array(BOX, dtype=np.float32),
        (-10.5, -4, 30, 40),
        (-500, -400, 790, 590),
        (20, 10, 0.5, 60),
    ],
)
def test_boxes_of_every_number_type(tracker: Tracker, box: Any) -> None:
    tracker.initialize(FRAME, box)
    output = tracker.track(FRAME)
    assert all(type(value) is float for value in (*output.box, output.score))
    assert output.state in ("tracking", "uncertain", "lost")


def test_track_before_initialize(path: str) -> None:
    with pytest.raises(ValueError, match="track was called before initialize"):
        Tracker("dimp", path, device="cpu").track(FRAME)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("damp", "dimp_ncep_mobile"), r"unknown tracker 'damp'; known are dimp"),
        (("dimp", "nix"), r"unknown parameters 'nix' of tracker dimp; known are dimp_ncep_mobile.*\.safetensors"),
        (("dimp", "a/x.pth.tar"), r"ltr\.admin\.import_pytracking a/x\.pth\.tar --out x\.safetensors$"),
        (("dimp50.pth",), r"^dimp50\.pth: expected .*import_pytracking dimp50\.pth --out dimp50\.safetensors$"),
    ],
)
def test_unknown_names_list_what_exists(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tracker(*arguments)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ("dimp", "dimp_ncep_mobile")),
        (("dimp",), ("dimp", "dimp_ncep_mobile")),
        (("dimp_ncep_mobile",), ("dimp", "dimp_ncep_mobile")),
        (("mil",), ("opencv", "mil")),
    ],
)
def test_names_that_may_be_left_out(arguments: tuple[str, ...], names: tuple[str, str]) -> None:
    tracker = Tracker(*arguments, accelerator="torch") if names[0] == "dimp" else Tracker(*arguments)
    assert (tracker.config.tracker, tracker.config.parameter) == names


def test_networks_are_paths_too(path: str) -> None:
    for tracker in (Tracker(path), Tracker(Path(path)), Tracker("dimp", Path(path))):
        assert (tracker.config.tracker, tracker.config.parameter) == ("dimp", path)
    with pytest.raises(ValueError, match="tracker opencv needs parameters: csrt, kcf, mil, nano"):
        Tracker("opencv")
    known = "dimp, atom, opencv, dimp_ncep_mobile, dimp18, .*, atom_mobile, atom_default, csrt"
    with pytest.raises(ValueError, match=f"unknown tracker 'siamfc'; known are {known}"):
        Tracker("siamfc")


def test_it_says_what_it_is_and_cannot_be_pickled(tracker: Tracker, path: str) -> None:
    other = tracker.clone()
    assert repr(other) == f"<Tracker dimp {path}, seed 0, RGB: not initialized>"
    other.initialize(FRAME, BOX)
    assert repr(other).endswith("tracks a target>")
    assert repr(tracker.another()) == repr(tracker.clone())  # the old name
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"a Tracker cannot be pickled or copied: use clone\(\)"):
            duplicate(other)


def test_missing_network_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors is missing"):
        Tracker("dimp", str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize("device", ["toaster", "cuda:77"])
def test_unusable_device(path: str, device: str) -> None:
    with pytest.raises(ValueError, match=f"device '{device}'(: expected auto, cpu| cannot be used here)"):
        Tracker("dimp", path, device=device)


def test_overrides_are_nested_and_change_nothing_else(path: str) -> None:
    tracker = Tracker(
        "dimp", path, device="cpu", max_outside=1, refinement={"mean": {"num_boxes": 3}}, memory=MemoryParams(size=40)
    )
    expected = DiMPParams(
        network=path,
        max_outside=1,
        refinement=RefinementParams(mean=MeanParams(num_boxes=3)),
        memory=MemoryParams(size=40),
    )
    said = tracker.stamp()["settings"]
    assert said == expected.for_prediction("log_density").in_stamps()
    assert not {"search_area", "crop_side"} & said.keys()  # as in stamps of older versions
    assert DiMPParams(network=path).refinement == RefinementParams()


def test_what_the_box_branch_predicts_decides_how_boxes_are_refined(tmp_path: Path) -> None:
    path = write_small_network(tmp_path / "net.safetensors")
    card = path.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"box_branch_predicts": "overlap"}))

    def said(**changes: Any) -> tuple[str, int]:
        tracker = Tracker("dimp", str(path), accelerator="torch", localization=ALWAYS, **changes)
        tracker.initialize(FRAME, BOX)
        output = tracker.track(FRAME)
        assert np.isfinite(output.box).all()
        assert output.box[2:] != BOX[2:]  # refined
        settings = tracker.stamp()["settings"]
        return settings["refinement"]["method"], settings["box_learning"]["num_iter"]

    assert said() == ("overlap_ascent", 0)
    assert said(refinement={"method": "mean"}) == ("mean", 0)
    assert said(box_learning={"num_iter": 2}) == ("overlap_ascent", 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, r"parameters: colour: unknown \(known are network, "),
        ({"refinement": {"num_box": 3}}, r"refinement.num_box: unknown \(known are enabled, method"),
        ({"refinement": 3}, "refinement: expected a table, got 3"),
        ({"memory": {"size": "40"}}, "memory.size: expected a whole number, got '40'"),
        ({"memory": {"learning_rate": None}}, "memory.learning_rate: expected a number, got None"),
        ({"max_outside": {"a": 1}}, "max_outside: expected a number"),
    ],
)
def test_broken_overrides_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(DiMPParams(network="x"), changes, "parameters")


def test_override_makes_a_copy() -> None:
    params = DiMPParams(network="x")
    assert changed(params, {"memory": {"size": 70}}, "here") == replace(params, memory=replace(params.memory, size=70))
    assert params == DiMPParams(network="x")


def test_same_seed_same_boxes(path: str) -> None:
    frames = [noise_picture(seed, 200, 150) for seed in (0, 0, 1, 2)]

    def run(tracker: Tracker) -> list[object]:
        tracker.initialize(frames[0], BOX)
        return [tracker.track(frame) for frame in frames[1:]]

    first, again, other = (Tracker("dimp", path, "cpu", seed=seed, localization=ALWAYS) for seed in (5, 5, 6))
    expected = run(first)
    assert run(again) == expected
    assert run(first) == expected  # initialised again, it is as new
    assert run(other) != expected


def test_stamp_tells_everything_a_result_depends_on(path: str) -> None:
    tracker = Tracker("dimp", path, device="cpu", seed=9, accelerator="torch", precision="bf16", memory={"size": 33})
    stamp = tracker.stamp()
    assert json.loads(json.dumps(stamp)) == stamp
    assert (stamp["tracker"], stamp["parameter"], stamp["seed"], stamp["device"]) == ("dimp", path, 9, "cpu")
    assert stamp["settings"]["memory"]["size"] == 33
    assert stamp["network_sha256"] == sha256(Path(path))
    assert stamp["versions"]["torch"] == torch.__version__
    assert (stamp["accelerator"], stamp["precision"]) == ("torch", "bf16")


def test_another_shares_the_network_and_nothing_else(tracker: Tracker) -> None:
    tracker.initialize(FRAME, BOX)
    clone = tracker.clone()
    with pytest.raises(ValueError, match="track was called before initialize"):
        clone.track(FRAME)
    clone.initialize(FRAME, (100.0, 70.0, 40.0, 30.0))
    alone = tracker.clone()
    alone.initialize(FRAME, BOX)
    assert tracker.track(FRAME) == alone.track(FRAME)
    assert tracker._tracker.dimp is clone._tracker.dimp
    assert clone.stamp() == tracker.stamp()


def test_trackers_in_threads_give_what_they_give_alone(path: str) -> None:
    tracker = Tracker("dimp", path, "cpu", localization=ALWAYS, memory={"train_skipping": 1})
    frames = [noise_picture(seed, 200, 150) for seed in range(5)]

    def run(box: Box) -> list[TrackOutput]:
        own = tracker.clone()
        own.initialize(frames[0], box)
        return [own.track(frame) for frame in frames[1:]]

    boxes = [(20.0 * i, 10.0 * i, 30.0, 25.0) for i in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, boxes)) == [run(box) for box in boxes]


@pytest.mark.parametrize("frames_before", [0, 3, 40])
def test_a_saved_tracker_goes_on_as_if_nothing_had_been(path: str, tmp_path: Path, frames_before: int) -> None:
    def build(seed: int = 0) -> Tracker:
        memory = {"size": 20, "train_skipping": 2}
        return Tracker("dimp", path, "cpu", seed=seed, localization=ALWAYS, memory=memory)

    tracker = build()
    tracker.initialize(FRAME, BOX)
    for seed in range(frames_before):
        tracker.track(noise_picture(seed, 200, 150))
    tracker.save(tmp_path / "running.safetensors")
    restored = build()
    restored.restore(tmp_path / "running.safetensors")
    for seed in range(30, 35):
        frame = noise_picture(seed, 200, 150)
        assert restored.track(frame) == tracker.track(frame)


def test_restore_names_what_does_not_fit(path: str, tracker: Tracker, tmp_path: Path) -> None:
    tracker.initialize(FRAME, BOX)
    saved = tmp_path / "a.safetensors"
    tracker.save(saved)
    with pytest.raises(ValueError, match=r"a\.safetensors: was saved by a tracker with another settings, seed"):
        Tracker("dimp", path, "cpu", seed=1, max_outside=2.0).restore(saved)
    with pytest.raises(ValueError, match=r"a\.bin: expected the suffix \.safetensors"):
        tracker.save(tmp_path / "a.bin")
    with pytest.raises(ValueError, match="state_dict was called before initialize"):
        tracker.clone().save(saved)
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors: no such file"):
        tracker.restore(tmp_path / "none.safetensors")
    (tmp_path / "f.safetensors").mkdir()
    for use, expected in ((tracker.save, "the name of a file"), (tracker.restore, "a file")):
        with pytest.raises(InputError, match=rf"f\.safetensors: is a folder; expected {expected}"):
            use(tmp_path / "f.safetensors")
    with pytest.raises(InputError, match="is a folder; expected the name of a file, as target"):
        tracker.save(tmp_path)
    for broken in (Path(path).read_bytes(), saved.read_bytes()[:1000], b""):
        (tmp_path / "b.safetensors").write_bytes(broken)
        with pytest.raises(ValueError, match=r"b\.safetensors: not a tracker state saved by this toolkit"):
            tracker.restore(tmp_path / "b.safetensors")
    state = tracker.state_dict()
    del state["memory.boxes"]
    with pytest.raises(ValueError, match=r"not the state of a DiMP tracker: expected \['box', .* got \['box', "):
        tracker.load_state_dict(state)


def test_what_an_older_version_did_not_save_has_its_start_value(tracker: Tracker) -> None:
    tracker.initialize(FRAME, BOX)
    saved = tracker.state_dict()
    older = {
        name: value
        for name, value in saved.items()
        if name not in ("identity_score", "reacquisition.lost") and not name.startswith("distractors.")
    }
    older["distractors"] = np.zeros((0, 2))  # which it saved instead
    outputs = []
    for state in (saved, older):
        tracker.load_state_dict(state)
        outputs.append(tracker.track(noise_picture(1, 200, 150)))
    assert outputs[0] == outputs[1]


LEARNED = ("filter", "first_filter", "modulation.0", "modulation.1", "memory.samples", "memory.boxes", "memory.weights")


PLACES = ("box", "first_size", "motion", "distractors.places", "distractors.ids", "frame_number", "generator")


@pytest.mark.parametrize("name", [*PLACES, *LEARNED, "rotation.probabilities", "memory.num_init"])
def test_a_state_that_cannot_be_is_refused(tracker: Tracker, name: str) -> None:
    tracker.initialize(FRAME, BOX)
    state = tracker.state_dict()
    wrong: list[Any] = [np.zeros(3), torch.zeros(3)]
    if name in ("box", "first_size", "motion"):
        wrong += [np.full_like(state[name], np.nan), np.full_like(state[name], np.inf), state[name].astype(np.float32)]
    if name in LEARNED:  # as of another network, of a smaller memory, or damaged
        wrong += [np.concatenate([state[name]] * 2, 1), state[name][1:], state[name].astype(np.float16)]
        wrong += [state[name] * np.nan]
    if name == "rotation.probabilities":
        wrong += [state[name] * 2, -state[name], state[name] * np.nan]
    if name == "memory.num_init":
        wrong += [np.array(0), np.array(-1), np.array(10_000)]
    for value in wrong:
        with pytest.raises(InputError, match=f"not the state of a DiMP tracker: {name}"):
            tracker.load_state_dict({**state, name: value})
    tracker.load_state_dict(state)


@pytest.mark.parametrize("seed", ["a", 1.5, None, True, -1, 2**70])
def test_a_seed_is_a_whole_number(path: str, seed: Any) -> None:
    with pytest.raises(InputError, match="seed: expected a whole number from 0 to 4294967295, got "):
        Tracker("dimp", path, "cpu", seed=seed)


def test_a_state_is_a_copy(tracker: Tracker) -> None:
    tracker.initialize(FRAME, BOX)
    state = tracker.state_dict()
    first = tracker.track(noise_picture(1, 200, 150))
    tracker.track(noise_picture(2, 200, 150))
    tracker.load_state_dict(state)
    assert tracker.track(noise_picture(1, 200, 150)) == first
    tracker.load_state_dict(state)  # a second time: the first did not change it
    assert tracker.track(noise_picture(1, 200, 150)) == first


def test_frames_of_another_size_are_the_same_view_in_other_pixels(path: str) -> None:
    """The target stands still; frames are half as large from the third on, as a camera may decide."""
    patch = noise_picture(1, 40, 40)
    large = np.full((300, 400, 3), 128, np.uint8)
    large[100:140, 150:190] = patch
    small = np.ascontiguousarray(large[::2, ::2])
    tracker = Tracker("dimp", path, device="cpu", localization=ALWAYS)
    tracker.initialize(large, (150, 100, 40, 40))
    before = tracker.track(large).box
    assert tracker.track(small).box == pytest.approx([value / 2 for value in before], abs=4)
    assert tracker.track(large).box == pytest.approx(before, abs=8)
    with pytest.warns(UserWarning, match="the frame size changed from 400 x 300 to 200 x 300 px"):
        tracker.track(large[:, :200])


def test_a_restored_tracker_takes_the_size_of_its_next_frame(tracker: Tracker, path: str) -> None:
    tracker.initialize(FRAME, BOX)
    other = Tracker("dimp", path, device="cpu")
    other.load_state_dict(tracker.state_dict())
    assert other.track(FRAME) == tracker.track(FRAME)
