from pathlib import Path

import pytest
import torch

from ltr.data.batch import TrackingBatch
from ltr.data.drawing import draw_batch
from ltr.data.image_loader import load_image
from ltr.data.labels import gaussian_label
from ltr.util_scripts.summary import describe, main, summarize
from tests.fakes.datasets import noise_picture, write_boxes, write_picture


def _batch() -> TrackingBatch:
    boxes = torch.tensor([[[8.0, 12.0, 16.0, 10.0], [20.0, 20.0, 8.0, 8.0]]])
    return TrackingBatch(
        train_images=torch.full((1, 2, 3, 48, 48), 100, dtype=torch.uint8),
        train_boxes=boxes,
        test_images=torch.full((1, 2, 3, 48, 48), 100, dtype=torch.uint8),
        test_boxes=boxes,
        test_labels=gaussian_label(boxes[..., :2] + boxes[..., 2:] / 2, 4, 16, 0.5),
        ids=("first:0,1", "second:4,5"),
    )


def test_every_tensor_and_sample_has_its_line() -> None:
    lines = describe(_batch()).splitlines()
    assert lines[0].split()[0] == "train_images"
    assert "(1, 2, 3, 48, 48)" in lines[0]
    assert "uint8" in lines[0]
    assert "8.00 .. 20.00" in lines[1] or "8.00 .. 20" in lines[1]
    assert lines[-1] == "sample 1: second:4,5"


def test_the_picture_shows_boxes_and_labels() -> None:
    picture = draw_batch(_batch())
    assert picture.shape == (96, 96, 3)
    assert picture[12, 8].tolist() == [0, 255, 0]  # left, upper corner of the first train box
    assert picture[30, 40].tolist() == [100, 100, 100]
    y, x = 17, 48 + 16  # the first test target's middle: red
    assert picture[y, x, 0] > 120
    assert picture[y, x, 1] < 90


def test_summary_writes_the_picture(tmp_path: Path) -> None:
    text = summarize(_batch(), tmp_path / "a.png")
    assert text == describe(_batch())
    assert (load_image(tmp_path / "a.png") == draw_batch(_batch())).all()


@pytest.mark.parametrize("name", ["a", "a.mp4"])
def test_a_picture_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected a name that ends in \.png or \.jpg"):
        summarize(_batch(), tmp_path / name)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["dimp", "toy", "--out", str(tmp_path / "toy.png"), "--samples", "2"])
    printed = capsys.readouterr().out
    assert "synthetic" in printed
    assert "sample 1: synthetic/" in printed
    assert (tmp_path / "toy.png").exists()
    with pytest.raises(SystemExit, match="error: samples: expected at least 1, got 0"):
        main(["dimp", "toy", "--samples", "0"])
    with pytest.raises(SystemExit, match="error: seed: expected a whole number from 0 to"):
        main(["dimp", "toy", "--seed", "-1"])
    with pytest.raises(SystemExit, match="error: unknown settings 'nope'"):
        main(["dimp", "nope"])


def test_own_sources_are_chosen_as_in_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(3):
        write_picture(tmp_path / "mine" / "own" / "img" / f"{i + 1}.jpg", noise_picture(i))
    write_boxes(tmp_path / "mine" / "own", [(20.0, 20.0, 30.0, 30.0)] * 3)
    file = tmp_path / "small.toml"
    file.write_text('[[sources]]\nkind = "video"\npath = "mine"\n')
    arguments = ["dimp", "dimp_ncep_mobile", "--data", str(tmp_path), "--samples", "1"]
    for number, chosen in enumerate((["--source", "video:mine"], ["--settings", str(file)])):
        main([*arguments, *chosen, "--out", str(tmp_path / f"{number}.png")])
        assert "mine: 1 sequences, 3 usable boxes" in capsys.readouterr().out
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
