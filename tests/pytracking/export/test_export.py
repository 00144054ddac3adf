"""ONNX graphs of a tracker: the numbers of PyTorch, whole folders, and what they do not cover."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ltr.models.weights import NetworkCard
from pytracking.export.check_clip import check_clip
from pytracking.export.export import export
from pytracking.export.graphs import Graph, tracker_graphs
from pytracking.export.onnx_files import write_graphs
from pytracking.features.graph_folder import WEIGHTS, Manifest
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.run_export import main
from tests.fakes.networks import SMALL, small_network, write_small_network


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    torch.manual_seed(0)
    box = torch.tensor([50.0, 40, 30, 30])
    examples = {
        "crop": torch.randint(0, 255, (1, 128, 128, 3), dtype=torch.uint8),
        "boxes": box.repeat(3, 1),
        "samples": torch.randn(3, 1, 112, 8, 8),
        "candidates": box + torch.randn(2, 5, 4),
        "log_noise": torch.randn(2, 5),
    }
    params = DiMPParams("small").for_prediction("log_density")
    network = small_network().half().float().requires_grad_(False)
    return {graph.name: graph for graph in tracker_graphs(network, params, SMALL.crop_side, examples)}


def test_graphs_take_any_number_of_boxes_and_share_their_weights(graphs: dict[str, Graph], tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    energy, step = graphs["energy"], graphs["finetune_step"]
    specs = write_graphs([energy, step], tmp_path, "float16")
    # The fully connected layers of the energy are those of its learning; float16: two bytes a weight.
    numbers = sum(
        value.numel() for name, value in energy.module.state_dict().items() if name.endswith("rt.linear.weight")
    )
    assert (tmp_path / WEIGHTS).stat().st_size == 2 * numbers
    assert specs["energy"].inputs["boxes"].shape == ("n", 4)
    session = runtime.InferenceSession(tmp_path / "energy.onnx", providers=["CPUExecutionProvider"])
    for boxes in (torch.tensor([[40.0, 50, 20, 35]]), torch.rand(9, 4) * 60 + 20):
        inputs = {**energy.inputs, "boxes": boxes}
        (got,) = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        with torch.no_grad():
            expected = energy.module(*inputs.values())
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_files_name_nothing_of_the_machine(graphs: dict[str, Graph], tmp_path: Path, repository: Path) -> None:
    write_graphs([graphs["describe"]], tmp_path, "float16")
    content = (tmp_path / "describe.onnx").read_bytes()
    assert str(repository).encode() not in content
    assert b"torch_functions" not in content


@pytest.mark.slow
def test_a_whole_export_is_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, out = write_small_network(tmp_path / "small.safetensors"), tmp_path / "made" / "small"
    assert main([str(network), "--out", str(out)]) == 0
    assert main(["--verify", str(out)]) == 0
    assert capsys.readouterr().out.count("ok ") == len(Manifest.read(out).graphs) == 10
    assert [path.name for path in out.parent.iterdir()] == ["small"]
    assert len(list((out / "check" / "clip").iterdir())) == len(check_clip()[0]) == 30
    manifest = Manifest.read(out)
    assert manifest.settings["crop_side"] == SMALL.crop_side
    assert manifest.constants["localization.MAX_PEAKS"] == 5
    # A port that computes something else is told so.
    values = out / "check" / "classify" / "scores.npy"
    np.save(values, np.load(values) * 1.01)
    assert main(["--verify", str(out)]) == 1
    assert f"{values}: is missing, damaged" in capsys.readouterr().err


def test_what_the_graphs_do_not_cover_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def error(*words: str) -> str:
        assert main(list(words)) == 1
        return capsys.readouterr().err

    out = str(tmp_path / "out")
    for name in ("atom_mobile", "csrt"):
        assert f"{name}: pytracking export writes trackers of dimp; this one needs PyTorch" in error(name, "--out", out)
    other = write_small_network(tmp_path / "networks" / "other.safetensors")
    card = replace(NetworkCard.read(other), box_branch_predicts="overlap")
    card.write(other)
    said = error(str(other), "--out", out)
    assert "with classifier.objective hinge, refinement.method mean; this one" in said
    assert "refinement.method overlap_ascent) needs PyTorch" in said
    assert "expected either --out" in error()
    assert "manifest.json is missing" in error("--verify", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["networks"]


def test_nothing_of_the_user_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is there already; expected a new or an empty folder"):
        export("dimp_ncep_mobile", tmp_path)
    with pytest.raises(ValueError, match="is there already"):
        export("dimp_ncep_mobile", tmp_path / "mine.txt")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
