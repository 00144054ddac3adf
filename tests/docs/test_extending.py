"""The worked examples of docs/extending.md are run as they stand there."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ltr.models.backbone import BACKBONES, Backbone
from ltr.models.loss.ebm import EBM_LOSSES, EBMLoss, build_ebm_loss
from ltr.run_training import main
from ltr.utils.errors import InputError
from pytracking import MultiTracker, Tracker, run_benchmark, run_tracker
from pytracking.analysis.cache import Cache
from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.metrics import METRICS, iou
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sources import find_tracker, truth_folder
from pytracking.analysis.table_formats import as_text
from pytracking.analysis.tables import as_json, overall_table
from pytracking.evaluation.results import read_stamp
from pytracking.tracker.families import FAMILIES
from tests.fakes.benchmarks import images, text
from tests.fakes.datasets import write_picture
from tests.fakes.videos import moving_square
from tests.ltr.models.backbone import test_base
from tests.pytracking.tracker import test_families


def run_section(repository: Path, title: str, namespace: dict[str, object]) -> None:
    """Run the blocks of code below the heading ``title``."""
    for block in code_blocks(repository, title):
        exec(block, namespace)


def code_blocks(repository: Path, title: str) -> list[str]:
    """The blocks of code below the heading ``title``."""
    sections = (repository / "docs" / "extending.md").read_text(encoding="utf-8").split("\n## ")
    (section,) = [section for section in sections if section.startswith(f"{title}\n")]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def example(repository: Path, monkeypatch: pytest.MonkeyPatch) -> type[EBMLoss]:
    """The class of the first section, under the name that it registers."""
    monkeypatch.setitem(EBM_LOSSES, "bnce", EBMLoss)  # takes the entry out again after the test
    run_section(repository, "Another training method", {"EBM_LOSSES": EBM_LOSSES, "__name__": "example"})
    return EBM_LOSSES["bnce"]


def test_one_line_registers_it(example: type[EBMLoss]) -> None:
    assert type(build_ebm_loss("bnce", num_samples=3)) is example
    with pytest.raises(ValueError, match="num_samples: expected a whole number"):
        build_ebm_loss("bnce", num_samples=0)


def test_it_learns_a_density_with_its_normaliser(example: type[EBMLoss]) -> None:
    """f = c + b y - a y^2 / 2 on data N(0.3, 0.5^2): mean b / a, variance 1 / a."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(2_000, 1, generator=generator, dtype=torch.float64)
    data = 0.3 + 0.5 * (data - data.mean()) / data.std()
    parameters = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.03)
    loss = build_ebm_loss("bnce", sigmas=(0.3, 1.0), num_samples=64)
    history = []

    def energy(y: torch.Tensor) -> torch.Tensor:
        log_a, b, c = parameters.unbind()
        return (c + b * y - 0.5 * log_a.exp() * y.square()).sum(dim=-1)

    for _ in range(300):
        batch = data[torch.randint(len(data), (200,), generator=generator)]
        optimizer.zero_grad()
        loss(energy, batch, generator).loss.backward()
        optimizer.step()
        history.append(parameters.detach().clone())
    log_a, b, _ = torch.stack(history[-100:]).mean(dim=0)
    assert (b / log_a.exp()).item() == pytest.approx(0.3, abs=0.05)
    assert (-log_a).exp().item() == pytest.approx(0.25, rel=0.1)


