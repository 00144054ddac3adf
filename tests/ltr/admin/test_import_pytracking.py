"""Networks of pytracking become networks of this toolkit: every weight, and what files say of crops and labels."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ltr.admin.import_pytracking import Options, import_network, main
from ltr.admin.pytracking_checkpoint import network_settings, read_checkpoint
from ltr.admin.pytracking_networks import PUBLISHED, architecture, box_prediction, own_names
from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.build import build_network
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.weights import NetworkCard, load_network, save_network, sha256
from ltr.train_settings.dimp import SETTINGS
from ltr.utils.errors import InputError
from pytracking import Tracker
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import small_network
from tests.fakes.pytracking_files import (
    SMALL_HEADS,
    constructor_arguments,
    slim,
    whole_state,
    write_checkpoint,
)

ALWAYS = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "far_threshold": -1e9, "distractor_ratio": 1e9}


@pytest.fixture(scope="module")
def dimp18() -> DiMPnet:
    return small_network(3, replace(slim("dimp18"), crop_side=128))


@pytest.fixture(scope="module")
def file(dimp18: DiMPnet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "DiMPnet_ep0050.pth.tar"
    return write_checkpoint(path, "dimp18", whole_state(dimp18), settings={"output_sz": 128}, **SMALL_HEADS)


def _same_weights(path: Path, network: DiMPnet) -> bool:
    expected = network.state_dict()
    loaded = load_network(path)[0].state_dict()
    return loaded.keys() == expected.keys() and all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_every_weight_is_kept_and_the_card_tells_their_source(file: Path, dimp18: DiMPnet, tmp_path: Path) -> None:
    out = tmp_path / "new" / "mine.safetensors"
    text = import_network(Options(file, out))
    assert _same_weights(out, dimp18)
    _, settings, card = load_network(out)
    label = replace(slim("dimp18").classifier, label_sigma=pytest.approx(0.9))
    assert settings == replace(slim("dimp18"), classifier=label, crop_side=128)
    assert card.sha256 == sha256(out)
    assert card.box_prediction == "overlap"
    assert card.more["source"] == {
        "toolkit": "pytracking",
        "file": "DiMPnet_ep0050.pth.tar",
        "sha256": sha256(file),
        "published": "dimp18",
        "constructor": "dimpnet18",
        "training": "dimp/dimp18",
        "epoch": 50,
    }
    assert text.splitlines()[0] == f"{out}: dimp18 of pytracking, resnet18"
    assert "crops of 128 px and 5 target sizes, border replicate; label of 0.9 cells; boxes by their overlap" in text
    assert sorted(each.name for each in out.parent.iterdir()) == ["mine.json", "mine.safetensors"]


def test_it_tracks_as_the_same_weights_of_a_file_of_ours(file: Path, dimp18: DiMPnet, tmp_path: Path) -> None:
    import_network(Options(file, tmp_path / "theirs.safetensors"))
    settings = load_network(tmp_path / "theirs.safetensors")[1]
    card = NetworkCard.read(tmp_path / "theirs.safetensors")
    save_network(dimp18, settings, tmp_path / "ours.safetensors", card, torch.float32)
    boxes = []
    for name in ("theirs", "ours"):
        tracker = Tracker(
            "dimp", str(tmp_path / f"{name}.safetensors"), "cpu", accelerator="torch", localization=ALWAYS
        )
        tracker.initialize(noise_picture(0, 200, 150), (60.0, 40.0, 32.0, 28.0))
        boxes.append([tracker.track(noise_picture(seed, 200, 150)).box for seed in (0, 0, 1)])
    assert boxes[0] == boxes[1]
    assert len(set(boxes[0])) == 3  # it moved


def test_atom_is_imported_for_its_own_tracker(tmp_path: Path) -> None:
    branch = AtomIoUNetSettings(pred_input_dim=8, pred_inter_dim=8)
    network = build_network(replace(PUBLISHED["atom"][0], box_branch=branch))
    heads = {"iou_input_dim": (8, 8), "iou_inter_dim": (8, 8)}
    path = write_checkpoint(tmp_path / "atom_default.pth", "atom", whole_state(network), zipped=False, **heads)
    import_network(Options(path, tmp_path / "atom.safetensors"))
    assert _same_weights(tmp_path / "atom.safetensors", network)
    assert NetworkCard.read(tmp_path / "atom.safetensors").box_prediction == "overlap"
    tracker = Tracker("atom", str(tmp_path / "atom.safetensors"), "cpu", accelerator="torch", crop_side=96)
    tracker.initialize(noise_picture(0, 200, 150), (60.0, 40.0, 32.0, 28.0))
    assert tracker.track(noise_picture(0, 200, 150)).state in ("tracking", "uncertain", "lost")
    alone = tmp_path / "alone"
    alone.mkdir()
    torch.save(whole_state(build_network(PUBLISHED["atom"][0])), alone / "atom_default.pth")
    import_network(Options(alone / "atom_default.pth", alone / "x.safetensors"))
    assert NetworkCard.read(alone / "x.safetensors").more["source"]["published"] == "atom"


@pytest.mark.parametrize("name", ["dimp18", "dimp50", "super_dimp", "prdimp18", "prdimp50"])
def test_the_published_networks_are_those_of_our_trainings(tmp_path: Path, name: str) -> None:
    """Their constructors' arguments give value by value the network of the training that carries the name."""
    path = write_checkpoint(tmp_path / "x.pth.tar", name, {"w": torch.zeros(1)}, package="dlframework.common.utils")
    settings, found = network_settings(path, read_checkpoint(path), "")
    expected = SETTINGS[name].network
    classifier = replace(expected.classifier, label_sigma=pytest.approx(expected.label_sigma))
    assert settings == replace(expected, classifier=classifier)
    assert found == name
    weights = tmp_path / f"{name}.pth"
    torch.save({"bb_regressor.iou_predictor.weight": torch.zeros(1)}, weights)
    assert network_settings(weights, read_checkpoint(weights), "")[0] == settings  # by the file's name


