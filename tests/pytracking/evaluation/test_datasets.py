import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from pytracking.evaluation import datasets
from pytracking.evaluation.datasets import get_dataset, select
from tests.fakes.videos import number_of, numbered_frame, write_images, write_sequence, write_video


def numbers(sequence):
    return [number_of(frame) for frame in sequence.open()]


def use_spec(monkeypatch, tmp_path, dataset, sequences):
    """Replace the published list of ``dataset`` by a short one."""
    folder = tmp_path / "specs"
    folder.mkdir(exist_ok=True)
    (folder / f"{dataset}.json").write_text(json.dumps({"sequences": sequences}))
    monkeypatch.setattr(datasets, "SPECS", folder)


def published(dataset):
    return json.loads((datasets.SPECS / f"{dataset}.json").read_text())["sequences"]


def test_folder_reads_images_and_videos_with_any_separator(tmp_path):
    write_sequence(tmp_path, "b_images", frames=3, truth="1,2,3,4\r\n5\t6\t7\t8\r\nNaN NaN NaN NaN")
    (tmp_path / "a_video").mkdir()
    write_video(tmp_path / "a_video" / "frames.mp4", frames=4, height=47, width=63)
    (tmp_path / "a_video" / "meta.json").write_text('{"width": 63, "height": 47}')
    (tmp_path / "a_video" / "groundtruth_rect.txt").write_text("1 2 3 4\n" * 4)
    (tmp_path / "no_truth").mkdir()

    video, images = get_dataset(f"folder:{tmp_path}")
    assert (video.name, images.name, video.dataset) == ("a_video", "b_images", "folder")
    np.testing.assert_array_equal(images.ground_truth, [[1, 2, 3, 4], [5, 6, 7, 8], [np.nan] * 4])
    assert numbers(images) == [0, 1, 2]
    assert numbers(pickle.loads(pickle.dumps(video))) == [0, 1, 2, 3]
    assert next(iter(video.open())).shape == (47, 63, 3)


def test_number_of_frames_must_be_that_of_the_rows_unless_only_the_first_is_public(tmp_path):
    write_sequence(tmp_path, "long", frames=3, truth="1,2,3,4\n" * 2)
    write_sequence(tmp_path, "one", frames=3, truth="1,2,3,4\n")
    long, one = get_dataset(f"folder:{tmp_path}")
    with pytest.raises(ValueError, match="long: 3 frames, but the ground truth has 2 rows"):
        long.open()
    assert numbers(one) == [0, 1, 2]


def test_start_is_the_first_box_with_an_area(tmp_path):
    write_sequence(tmp_path, "late", frames=4, truth="nan,nan,nan,nan\n0,0,0,0\n1,2,3,4\n1,2,3,4\n")
    write_sequence(tmp_path, "never", frames=1, truth="0,0,0,0\n")
    late, never = get_dataset(f"folder:{tmp_path}")
    assert (late.start, late.first_box) == (2, (1.0, 2.0, 3.0, 4.0))
    with pytest.raises(ValueError, match="never: the ground truth has no box to start from"):
        _ = never.start


def test_select_by_name_before_index(tmp_path):
    for name in ("x", "1", "y"):
        write_sequence(tmp_path, name, frames=1)
    sequences = get_dataset(f"folder:{tmp_path}")
    assert [s.name for s in sequences] == ["1", "x", "y"]
    assert [s.name for s in select(sequences, "1")] == ["1"]
    assert [s.name for s in select(sequences, "2")] == ["y"]
    assert select(sequences, None) == sequences
    for which in ("3", "z"):
        with pytest.raises(ValueError, match=f"no sequence '{which}': expected an index from 0 to 2 or one of 1, x, y"):
            select(sequences, which)


def test_unknown_names_list_what_there_is(tmp_path):
    with pytest.raises(ValueError, match="unknown data set 'otb50'; there are folder:DIR, demo, otb, uav"):
        get_dataset("otb50")
    with pytest.raises(FileNotFoundError, match="no such folder of sequences"):
        get_dataset(f"folder:{tmp_path}/none")
    with pytest.raises(FileNotFoundError, match=r"holds no <Sequence>/groundtruth_rect\.txt"):
        get_dataset(f"folder:{tmp_path}")


