import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ltr.models.bbreg.prediction import BoxPrediction
from ltr.models.loss.ebm import EBMLoss, NCEPlus
from ltr.models.loss.iou_prediction import IoUPrediction
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import NetworkCard, load_network, load_weights, save_network, sha256
from ltr.utils.config import load, to_json
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write
from tests.fakes.networks import SMALL, small_network, write_small_network


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return write_small_network(tmp_path / "net.safetensors")


def test_round_trip_in_half_precision(tmp_path: Path) -> None:
    net = small_network()
    path = tmp_path / "new" / "net.safetensors"
    save_network(net, SMALL, path, NetworkCard(more={"scores": {"auc": 1.5}}))
    loaded, settings, card = load_network(path)
    assert settings == SMALL
    assert card.more == {"scores": {"auc": 1.5}}
    assert not loaded.training
    expected, state = net.state_dict(), loaded.state_dict()
    assert state.keys() == expected.keys()
    for name, value in state.items():
        assert value.dtype == expected[name].dtype
        torch.testing.assert_close(value, expected[name], rtol=2**-10, atol=1e-7)
    assert {value.dtype for value in load_file(path).values()} == {torch.float16, torch.int64}


def test_files_are_safe_and_complete(saved: Path) -> None:
    """Weights are safetensors, whose reader runs no code; nothing temporary stays behind."""
    assert sorted(file.name for file in saved.parent.iterdir()) == ["net.json", "net.safetensors"]
    assert saved.read_bytes()[8:9] == b"{"  # the JSON header of safetensors; a pickle or a zip has none
    card = json.loads(saved.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(saved.read_bytes()).hexdigest() == sha256(saved)


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_missing_file_is_named(saved: Path, suffix: str) -> None:
    missing = saved.with_suffix(suffix)
    missing.unlink()
    with pytest.raises(FileNotFoundError, match=f"{missing} is missing"):
        load_network(saved)


def test_other_files_are_told_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "dimp50.pth").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"dimp50\.pth: expected a network of this toolkit, a \.safe") as told:
        load_network(tmp_path / "dimp50.pth")
    command = f"python -m ltr.admin.import_pytracking {tmp_path}/dimp50.pth --out dimp50.safetensors"
    assert str(told.value).endswith(f"; a network of pytracking is imported by: {command}")


@pytest.mark.parametrize("zipped", [True, False])
def test_renamed_checkpoints_of_pytorch_are_told(tmp_path: Path, zipped: bool) -> None:
    torch.save({"net": {}}, tmp_path / "dimp50.safetensors", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"holds what torch\.save writes.* -m ltr\.admin\.import_pytracking"):
        load_network(tmp_path / "dimp50.safetensors")


def test_replaced_weights_are_noticed(saved: Path) -> None:
    state = load_file(saved)
    state["bb_regressor.iou_predictor.bias"] += 1
    save_file(state, saved)
    with pytest.raises(ValueError, match=r"net.safetensors: does not match the sha256 in net.json"):
        load_network(saved)


@pytest.mark.parametrize("content", [b"", b"garbage that is no safetensors file", b"\x80\x04K\x01."])
def test_garbage_weights_are_named(saved: Path, content: bytes) -> None:
    saved.write_bytes(content)
    with pytest.raises(ValueError, match=r"net.safetensors: not a network written by this toolkit"):
        load_network(saved)


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"network": 3}', '{"network": {"classifier": 3}}'])
def test_garbage_card_is_named(saved: Path, content: str) -> None:
    saved.with_suffix(".json").write_text(content)
    with pytest.raises(ValueError, match=r"net\.(safetensors|json): "):
        load_network(saved)


def test_card_of_a_newer_version_says_which_field_is_unknown(saved: Path) -> None:
    path = saved.with_suffix(".json")
    card = json.loads(path.read_text())
    card["network"]["classifier"]["color"] = "red"
    path.write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"net.json: network: classifier.color: unknown \(known are .*feature_dim"):
        load_network(saved)