@pytest.mark.parametrize(("name", "zipped"), [("super_dimp", True), ("prdimp18", False)])
def test_networks_of_other_trainings_are_imported(tmp_path: Path, name: str, zipped: bool) -> None:
    network = build_network(slim(name))
    path = write_checkpoint(tmp_path / "x.pth.tar", name, whole_state(network), zipped, **SMALL_HEADS)
    text = import_network(Options(path, tmp_path / "x.safetensors"))
    assert _same_weights(tmp_path / "x.safetensors", network)
    assert "boxes by their log-density" in text
    assert NetworkCard.read(tmp_path / "x.safetensors").box_branch_predicts == "log_density"
    assert load_network(tmp_path / "x.safetensors")[1].crop_mode == slim(name).crop_mode


@pytest.mark.parametrize(
    ("make", "ema"),
    [
        (lambda net: net, False),
        (lambda net: OrderedDict({f"module.{name}": value for name, value in net.items()}), False),
        (lambda net: {"state_dict": net, "epoch": 3}, False),
        (lambda net: {"net": net, "constructor": None, "settings": None}, False),
        (lambda net: {"net_ema": net, "epoch": 3}, False),
        (lambda net: {"net": {"other": torch.zeros(1)}, "net_ema": net}, True),
    ],
    ids=["alone", "several GPUs", "state_dict", "no constructor", "ema only", "ema chosen"],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_other_forms_of_files_are_read(tmp_path: Path, make: Any, ema: bool, zipped: bool) -> None:
    weights = {"classifier.a": torch.arange(3.0), "feature_extractor.b": torch.ones(2)}
    torch.save(make(weights), tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "x.pth", ema).weights
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], value) for name, value in weights.items())


def test_names_and_numbers_of_other_versions_are_made_ours() -> None:
    theirs = {"feature_extractor.fc.bias": torch.ones(2), "bn.weight": torch.ones(2, dtype=torch.float64)}
    expected = {"bn.weight": torch.zeros(2), "bn.num_batches_tracked": torch.tensor(0)}  # torch 0.4 had no counter
    made = own_names(theirs, expected)
    assert {name: value.dtype for name, value in made.items()} == {
        "bn.num_batches_tracked": torch.int64,
        "bn.weight": torch.float32,
    }


