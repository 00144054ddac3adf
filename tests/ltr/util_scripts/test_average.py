import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ltr.models.weights import NetworkCard, load_network, save_network, sha256
from ltr.util_scripts.average import Options, average, main
from tests.fakes.networks import SMALL, small_network

VIDEO, OTHER = {"sequences": [{"name": "a"}]}, {"sequences": [{"name": "b"}]}


def _write(path: Path, seed: int, **card: Any) -> Path:
    settings = SMALL if seed else replace(SMALL, frozen_layers=())
    save_network(small_network(seed), settings, path, NetworkCard(training={"lr": seed}, seed=seed, **card))
    return path


def test_every_weight_is_the_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [_write(tmp_path / f"{seed}.safetensors", seed) for seed in range(3)]
    out = tmp_path / "new" / "mean.safetensors"
    main(Options(tuple(paths), out))
    assert capsys.readouterr().out == f"mean of 3 networks: {out}\n"
    states = [load_file(path) for path in paths]
    for name, value in load_file(out).items():
        parts = torch.stack([state[name].double() for state in states])
        expected = parts.mean(dim=0) if value.is_floating_point() else parts[-1]
        torch.testing.assert_close(value.double(), expected, rtol=2**-10, atol=1e-6)


def test_the_card_names_all(tmp_path: Path) -> None:
    first, last = (
        _write(
            tmp_path / f"{number}.safetensors",
            number,
            box_branch_predicts="overlap",
            data={"video": video, "pictures": {"pictures": 3}},
        )
        for number, video in enumerate((VIDEO, OTHER))
    )
    average([first, last], tmp_path / "mean.safetensors")
    _, settings, card = load_network(tmp_path / "mean.safetensors")
    assert card.box_branch_predicts == "overlap"
    assert settings == SMALL  # the last one's
    assert card.training == {"lr": 1}
    assert list(card.averaged) == [
        {"sha256": sha256(path), "training": {"lr": number}} for number, path in enumerate((first, last))
    ]
    assert card.data == {"video": VIDEO, "video (2)": OTHER, "pictures": {"pictures": 3}}


@pytest.mark.parametrize("victim", ["b.safetensors", "link.safetensors"])
def test_the_networks_that_are_averaged_stay(tmp_path: Path, victim: str) -> None:
    paths = [_write(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("ab")]
    (tmp_path / "link.safetensors").symlink_to(paths[1])
    before = paths[1].read_bytes()
    with pytest.raises(ValueError, match=f"out .*{victim}: is read from"):
        average(paths, tmp_path / victim)
    assert paths[1].read_bytes() == before


def test_bad_input_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    one, out = _write(tmp_path / "one.safetensors", 1), tmp_path / "mean.safetensors"
    with pytest.raises(ValueError, match="networks: expected two at least, got 1"):
        average([one], out)
    with pytest.raises(ValueError, match=r"out: expected a name that ends with \.safetensors, got mean\.pth"):
        average([one, one], Path("mean.pth"))
    with pytest.raises(FileNotFoundError, match="missing"):
        average([one, tmp_path / "nix.safetensors"], out)
    wide = replace(SMALL, box_branch=replace(SMALL.box_branch, pred_inter_dim=16))
    save_network(small_network(0, wide), wide, tmp_path / "wide.safetensors", NetworkCard())
    with pytest.raises(ValueError, match=r"wide\.safetensors: does not fit the network: .* has shape"):
        average([tmp_path / "wide.safetensors", one], out)
    other = _write(tmp_path / "other.safetensors", 2, box_branch_predicts="overlap")
    with pytest.raises(ValueError, match=r"one\.safetensors: its box branch predicts log_density, that of .*other"):
        average([one, other], out)
    assert not out.exists()
    assert json.loads(one.with_suffix(".json").read_text())["seed"] == 1
