"""Every reader with damaged files: a right result or one clear error that names the file, in bounded time."""

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from safetensors.torch import save

from ltr.data.image_loader import load_image
from ltr.dataset import text_files
from ltr.dataset.coco_format import read_coco_arrays, read_coco_masks
from ltr.models.weights import NetworkCard, load_network
from ltr.utils.errors import InputError
from pytracking.api.tracker_checkpoint import read_snapshot, write_snapshot
from pytracking.evaluation import results
from pytracking.evaluation.datasets.environment import BENCHMARKS, benchmark_root
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.submission import read_archive, write_archive
from pytracking.tracker.base.run_info import RunInfo
from pytracking.video.frame_source import open_frames
from tests.fakes.mutations import (
    Mutation,
    mutate_bytes,
    mutate_json,
    mutate_safetensors,
    mutate_text,
    mutated_file,
)
from tests.fakes.networks import write_small_network
from tests.fakes.videos import numbered_frame, write_sequence, write_video

CLEAR_ERRORS = (InputError, OSError)


@dataclass(frozen=True)
class Reader:
    """write: makes a good file in a folder. read: what is tried. right: whether a result is one. cases: how many."""

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]
    right: Callable[[Any], bool]
    mutation: Mutation
    cases: int = 60


def _is_picture(image: np.ndarray) -> bool:
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0


def _are_boxes(boxes: np.ndarray) -> bool:
    return boxes.ndim == 2 and boxes.shape[1] == 4 and len(boxes) > 0


def _are_strict_boxes(boxes: np.ndarray) -> bool:
    finite = np.isfinite(boxes)
    return _are_boxes(boxes) and bool((finite.all(axis=1) | np.isnan(boxes).all(axis=1)).all())


def _write(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _picture(suffix: str, dtype: type = np.uint8) -> Callable[[Path], Path]:
    noise = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (24, 32, 3)).astype(dtype)
    return _write(f"picture{suffix}", cv2.imencode(suffix, noise)[1].tobytes())


def _frames(path: Path) -> list[np.ndarray]:
    return list(islice(open_frames(path), 100))


def _write_pages(folder: Path) -> Path:
    first, *others = (PIL.Image.fromarray(numbered_frame(number, 24, 32)) for number in range(4))
    first.save(folder / "stack.tif", save_all=True, append_images=others)
    return folder / "stack.tif"


def _write_coco(folder: Path) -> Path:
    (folder / "images").mkdir()
    boxes = [
        {"id": i, "image_id": i % 2, "category_id": 1, "bbox": [1, 2, 20, 12], "area": 240, "iscrowd": 0,
         "segmentation": [[1, 2, 21, 2, 21, 14]]}
        for i in range(3)
    ]  # fmt: skip
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 32, "height": 24} for i in range(2)],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": boxes,
    }
    (folder / "annotations.json").write_text(json.dumps(content))
    for i in range(2):
        cv2.imwrite(str(folder / "images" / f"{i}.png"), numbered_frame(i, 24, 32))
    return folder / "annotations.json"


def _write_weights(folder: Path) -> Path:
    return write_small_network(folder / "small.safetensors")


def _read_weights(path: Path) -> Any:
    """As a network whose card belongs to it: what the checksum would catch is let through."""
    card = json.loads(path.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card))
    return load_network(path)


def _is_network(loaded: Any) -> bool:
    network, settings, card = loaded
    return settings.crop_side > 0 and isinstance(card, NetworkCard) and isinstance(network, torch.nn.Module)


STAMP = RunInfo(tracker="dimp", settings={}, network_sha256="0", seed=0)


def _write_snapshot(folder: Path) -> Path:
    write_snapshot(folder / "state.safetensors", {3: {"box": np.zeros(4), "a.b": np.ones(2)}}, STAMP)
    return folder / "state.safetensors"


def _write_paths(folder: Path) -> Path:
    lines = [f'{name} = "{folder}"' for name in list(BENCHMARKS)[:4]]
    return _write("paths.toml", "\n".join(lines).encode())(folder)


def _write_folder(folder: Path) -> Path:
    return write_sequence(folder / "set", "walk") / "groundtruth_rect.txt"


def _write_table(folder: Path) -> Path:
    write_video(folder / "clip.mp4", frames=4)
    rows = ["video,frame,x,y,w,h", *(f"clip.mp4,{i},{1 + i},2,20,12" for i in range(4))]
    return _write("clips.csv", "\n".join(rows).encode())(folder)


def _write_zip(folder: Path) -> Path:
    write_archive({"a.txt": "1,2,3,4\n" * 3, "b.txt": "5,6,7,8\n"}, folder / "boxes.zip")
    return folder / "boxes.zip"


ROWS = "".join(f"{i}.5,12,20.25,16\n" for i in range(6)).encode()