def test_both_kinds_of_weights_are_told(file: Path, dimp18: DiMPnet, tmp_path: Path) -> None:
    average = {name: v * 0.5 if v.is_floating_point() else v for name, v in whole_state(dimp18).items()}
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", whole_state(dimp18), more={"net_ema": average}, **SMALL_HEADS)
    assert "also holds net_ema: a running average, which --ema takes" in import_network(
        Options(path, tmp_path / "a.safetensors")
    )
    assert "also holds net: weights without averaging" in import_network(
        Options(path, tmp_path / "b.safetensors", ema=True)
    )
    a, b = (load_network(tmp_path / f"{name}.safetensors")[0].classifier.filter_optimizer for name in "ab")
    assert torch.equal(a.filter_reg * 0.5, b.filter_reg)
    with pytest.raises(InputError, match=r"holds no running average \(net_ema, "):
        read_checkpoint(file, ema=True)


def _build(name: str, *args: Any, module: str = "ltr.models.tracking.dimpnet", **kwds: Any) -> Any:
    return architecture(name, module, args, kwds, "x.pth")


@pytest.mark.parametrize(
    ("name", "module", "tracker"),
    [
        ("kysnet_res50", "ltr.models.kys.kysnet", "KYS"),
        ("tompnet50", "ltr.models.tracking.tompnet", "ToMP"),
        ("steepest_descent_resnet50", "ltr.models.lwl.lwl_net", "LWL"),
        ("rts_resnet50", "ltr.models.rts.rts_net", "RTS"),
        ("tamosnet_resnet50", "ltr.models.tracking.tamosnet", "TaMOs"),
        ("dimpnet50_simple", "ltr.models.tracking.dimpnet", "SuperDiMP-simple"),
        ("L2dimpnet18", "ltr.models.tracking.dimpnet", "DiMP with an L2 loss"),
        ("target_candidate_matching_net_resnet50", "ltr.models.target_candidate_matching.tcm", "KeepTrack"),
        ("my_net", "mine", ""),
    ],
)
def test_other_networks_are_refused_by_name(name: str, module: str, tracker: str) -> None:
    named = rf"{name}, {tracker}," if tracker else name
    with pytest.raises(InputError, match=rf"pytracking's {named} cannot be imported; those of dimpnet18, .*SuperDiMP"):
        _build(name, module=module)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("prdimp50", {"alpha_eps": 0.0}, r"alpha_eps: expected 0\.05, got 0\.0"),
        ("prdimp18", {"normalize_label": False, "final_relu": True}, "normalize_label: .*; final_relu: expected False"),
        ("dimp50", {"classification_layer": "layer4"}, "classification_layer: expected 'layer3', got 'layer4'"),
        ("dimp50", {"score_act": "bentpar"}, "score_act: expected 'relu'"),
        ("dimp18", {"new_thing": 1}, "new_thing: unknown"),
        ("dimp18", {"iou_input_dim": (256, 128)}, r"iou_input_dim: expected one number twice"),
        ("dimp18", {"out_feature_dim": "wide"}, "classifier.feature_dim: expected a whole number, got 'wide'"),
        ("dimp18", {"filter_size": 0}, "classifier.filter_size: expected 1 to"),
    ],
)
def test_arguments_that_this_toolkit_has_not_are_refused(name: str, changes: dict[str, Any], message: str) -> None:
    function, keywords = constructor_arguments(name)
    with pytest.raises(InputError, match=f"^x.pth: {function}.*{message}"):
        _build(function, **{**keywords, **changes})


@pytest.mark.parametrize(
    ("actor", "name", "expected"),
    [
        ("DiMPActor", "super_dimp", "overlap"),
        ("KLDiMPActor", "dimp50", "log_density"),
        ("AtomActor", "", "overlap"),
        ("AtomBBKLActor", "", "log_density"),
        ("", "dimp18", "overlap"),
        ("", "atom", "overlap"),
        ("", "atom_prob_ml", "log_density"),
        ("", "prdimp18", "log_density"),
        ("", "super_dimp", "log_density"),
        ("", "", "log_density"),
    ],
)
def test_what_the_boxes_are_scored_by(actor: str, name: str, expected: str) -> None:
    assert box_prediction(actor, name) == expected


