from pathlib import Path

import pytest

from ltr.dataset.layouts import LAYOUTS
from ltr.util_scripts.check import check_layout, main
from tests.fakes.datasets import noise_picture, write_coco, write_picture, write_sequences
from tests.fakes.layouts import only, write_coco_split, write_got10k, write_lasot, write_trackingnet

GOT = only(LAYOUTS["got10k"], *(f"train/GOT-10k_Train_{i:06d}" for i in (1, 2)))


def test_a_complete_copy(tmp_path: Path) -> None:
    report = check_layout(GOT, write_got10k(tmp_path), "train")
    assert report.complete
    assert (report.sequences.found, report.frames.found, report.broken.found) == (2, 6, 0)


def test_what_is_missing_is_counted_and_the_first_is_named(tmp_path: Path) -> None:
    root = write_got10k(tmp_path)
    (root / "train/GOT-10k_Train_000001/00000002.jpg").unlink()
    (root / "train/GOT-10k_Train_000001/00000003.jpg").unlink()
    (root / "train/GOT-10k_Train_000002/cover.label").unlink()
    report = check_layout(GOT, root, "train")
    assert not report.complete
    assert report.text().splitlines() == [
        f"sequences    expected         2  found         1   first missing: "
        f"{root}/train/GOT-10k_Train_000002/cover.label",
        f"frames       expected         3  found         1   first missing: "
        f"{root}/train/GOT-10k_Train_000001/00000002.jpg",
    ]


def test_broken_annotations_are_no_missing_ones(tmp_path: Path) -> None:
    root = write_got10k(tmp_path)
    (root / "train/GOT-10k_Train_000001/absence.label").write_text("0\n")
    report = check_layout(GOT, root, "train")
    assert (report.sequences.found, report.broken.found, report.complete) == (2, 1, False)
    assert "absence.label: 1 flags for 3 boxes" in report.text()


def _fails(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(list(argv))
    assert stop.value.code == 1
    return capsys.readouterr().out


def test_command_on_copies_that_hold_too_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lasot(tmp_path / "lasot")
    out = _fails(capsys, "lasot", str(tmp_path / "lasot"))
    assert "expected     1,120  found         2   first missing" in out
    assert "airplane/airplane-3/groundtruth.txt" in out
    write_trackingnet(tmp_path / "trackingnet")
    out = _fails(capsys, "trackingnet", str(tmp_path / "trackingnet"), "--split", "0-1")
    assert "expected     5,022  found         2" in out


def test_command_on_complete_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_coco_split(tmp_path / "coco")
    main(["coco", str(tmp_path / "coco"), "--split", "tiny2017"])
    out = capsys.readouterr().out
    assert out.splitlines()[1:] == [
        "boxes        expected         2  found         2",
        "pictures     expected         2  found         2",
        "not used     1 box of a crowd",
        "complete",
    ]
    write_coco(tmp_path / "own")
    main(["coco", str(tmp_path / "own")])
    write_sequences(tmp_path / "videos")
    main(["video", str(tmp_path / "videos")])
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "frames       expected        20  found        20",
        "not used     2 boxes of absent targets   first: film, frame 4",
        "complete",
    ]


def test_videos_without_boxes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sequences(tmp_path)
    write_picture(tmp_path / "plain" / "img" / "1.png", noise_picture(1))
    main(["video", str(tmp_path)])
    out = capsys.readouterr().out
    assert "sequences    expected         2  found         2" in out
    assert "left out     plain: no groundtruth_rect.txt or groundtruth.txt\n" in out
    assert out.endswith("complete\n")


def test_a_table_of_videos_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sequences(tmp_path)
    rows = "".join(f"stills/img,{t},1,2,30,40\n" for t in range(4))
    (tmp_path / "boxes.csv").write_text("video,frame,x,y,w,h\n" + rows)
    main(["video", str(tmp_path / "boxes.csv")])
    assert "frames       expected         4  found         4\ncomplete" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="nowhere: no such folder of sequences"):
        main(["video", str(tmp_path / "nowhere")])


def test_a_missing_picture_of_coco(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_coco(tmp_path)
    (root / "images" / "2.jpg").unlink()
    assert "first missing: " + str(root / "images" / "2.jpg") in _fails(capsys, "coco", str(root))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("lasot", "nowhere"), "error: folder does not exist: nowhere"),
        (("got10k", "."), "error: got10k has no split 'nix'; there are train, val, vottrain, votval"),
        (("coco", "."), r"error: COCO-format data set: annotations/instances_nix\.json does not exist"),
    ],
)
def test_errors_are_one_line(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(SystemExit, match=f"^{message}$"):
        main([*argv, "--split", "nix"])