READERS = {
    "jpeg": Reader(_picture(".jpg"), load_image, _is_picture, mutate_bytes),
    "png": Reader(_picture(".png"), load_image, _is_picture, mutate_bytes),
    "png16": Reader(_picture(".png", np.uint16), load_image, _is_picture, mutate_bytes),
    "tiff": Reader(_picture(".tif"), load_image, _is_picture, mutate_bytes),
    "webp": Reader(_picture(".webp"), load_image, _is_picture, mutate_bytes),
    "several pages": Reader(_write_pages, _frames, lambda frames: all(map(_is_picture, frames)), mutate_bytes),
    "bmp": Reader(_picture(".bmp"), load_image, _is_picture, mutate_bytes),
    "video": Reader(
        lambda folder: write_video(folder / "clip.mp4", frames=12),
        _frames,
        lambda frames: len(frames) < 30 and all(map(_is_picture, frames)),
        mutate_bytes,
    ),
    "boxes": Reader(_write("walk.txt", ROWS), text_files.read_boxes, _are_strict_boxes, mutate_text),
    "flags": Reader(_write("cover.txt", b"0\n1\n" * 4), text_files.read_flags, lambda x: x.dtype == bool, mutate_text),
    "labels": Reader(
        _write("cover.label", b"8\n7\n0\n"),
        lambda path: text_files.read_labels(path, 8),
        lambda labels: labels.ndim == 1 and len(labels) > 0,
        mutate_text,
    ),
    "times": Reader(_write("walk_time.txt", b"0.1\n0.2\n"), results.read_times, lambda x: x.ndim == 1, mutate_text),
    "scores": Reader(
        _write("walk_score.txt", b"0.5,tracking\n0.1,lost\n"),
        results.read_scores,
        lambda found: len(found[0]) == len(found[1]),
        mutate_text,
    ),
    "stamp": Reader(
        _write("walk.json", json.dumps({"a": [1, {"b": 2}]}).encode()),
        results.read_stamp,
        lambda stamp: isinstance(stamp, results.ResultInfo),
        mutate_json,
    ),
    "folder": Reader(
        _write_folder,
        lambda path: [sequence.ground_truth for sequence in get_dataset(f"folder:{path.parent.parent}")],
        lambda truths: all(map(_are_boxes, truths)),
        mutate_text,
    ),
    "csv": Reader(
        _write_table,
        lambda path: [sequence.ground_truth for sequence in get_dataset(f"csv:{path}")],
        lambda truths: all(map(_are_boxes, truths)),
        mutate_text,
    ),
    "paths": Reader(
        _write_paths, lambda path: benchmark_root("otb", path), lambda root: root.is_dir(), mutate_text
    ),
    "archive": Reader(_write_zip, read_archive, lambda contents: isinstance(contents, dict), mutate_bytes),
    "coco masks": Reader(_write_coco, read_coco_masks, lambda arrays: len(arrays) > 0, mutate_json, cases=200),
    "coco arrays": Reader(
        _write_coco,
        read_coco_arrays,
        lambda arrays: len(arrays["boxes"]) == len(arrays["pictures"]) and arrays["boxes"].shape[1:] == (4,),
        mutate_json,
        cases=200,
    ),
    "card": Reader(
        lambda folder: _write_weights(folder).with_suffix(".json"),
        lambda path: load_network(path.with_suffix(".safetensors")),
        _is_network,
        mutate_json,
        cases=120,
    ),
    "network": Reader(_write_weights, _read_weights, _is_network, mutate_safetensors, cases=30),
    "snapshot": Reader(
        _write_snapshot,
        lambda path: read_snapshot(path, STAMP),
        lambda targets: all(isinstance(key, int) for key in targets),
        mutate_safetensors,
        cases=200,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_right_or_refused_by_name(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    path = reader.write(tmp_path)
    good = path.read_bytes()
    assert reader.right(reader.read(path))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    refused = 0
    for case in range(reader.cases):
        path.write_bytes(good)
        mutated_file(path, reader.mutation, rng)
        try:
            right, message = reader.right(reader.read(path)), ""
        except CLEAR_ERRORS as error:
            right, message = False, str(error)
            refused += 1
        except Exception as error:
            raise AssertionError(f"case {case}: {path.read_bytes()[:400]!r}") from error
        assert right or path.stem in message, f"case {case}: {message or 'wrong result'}: {path.read_bytes()[:400]!r}"
    assert refused > 0


def test_a_snapshot_is_what_was_saved_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    arrays = {"box": np.ones(4), "none": np.zeros((0, 2)), "flag": np.array(True), "half": np.ones(2, np.float16)}
    write_snapshot(path, {3: arrays}, STAMP)
    restored = read_snapshot(path, STAMP)[3]
    for name, array in arrays.items():
        np.testing.assert_array_equal(restored[name], array, strict=True)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(InputError, match=r"state\.safetensors: is damaged"):
        read_snapshot(path, STAMP)
    path.write_bytes(save({"3.box": torch.ones(4)}, {"stamp": json.dumps(STAMP.to_json())}))
    with pytest.raises(InputError, match="has no checksum"):
        read_snapshot(path, STAMP)


def test_what_a_safetensors_file_holds_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(b"\x80\x04cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    for read in (load_network, lambda p: read_snapshot(p, STAMP)):
        with pytest.raises(CLEAR_ERRORS, match=r"state"):
            read(path)
    path.write_bytes(save({"a": torch.zeros(1)}))
    with pytest.raises(ValueError, match=r"state\.safetensors: not a tracker state"):
        read_snapshot(path, STAMP)
    assert not (tmp_path / "ran").exists()