def test_arguments_may_be_given_in_order() -> None:
    assert _build("dimpnet50", 4, 5, 0.9, 0.1) == _build(
        "dimpnet50", filter_size=4, optim_iter=5, optim_init_step=0.9, optim_init_reg=0.1
    )
    assert _build("dimpnet50", frozen_backbone_layers="all").frozen_layers == ("conv1", "layer1", "layer2", "layer3")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda net: {"net": {"a": torch.zeros(1)}}, "not the weights of DiMP, SuperDiMP, PrDiMP or ATOM .*: a"),
        (lambda net: {"epoch": 3}, "holds no weights .net, state_dict, model., but epoch"),
        (lambda net: [1], "expected a checkpoint of pytracking, or named weights, got list"),
        (lambda net: whole_state(net), "weights alone; give --like NAME, .*: dimp18, dimp50, super_dimp"),
    ],
)
def test_files_without_a_network_are_told(dimp18: DiMPnet, tmp_path: Path, make: Any, message: str) -> None:
    torch.save(make(dimp18), tmp_path / "x.pth")
    with pytest.raises(InputError, match=rf"x\.pth: {message}"):
        import_network(Options(tmp_path / "x.pth", tmp_path / "x.safetensors"))
    assert not (tmp_path / "x.safetensors").exists()


def test_unknown_trainings_need_crops(tmp_path: Path) -> None:
    mine = {"script_name": "mine", "search_area_factor": 4.0, "output_sz": None}
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", {"w": torch.zeros(1)}, settings=mine)
    checkpoint = read_checkpoint(path)
    with pytest.raises(InputError, match=r"does not say on which crops .*\(output_sz\); give --like NAME"):
        network_settings(path, checkpoint, "")
    settings, _ = network_settings(path, checkpoint, "super_dimp")
    assert (settings.search_area, settings.crop_side, settings.crop_mode) == (4.0, 352, "inside_major")
    with pytest.raises(InputError, match="--like kys: expected one of dimp18"):
        network_settings(path, checkpoint, "kys")


def test_weights_of_another_width_and_those_that_are_not_finite_are_refused(dimp18: DiMPnet, tmp_path: Path) -> None:
    out = tmp_path / "x.safetensors"
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", whole_state(dimp18))
    with pytest.raises(InputError, match=r"x\.pth: does not fit the network: .*has shape"):
        import_network(Options(path, out))
    broken = {**whole_state(dimp18), "classifier.filter_optimizer.filter_reg": torch.tensor([float("nan")])}
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", broken, **SMALL_HEADS)
    with pytest.raises(InputError, match=r"not finite: classifier\.filter_optimizer\.filter_reg$"):
        import_network(Options(path, out))
    assert [each.name for each in tmp_path.iterdir()] == ["x.pth"]


def test_nothing_is_overwritten_unless_it_is_asked_for(file: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "x.safetensors"
    out.with_suffix(".json").write_text("mine")
    command = [str(file), "--out", str(out)]
    with pytest.raises(SystemExit, match=r"^error: .*x\.json exists already: add --overwrite to replace it"):
        main(command)
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]
    main([*command, "--overwrite"])
    assert capsys.readouterr().out.startswith(f"{out}: dimp18 of pytracking")
    with pytest.raises(SystemExit, match=r"error: checkpoint .*gone\.pth is missing$"):
        main([str(tmp_path / "gone.pth"), "--out", str(tmp_path / "new.safetensors")])
    with pytest.raises(SystemExit, match=r"error: /dev/null: is a pipe or device; expected a file$"):
        main(["/dev/null", "--out", str(tmp_path / "new.safetensors")])
    with pytest.raises(SystemExit, match=r"error: out: expected a name that ends with \.safetensors"):
        main([str(file), "--out", str(tmp_path / "x.pth")])
