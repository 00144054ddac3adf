"""The functions of ONNX graphs: the shipped graphs are those of the shipped network, and a tracker is the same on both
sets of functions (``tests/golden``: box by box)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ltr.models.card import NetworkCard
from ltr.models.loss.ebm import NCEPlus
from ltr.utils.errors import InputError
from pytracking import MultiTracker, Tracker
from pytracking.export.check_clip import check_clip
from pytracking.export.export import examples_of, load_plain
from pytracking.export.graphs import tracker_graphs
from pytracking.features.graph_folder import Manifest
from pytracking.features.graph_session import GraphSessions
from pytracking.parameter.dimp.base import NETWORKS, BoxLearningParams, network_path
from pytracking.tracker.dimp.graph_functions import draw_candidates
from pytracking.tracker.dimp.mersenne import MersenneTwister
from tests.fakes.networks import write_small_network

NETWORK = "dimp_ncep_mobile"
FOLDER = NETWORKS / NETWORK


def test_the_shipped_graphs_are_those_of_the_shipped_network() -> None:
    """Otherwise: pytracking export dimp_ncep_mobile --no-check --out pytracking/networks/dimp_ncep_mobile"""
    manifest = Manifest.read(FOLDER)
    manifest.check_files(FOLDER)
    assert manifest.network_sha256 == NetworkCard.read(network_path(NETWORK)).sha256
    network, settings, params, tracker = load_plain(NETWORK, "float32")
    sessions = GraphSessions(FOLDER, manifest)
    graphs = tracker_graphs(network, params, settings.crop_side, examples_of(tracker)[0])
    assert [graph.name for graph in graphs] == list(manifest.graphs)
    for graph in graphs:
        found = sessions.run(graph.name, *(value.numpy() for value in graph.inputs.values()))
        for value, expected in zip(found, graph.run().values(), strict=True):
            scale = float(expected.abs().max())
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-4 * scale, err_msg=graph.name)
    folder = {path.name for path in FOLDER.iterdir()}
    assert folder == {*manifest.files, "manifest.json"}


def test_a_saved_target_goes_on_with_the_other_functions(tmp_path: Path) -> None:
    frames, box = check_clip()
    path = tmp_path / "target.safetensors"
    kinds = {name: Tracker("dimp", NETWORK, accelerator=name, device="cpu") for name in ("torch", "onnxruntime")}
    for one, other in (("torch", "onnxruntime"), ("onnxruntime", "torch")):
        kinds[one].initialize(frames[0], box)
        kinds[one].track(frames[1])
        kinds[one].save(path)
        kinds[other].restore(path)
        found, expected = kinds[other].track(frames[2]), kinds[one].track(frames[2])
        np.testing.assert_allclose(found.box, expected.box, rtol=0, atol=0.01)
        assert found.score == pytest.approx(expected.score, abs=1e-4)
        assert kinds[other].state_dict().keys() == kinds[one].state_dict().keys()


def test_several_targets_are_followed_as_each_alone() -> None:
    frames, box = check_clip()
    boxes = box, (200.0, 30.0, 60.0, 60.0)
    tracker = Tracker("dimp", NETWORK, accelerator="onnxruntime")
    targets = MultiTracker(tracker)
    for each in boxes:
        targets.add(frames[0], each)
    together = [targets.track(frame) for frame in frames[1:4]]
    for target_id, each in enumerate(boxes):
        tracker.initialize(frames[0], each)
        assert [tracker.track(frame) for frame in frames[1:4]] == [outputs[target_id] for outputs in together]


def test_what_the_graphs_do_not_hold_is_for_torch(tmp_path: Path) -> None:
    def accelerator(**options: object) -> str | None:
        return Tracker("dimp", NETWORK, device="cpu", **options).run_info().accelerator  # type: ignore[arg-type]

    assert accelerator() == "onnxruntime"
    assert accelerator(localization={"distractor_ratio": 0.7}, search_area=4.0) == "onnxruntime"
    assert accelerator(accelerator="torch") == "torch"
    for options, said in (
        ({"refinement": {"size_spread": 0.3}}, "are for other values of refinement"),
        ({"box_learning": {"prior": 0.1}}, "are for other values of box_learning.prior"),
        ({"crop_side": 256}, "are for other values of crop_side"),
        ({"precision": "bf16"}, "computes in precision f32, not bf16"),
    ):
        with pytest.raises(InputError, match=f"accelerator 'onnxruntime': .*{said}"):
            accelerator(accelerator="onnxruntime", **options)
    small = str(write_small_network(tmp_path / "small.safetensors"))
    with pytest.raises(InputError, match=r"small\.safetensors has no ONNX graphs beside it"):
        Tracker("dimp", small, accelerator="onnxruntime")


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_random_numbers_are_torchs(seed: int) -> None:
    ours, theirs = MersenneTwister(seed), torch.Generator().manual_seed(seed)
    assert np.array_equal(ours.state(), theirs.get_state().numpy())
    assert np.array_equal(ours.integers(2, 700), torch.randint(2, (700,), generator=theirs))
    for count in (16, 60, 640):
        np.testing.assert_allclose(ours.normal(count), torch.randn(count, generator=theirs), rtol=0, atol=1e-6)
    assert np.array_equal(ours.uniform(33), torch.rand(33, generator=theirs))
    assert np.array_equal(ours.state(), theirs.get_state().numpy())
    again = MersenneTwister.from_state(theirs.get_state().numpy())
    assert np.array_equal(again.uniform(1000), torch.rand(1000, generator=theirs))
    for broken in (np.zeros(3, np.uint8), np.zeros(5056, np.uint8), np.zeros(5056)):
        with pytest.raises(ValueError, match=r"expected uint8|not the state"):
            MersenneTwister.from_state(broken)


def test_candidates_are_those_of_nce_plus() -> None:
    params = replace(BoxLearningParams(), sigmas=(0.05, 0.2, 0.5))
    loss = NCEPlus(params.sigmas, params.num_samples, params.beta)
    expected = loss.candidates(torch.zeros(15, 4), torch.Generator().manual_seed(3))
    for found, wanted in zip(draw_candidates(15, params, MersenneTwister(3)), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