def test_cards_of_older_versions_are_read(saved: Path) -> None:
    path = saved.with_suffix(".json")
    card = json.loads(path.read_text())
    network = card["network"]
    network |= {"image_size": network.pop("crop_side"), "search_area_factor": network.pop("search_area")}
    del network["crop_mode"], network["max_shrink"]
    path.write_text(json.dumps(card))
    assert load_network(saved)[1] == SMALL
    assert SMALL.crop_mode == "replicate"


def test_prdimp_networks_from_before_their_initializer_was_learned_are_read(tmp_path: Path) -> None:
    settings = replace(SMALL, classifier=replace(SMALL.classifier, objective="kl"))
    network, path = small_network(0, settings), tmp_path / "kl.safetensors"
    save_network(network, settings, path, NetworkCard())
    state = {name: value for name, value in load_file(path).items() if "filter_initializer" not in name}
    save_file(state, path)
    replace(NetworkCard.read(path), sha256=sha256(path)).write(path)
    initializer = load_network(path)[0].classifier.filter_initializer.state_dict()
    assert initializer.keys() == {"filter_conv.weight", "filter_conv.bias"}
    assert not any(value.any() for value in initializer.values())


def test_single_precision_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    net = small_network()
    save_network(net, SMALL, tmp_path / "net.safetensors", NetworkCard(), torch.float32)
    for name, value in load_network(tmp_path / "net.safetensors")[0].state_dict().items():
        assert torch.equal(value, net.state_dict()[name])


def test_weights_that_do_not_fit_are_listed_in_one_message() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    state = {
        "0.weight": torch.zeros(3, 2),
        "0.bias": torch.zeros(4),
        "1.weight": torch.zeros(1, 3),
        "2.bias": torch.zeros(1),
    }
    with pytest.raises(ValueError, match=r"of\.pt: does not fit") as error:
        load_weights(net, state, Path("of.pt"))
    for part in ("missing 1.bias", "unknown 2.bias", "0.bias has shape [4], expected [3]"):
        assert part in str(error.value)


def test_long_lists_are_cut() -> None:
    net = torch.nn.Sequential(*(torch.nn.Linear(1, 1) for _ in range(5)))
    with pytest.raises(ValueError, match="and 5 more"):
        load_weights(net, {}, Path("of.pt"))


def test_settings_survive_json() -> None:
    values = json.loads(
        json.dumps({"backbone": "resnet18", "frozen_layers": ["conv1"], "classifier": {"feature_dim": 9}})
    )
    settings = load(DiMPnetSettings, values, "here")
    assert (settings.backbone, settings.frozen_layers, settings.classifier.feature_dim) == ("resnet18", ("conv1",), 9)
    assert settings.crop_side == DiMPnetSettings().crop_side


def test_atomic_write_replaces_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    atomic_write(path, lambda temporary: temporary.write_text("first"))
    atomic_write(path, lambda temporary: temporary.write_text("second"))
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_failing_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        assert path.read_text() == "old"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("said", "loss", "expected"),
    [
        (None, None, "log_density"),
        (None, NCEPlus(), "log_density"),
        (None, IoUPrediction(), "overlap"),  # trained before cards said it
        ("log_density", IoUPrediction(), "log_density"),
        ("overlap", None, "overlap"),
    ],
)
def test_the_card_says_what_the_box_branch_predicts(
    tmp_path: Path, said: BoxPrediction | None, loss: EBMLoss | None, expected: BoxPrediction
) -> None:
    training = None if loss is None else {"box_loss": to_json(loss)}
    NetworkCard(box_branch_predicts=said, training=training).write(tmp_path / "net.safetensors")
    assert NetworkCard.read(tmp_path / "net.safetensors").box_prediction == expected


def test_a_card_that_says_another_prediction_is_refused(saved: Path) -> None:
    path = saved.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"box_branch_predicts": "iou"}))
    with pytest.raises(InputError, match=r"box_branch_predicts: expected one of log_density, overlap or .*, got 'iou'"):
        load_network(saved)