def test_otb_traps(tmp_path, monkeypatch):
    traps = {"David": 3, "Tiger1": 4, "Jogging_2": 2, "Board": 2, "KiteSurf": 2}
    short = {name: {**published("otb")[name], "frames": rows} for name, rows in traps.items()}
    short["Tiger1"]["skip"] = 2
    use_spec(monkeypatch, tmp_path, "otb", short)
    root = tmp_path / "otb"
    write_images(root / "David" / "img", [f"{n:04d}.jpg" for n in range(298, 306)])  # more images than rows
    write_images(root / "Tiger1" / "img", [f"{n:04d}.jpg" for n in range(1, 5)])
    write_images(root / "Jogging" / "img", ["0001.jpg", "0002.jpg"])
    write_images(root / "Board" / "img", ["00001.jpg", "00002.jpg"])
    write_images(root / "KiteSurf" / "jpg", ["0001.png", "0002.png"])
    for name, rows in traps.items():
        folder = root / ("Jogging" if name == "Jogging_2" else name)
        file = "groundtruth_rect.2.txt" if name == "Jogging_2" else "groundtruth_rect.txt"
        (folder / file).write_text("".join(f"{i},2,3,4\n" for i in range(rows)))
    (root / "Jogging" / "groundtruth_rect.1.txt").write_text("")

    read = {s.name: s for s in datasets.read_otb(root)}
    assert {name: numbers(s) for name, s in read.items()} == {
        "David": [2, 3, 4],  # image 300 is the third on disk
        "Tiger1": [2, 3],
        "Jogging_2": [0, 1],
        "Board": [0, 1],
        "KiteSurf": [0, 1],
    }
    assert read["Tiger1"].ground_truth[:, 0].tolist() == [2, 3]
    (root / "David" / "img" / "0301.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="img: no image 301, expected 300 to 302"):
        read["David"].open()
    (root / "Board" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    with pytest.raises(ValueError, match=r"groundtruth_rect\.txt: 1 boxes, while otb as published has 2"):
        datasets.read_otb(root)


def test_uav_shares_folders(tmp_path, monkeypatch):
    use_spec(monkeypatch, tmp_path, "uav", {"car1_2": {"frames": 2, "folder": "car1", "first": 3}})
    root = tmp_path / "UAV"
    write_images(root / "data_seq" / "UAV123" / "car1", [f"{n:06d}.jpg" for n in range(1, 6)])
    (root / "anno" / "UAV123").mkdir(parents=True)
    (root / "anno" / "UAV123" / "car1_2.txt").write_text("1,2,3,4\nNaN,NaN,NaN,NaN\n")
    (sequence,) = datasets.read_uav(root)
    assert numbers(sequence) == [2, 3]
    assert np.isnan(sequence.ground_truth[1]).all()


def test_lasot_and_got10k_blank_flagged_frames(tmp_path, monkeypatch):
    use_spec(monkeypatch, tmp_path, "lasot", {"cat-1": {"frames": 3}})
    cat = tmp_path / "lasot" / "cat" / "cat-1"
    write_images(cat / "img", [f"{n:08d}.jpg" for n in (1, 2, 3)])
    (cat / "groundtruth.txt").write_text("1,2,3,4\n" * 3)
    (cat / "full_occlusion.txt").write_text("0,1,0")
    (cat / "out_of_view.txt").write_text("0\n0\n1\n")
    (lasot,) = datasets.read_lasot(tmp_path / "lasot")
    assert np.isnan(lasot.ground_truth).any(axis=1).tolist() == [False, True, True]
    assert numbers(lasot) == [0, 1, 2]
    (cat / "out_of_view.txt").write_text("0 0")
    with pytest.raises(ValueError, match=r"out_of_view\.txt: 2 flags for 3 boxes"):
        datasets.read_lasot(tmp_path / "lasot")

    val = tmp_path / "got10k" / "val"
    write_images(val / "GOT-10k_Val_000001", ["00000001.jpg", "00000002.jpg"])
    (val / "list.txt").write_text("GOT-10k_Val_000001\n")
    (val / "GOT-10k_Val_000001" / "groundtruth.txt").write_text("1.0,2.0,3.0,4.0\n" * 2)
    (val / "GOT-10k_Val_000001" / "absence.label").write_text("0\n1\n")
    (got,) = datasets.read_got10k_val(tmp_path / "got10k")
    assert numbers(got) == [0, 1]
    assert np.isnan(got.ground_truth).any(axis=1).tolist() == [False, True]


def test_nfs_as_downloaded_and_as_pytracking_wants_it(tmp_path):
    lines = "".join(f'0 {i} 2 {i + 3} 6 {i + 1} 0 0 1 "a ball"\n' for i in range(17))
    folder = tmp_path / "official" / "ball" / "30"
    write_images(folder / "ball", [f"{n:05d}.jpg" for n in (1, 2, 3, 4)])  # one image more than every eighth row
    (folder / "ball.txt").write_text(lines)
    (sequence,) = datasets.read_nfs(tmp_path / "official")
    assert (sequence.name, sequence.dataset) == ("ball", "nfs")
    assert sequence.ground_truth.tolist() == [[0, 2, 3, 4], [8, 2, 3, 4], [16, 2, 3, 4]]
    assert numbers(sequence) == [0, 1, 2]
    write_images(folder / "ball", [f"{n:05d}.jpg" for n in range(1, 18)])
    with pytest.raises(ValueError, match=r"ball: 17 images, expected 3 \(every eighth line of ball\.txt\)"):
        sequence.open()
    (folder / "ball.txt").write_text("1,2,3,4\n")
    with pytest.raises(ValueError, match=r"ball\.txt:1: expected id, x0, y0, x1, y1, found '1,2,3,4'"):
        datasets.read_nfs(tmp_path / "official")

    write_images(tmp_path / "packed" / "sequences" / "ball", ["00001.jpg", "00002.jpg"])
    (tmp_path / "packed" / "anno").mkdir()
    (tmp_path / "packed" / "anno" / "nfs_ball.txt").write_text("1\t2\t3\t4\n5\t6\t7\t8\n")
    (packed,) = datasets.read_nfs(tmp_path / "packed")
    assert (packed.name, numbers(packed)) == ("ball", [0, 1])
    with pytest.raises(FileNotFoundError, match=r"holds neither <seq>/30/<seq>\.txt nor anno/nfs_<seq>\.txt"):
        datasets.read_nfs(tmp_path)


def test_published_lists_have_the_known_sizes():
    """Counts of the benchmarks' papers and toolkits."""
    counts = {name: [s["frames"] for s in published(name).values()] for name in ("otb", "uav", "lasot", "dtb70")}
    assert {name: len(frames) for name, frames in counts.items()} == {"otb": 100, "uav": 123, "lasot": 280, "dtb70": 70}
    assert (sum(counts["uav"]), sum(counts["lasot"])) == (112578, 685360)
    assert published("otb")["David"] == {"frames": 471, "first": 300}
    for name in published("otb"), published("uav"), published("lasot"), published("dtb70"):
        for fields in name.values():
            datasets.SequenceSpec(**fields)


def test_benchmark_comes_from_the_paths_file(tmp_path, monkeypatch):
    use_spec(monkeypatch, tmp_path, "dtb70", {"Yacht2": {"frames": 1}})
    write_sequence(tmp_path / "dtb", "Yacht2", frames=1)
    (tmp_path / "paths.toml").write_text(f'dtb70 = "{tmp_path}/dtb"')
    (sequence,) = get_dataset("dtb70", tmp_path / "paths.toml")
    assert (sequence.dataset, number_of(next(iter(sequence.open())))) == ("dtb70", number_of(numbered_frame(0)))


def test_reading_a_data_set_loads_no_torch(tmp_path):
    write_sequence(tmp_path, "a", frames=1)
    (tmp_path / "a" / "img" / "0001.png").write_bytes(b"unreadable")  # and touches no image
    code = (
        "import sys; from pytracking.evaluation.datasets import get_dataset;"
        f"assert len(get_dataset('folder:{tmp_path}')) == 1; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_real_sequences_have_as_many_frames_as_boxes(shared):
    sequences = get_dataset(f"folder:{shared / 'data' / 'dev_sequences'}")
    assert len(sequences) == 38
    for sequence in sequences:
        assert sequence.open().length == len(sequence.ground_truth)