@pytest.fixture
def template(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The family of the page's first tracker is entered."""
    monkeypatch.setitem(FAMILIES, "template", FAMILIES["dimp"])
    run_section(repository, "Another tracker", {"FAMILIES": FAMILIES, "__name__": "example"})


@pytest.mark.usefixtures("same_threads", "template")
@pytest.mark.parametrize("parameter", ["strict", "loose"])
def test_it_passes_the_tests_of_all_families(
    parameter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = ("template", parameter)
    test_families.test_it_follows_a_square_again_and_again(name)
    test_families.test_targets_do_not_know_of_each_other(name)
    test_families.test_run_tracker_writes_its_results(name, tmp_path, capsys)
    test_families.test_stamps_are_json(name)


@pytest.mark.usefixtures("template")
def test_a_family_of_trackers_is_one_line_too() -> None:
    tracker = Tracker("template", "strict")
    frames, boxes = moving_square()
    tracker.initialize(frames[0], boxes[0])
    for frame, box in zip(frames, boxes, strict=True):
        output = tracker.track(frame)
        assert (output.box, output.state) == (box, "tracking")
        assert output.score == pytest.approx(1, abs=1e-3)
    output = tracker.track(np.zeros_like(frames[0]))
    assert (output.box, output.state) == (boxes[-1], "lost")
    assert tracker.stamp()["settings"] == {"threshold": 0.8}
    with pytest.raises(ValueError, match="precision: trackers of template take f32 only"):
        Tracker("template", "loose", precision="f16")


@pytest.fixture
def siamese(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The network of the example, whose family is entered."""
    monkeypatch.syspath_prepend(repository / "docs" / "examples")
    monkeypatch.setitem(FAMILIES, "siamese", FAMILIES["dimp"])
    run_section(repository, "A tracker with a network", {"__name__": "example"})
    example = importlib.import_module("siamese_tracker")
    path = tmp_path / "random.safetensors"
    example.write_network(path, example.SiameseSettings())
    return str(path)


@pytest.mark.usefixtures("same_threads")
def test_a_tracker_with_a_network_is_one_file_and_one_entry(siamese: str, tmp_path: Path) -> None:
    frames, boxes = moving_square(8)
    tracker = Tracker("siamese", siamese, accelerator="torch")
    targets = MultiTracker(tracker)
    tracker.initialize(frames[0], boxes[0])
    targets.add(frames[0], (150.0, 20.0, 50.0, 60.0))
    targets.add(frames[0], boxes[0])
    for frame, box in zip(frames[1:5], boxes[1:5], strict=True):
        output = tracker.track(frame)
        assert output.state == "tracking"
        assert iou(np.array([output.box]), np.array([box], float))[0] > 0.8
        assert targets.track(frame)[1].box == output.box
    tracker.save(tmp_path / "state.safetensors")
    other = Tracker("siamese", siamese, accelerator="torch")
    other.restore(tmp_path / "state.safetensors")
    assert [other.track(frame) for frame in frames[5:]] == [tracker.track(frame) for frame in frames[5:]]
    assert tracker.track(np.zeros_like(frames[0])).state == "lost"
    with pytest.raises(InputError, match="another settings"):
        Tracker("siamese", siamese, threshold=0.4).restore(tmp_path / "state.safetensors")
    for options in ({"accelerator": "openvino"}, {"accelerator": "torch", "precision": "bf16"}):
        like = Tracker("siamese", siamese, **options)
        like.initialize(frames[0], boxes[0])
        assert iou(np.array([like.track(frames[1]).box]), np.array([boxes[1]], float))[0] > 0.8


@pytest.mark.usefixtures("same_threads")
def test_it_is_a_tracker_of_the_commands(siamese: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames, boxes = moving_square(8)
    data = tmp_path / "data" / "square"
    for number, frame in enumerate(frames):
        write_picture(data / "img" / f"{number}.png", frame)
    (data / "groundtruth_rect.txt").write_text("".join(f"{x},{y},{w},{h}\n" for x, y, w, h in boxes))
    out = tmp_path / "out"
    argv = ["siamese", siamese, "--dataset_name", f"folder:{tmp_path / 'data'}", "--results", str(out)]
    assert run_tracker.main([*argv, "--accelerator", "torch", "--set", "threshold=0.4"]) == 0
    assert "siamese:random (threshold=0.4)" in capsys.readouterr().out  # its scores
    assert run_tracker.main(["siamese", f"{tmp_path}/gone.safetensors", *argv[2:]]) == 1
    assert capsys.readouterr().err == f"error: network file {tmp_path}/gone.safetensors is missing\n"
    stamp = read_stamp(out / "siamese" / "random" / "square.json")
    assert stamp.run.settings
    assert (stamp.run.settings["threshold"], stamp.run.accelerator, stamp.run.threads) == (0.4, "torch", 1)
    times = tmp_path / "times.json"
    box = ",".join(map(str, boxes[0]))
    argv = ["--run", f"siamese:{siamese},accelerator=torch", "--source", str(data / "img"), "--box", box]
    assert run_benchmark.main([*argv, "--frames", "4", "--warm_up", "1", "--json", str(times)]) == 0
    (report,) = json.loads(times.read_text())["runs"].values()
    assert {"crop", "network", "locate"} <= set(report["stages"])


def test_a_metric_is_one_entry(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(METRICS, "robustness", METRICS["auc"])
    run_section(repository, "A metric", {"__name__": "example"})
    truth = np.tile([10.0, 10.0, 20.0, 20.0], (8, 1))
    lost = truth + np.array([100.0, 0, 0, 0]) * (np.arange(8)[:, None] > 5)
    for folder, a, b in (("gt", truth, truth), ("x", truth, lost)):
        for name, boxes in (("a", a), ("b", b)):
            (tmp_path / folder).mkdir(exist_ok=True)
            np.savetxt(tmp_path / folder / f"{name}.txt", boxes, delimiter=",")
    tracker = find_tracker("x", tmp_path / "x")
    evaluation = evaluate([tracker], truth_folder(tmp_path / "gt"), PROTOCOLS["otb"], cache=Cache(tmp_path / "cache"))
    scores = as_json(evaluation)["x"]
    assert scores["robustness"] == pytest.approx(87.5)
    assert scores["sequences"]["b"]["robustness"] == pytest.approx(75)
    assert "Robustness" in as_text(overall_table(evaluation))


HERD = """
import contextlib, io, sys
from pathlib import Path
import numpy as np
import ltr.dataset
folder = Path(sys.argv[1])
ltr.dataset.__path__.insert(0, str(folder / "code"))  # the layouts with one file and one entry more

from ltr.dataset.layouts import TRAINED
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.train_settings.command_line import base_options
from ltr.train_settings.dimp.parse_source import parse_source
from ltr.util_scripts import check
from pytracking import run_tracker
from pytracking.analysis.inputs import load_dataset
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.util_scripts import data_check

root, paths = folder / "herd", folder / "paths.toml"
(sequence,) = get_dataset("herd", paths)
assert (sequence.name, sequence.dataset, len(list(sequence.open()))) == ("herd_b", "herd", 3)
assert sequence.ground_truth[1].tolist() == [2, 2, 30, 20]
assert np.isnan(sequence.ground_truth).all(axis=1).tolist() == [False, False, True]
assert load_dataset("herd", paths).protocol.name == "folder"
assert data_check.main(["herd", "--paths", str(paths)]) == 0
dataset = ImageSequences(TRAINED["herd"], root, "train")
assert dataset.get_sequence_info(0).visible.tolist() == [True, True, False]
assert parse_source("herd:x,split=train").kind == "herd" and "KIND is one of herd, " in base_options()
check.main(["herd", str(root)])
for command, words in ((check.main, ["got10k", "herd"]), (run_tracker.main, ["otb50", "herd"])):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        command(["--help"])
    assert all(word in out.getvalue() for word in words)
(folder / "empty.toml").write_text("")
for call in (lambda: get_dataset("herd", folder / "empty.toml"), lambda: get_dataset("nix"),
             lambda: TRAINED["herd"].sequences(root, "all"), lambda: parse_source("nix:x")):
    try:
        call()
    except ValueError as error:
        print(error)
"""


def test_a_data_set_is_one_file_and_one_entry(repository: Path, tmp_path: Path) -> None:
    code = tmp_path / "code" / "layouts"
    shutil.copytree(repository / "ltr" / "dataset" / "layouts", code, ignore=shutil.ignore_patterns("__pycache__"))
    (block,) = code_blocks(repository, "A data set")
    (code / "herd.py").write_text(block)
    entries = (code / "__init__.py").read_text()
    assert "_ALL = (OTB," in entries
    entry = "from ltr.dataset.layouts.herd import HERD\n\n_ALL = (HERD, OTB,"
    (code / "__init__.py").write_text(entries.replace("_ALL = (OTB,", entry))
    root = tmp_path / "herd"
    for name, split in (("a", "train"), ("b", "test")):
        images(root / "frames" / name, (1, 2, 3), "{:06d}.png")
        text(root / "boxes" / f"{name}.txt", "1,2,30,20\n2,2,30,20\n3,2,30,20\n")
        text(root / "hidden" / f"{name}.txt", "0\n0\n1\n")
        text(root / f"{split}.txt", f"{name}\n")
    (tmp_path / "paths.toml").write_text(f'herd = "{root}"\n')
    command = [sys.executable, "-c", HERD, str(tmp_path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line in (
        "herd: whole",
        "  expected   the folder that holds train.txt, test.txt, boxes/, hidden/ and frames/",
        "frames       expected         3  found         3",
        'write the line herd = "FOLDER" into',
        "unknown data set 'nix'; there are folder:DIR, csv:FILE, demo, herd,",
        "herd has no split 'all'; there are train, test",
        "KIND one of herd, lasot,",
    ):
        assert line in done.stdout


@pytest.fixture
def tiny(repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the page's backbone."""
    monkeypatch.setitem(BACKBONES, "tiny", Backbone)
    run_section(repository, "A backbone", {"__name__": "example"})
    return "tiny"


@pytest.mark.parametrize(
    "check",
    [
        test_base.test_shapes_and_strides,
        test_base.test_bytes_and_floats_are_the_same,
        test_base.test_channel_order_matters,
        test_base.test_frozen_layers_stay_as_they_are,
    ],
)
def test_a_backbone_passes_what_all_pass(check: Callable[[str], None], tiny: str) -> None:
    check(tiny)


def test_a_backbone_trains_and_tracks(repository: Path, tiny: str, tmp_path: Path) -> None:
    page = (repository / "docs" / "extending.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^python ltr/run_training.py (dimp toy .*--network.backbone tiny.*)$", page, re.MULTILINE)
    small = (
        "--network.crop-side 128 --num-workers 0 --sampler.samples-per-epoch 4 --optim.batch-size 2 --optim.epochs 1"
    )
    main([*f"{command} {small} --validation-samples 2 --device cpu --workspace".split(), str(tmp_path)])
    network = tmp_path / "dimp/toy/network.safetensors"
    steps = load_file(network)["feature_extractor.conv1.1.num_batches_tracked"]
    assert steps == 2
    tracker = Tracker(network, accelerator="torch")
    frames, boxes = moving_square()
    tracker.initialize(frames[0], boxes[0])
    assert np.isfinite(tracker.track(frames[1]).box).all()
