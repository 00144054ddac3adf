"""Every format: round trips, what the tools' own packages read, and files that are wrong."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.own_videos import list_folder
from ltr.utils.errors import InputError
from pytracking.annotation.formats import FORMATS, read, write
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo

VIDEO = VideoInfo((320, 240), 9, 25.0, "clip.mp4")


def straight(frames: range, keyframes: tuple[int, ...] = ()) -> dict[int, AnnotatedBox]:
    """A box that moves and grows evenly; the ends are key frames."""
    return {
        frame: AnnotatedBox(
            (10.5 + 2 * frame, 20.25 + frame, 30 + frame, 40.0), frame in (frames[0], frames[-1], *keyframes)
        )
        for frame in frames
    }


DUCK = AnnotatedTrack(1, "duck", straight(range(1, 4)) | straight(range(5, 8), (6,)))  # gone in frames 0, 4 and 8
CAR = AnnotatedTrack(7, "red car", straight(range(9)))
SAMPLE = Annotations((DUCK, CAR), VIDEO)


def plain(annotations: Annotations) -> Annotations:
    """What formats without key frames keep."""
    tracks = [
        replace(track, boxes={frame: AnnotatedBox(box.box) for frame, box in track.boxes.items()})
        for track in annotations.tracks
    ]
    return replace(annotations, tracks=tuple(tracks))


def named(annotations: Annotations, *labels: str) -> Annotations:
    """With other labels, of formats that keep none, or not as they are."""
    pairs = zip(annotations.tracks, labels, strict=True)
    return replace(annotations, tracks=tuple(replace(track, label=label) for track, label in pairs))


def shown(annotations: Annotations) -> dict:
    """For comparisons: everything, with boxes rounded to what files hold."""
    return {
        (track.id, track.label, frame): (
            *np.round(box.box, 2).tolist(),
            box.keyframe,
            box.occluded,
            box.score,
            box.box_std,
        )
        for track in annotations.tracks
        for frame, box in track.boxes.items()
    }


KEPT = {  # what is left of the sample
    "cvat": SAMPLE,
    "label-studio": SAMPLE,
    "mot": plain(SAMPLE),
    "coco": SAMPLE,
    "yolo": plain(SAMPLE),
    "vot": named(plain(SAMPLE), "object", "object"),
    "got10k": named(plain(SAMPLE).only([7]), "object"),
    "folder": named(plain(SAMPLE), "object", "object"),
    "after-effects": named(plain(SAMPLE), "duck", "red_car"),
    "json": SAMPLE,
    "csv": SAMPLE,
}


def place(name: str, folder: Path) -> Path:
    known = FORMATS[name]
    suffix = "" if known.folder else known.suffix or ".json"
    return folder / f"out{suffix}"


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.read])
def test_round_trip(name, tmp_path):
    path = place(name, tmp_path)
    write(SAMPLE.only([7]) if name == "got10k" else SAMPLE, path, name)
    found = read(path, video=VIDEO)  # the format is recognized
    expected = KEPT[name]
    if name == "got10k":
        expected = replace(expected, tracks=(replace(expected.tracks[0], id=0),))
    assert shown(found) == shown(expected)
    assert found.video == replace(VIDEO, source=found.video.source)


@pytest.mark.parametrize("name", ["cvat", "coco", "mot", "csv", "json"])
def test_occlusion_is_kept(name, tmp_path):
    boxes = {0: AnnotatedBox((1, 2, 3, 4)), 1: AnnotatedBox((2, 2, 3, 4), occluded=True), 2: AnnotatedBox((3, 2, 3, 4))}
    sample = Annotations((AnnotatedTrack(3, "duck", boxes),), VIDEO)
    path = place(name, tmp_path)
    write(sample, path, name)
    assert shown(read(path, video=VIDEO)) == shown(sample)


def test_got10k_keeps_absence_and_cover(tmp_path):
    boxes = {0: AnnotatedBox((1, 2, 3, 4)), 2: AnnotatedBox((3, 2, 3, 4), occluded=True)}
    sample = Annotations((AnnotatedTrack(0, "object", boxes),), VIDEO)
    write(sample, tmp_path / "seq", "got10k")
    assert shown(read(tmp_path / "seq")) == shown(sample)
    assert (tmp_path / "seq" / "absence.label").read_text().split() == [*"010111111"]
    with pytest.raises(InputError, match=r"GOT-10k holds one target, not 2; choose one \(--targets\)"):
        write(SAMPLE, tmp_path / "other", "got10k")


@pytest.mark.parametrize("name", ["label-studio", "yolo", "coco", "nuke"])
def test_the_size_of_frames_is_asked_for(name, tmp_path):
    with pytest.raises(InputError, match="give the video"):
        write(replace(SAMPLE, video=VideoInfo()), place(name, tmp_path), name)
    assert not place(name, tmp_path).exists()


def test_a_filled_folder_is_not_written_to(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="written to a folder that does not exist or is empty"):
        write(SAMPLE, tmp_path, "mot")


def test_training_reads_the_folder(tmp_path):
    write(SAMPLE, tmp_path / "yard", "folder")
    (tmp_path / "yard" / "yard.mp4").touch()
    boxes = {name: video.boxes() for name, video in list_folder(tmp_path).videos.items()}
    assert list(boxes) == ["yard-1", "yard-7"]
    assert np.isnan(boxes["yard-1"][[0, 4, 8]]).all()
    np.testing.assert_allclose(boxes["yard-1"][1], DUCK.boxes[1].box)


def cvat_file(folder: Path, boxes: str, head: str = "", root: str = "annotations") -> Path:
    path = folder / "task.xml"
    task = "<meta><task><size>9</size></task></meta>"
    path.write_text(f'{head}<{root}>{task}<track id="0" label="duck">\n{boxes}\n</track></{root}>')
    return path


BOX = '<box frame="{}" keyframe="1" outside="{}" occluded="0" xtl="{}" ytl="0" xbr="{}" ybr="20"></box>'


def test_cvat_shows_what_is_between_keyframes(tmp_path):
    """As CVAT does: straight lines, a hidden box stays up to where it ends, the last one to the end."""
    texts = [(0, 0, 0, 10), (2, 0, 4, 14), (4, 1, 4, 14), (6, 0, 8, 18)]
    path = cvat_file(tmp_path, "".join(BOX.format(*text) for text in texts))
    (track,) = read(path).tracks
    assert {frame: (box.box[0], box.keyframe) for frame, box in track.boxes.items()} == {
        0: (0, True), 1: (2, False), 2: (4, True), 3: (4, False), 6: (8, True), 7: (8, False), 8: (8, False)
    }  # fmt: skip


def test_cvat_boxes_turned_become_upright(tmp_path):
    turned = BOX.format(0, 0, 0, 10).replace("<box", '<box rotation="90"')
    (track,) = read(cvat_file(tmp_path, turned)).tracks
    np.testing.assert_allclose(track.boxes[0].box, (-5, 5, 20, 10), atol=1e-9)


def test_cvat_writes_key_frames_only_where_lines_bend(tmp_path):
    boxes = {frame: AnnotatedBox((float(abs(frame - 3)), 1, 5, 5), keyframe=False) for frame in range(7)}
    write(Annotations((AnnotatedTrack(0, "a<b&\"c'", boxes),)), tmp_path / "a.xml")
    text = (tmp_path / "a.xml").read_text()
    assert re.findall(r'frame="(\d+)" keyframe="1"', text) == ["0", "3", "6"]
    assert read(tmp_path / "a.xml").labels == ["a<b&\"c'"]


BAD_CVAT = [
    (BOX.format(0, 0, "x", 10), {}, r":2: <box>: expected a number in xtl, found 'x'"),
    (BOX.format("-1", 0, 0, 10), {}, r":2: <box>: expected a whole number in frame, found '-1'"),
    (BOX.format(0, 0, 10, 10), {}, r":2: <box>: expected a box .* above 0, found 10, 0, 0, 20"),
    (2 * BOX.format(0, 0, 0, 10), {}, r":2: <box>: a second box in frame 0"),
    ('<polygon points="0,0;1,1"/>', {}, r":2: track 0: expected <box>, found <polygon>; draw rectangles"),
    ("<box", {}, r":3: not XML"),
    ("", {"root": "coco"}, r":1: expected <annotations> of CVAT for video 1.1, found <coco>"),
    ("", {"head": '<!DOCTYPE a [<!ENTITY b "c">]>'}, r":1: a document type .* is not accepted"),
    ("</track><image/><track>", {}, r"is CVAT for images; export the task as CVAT for video 1.1"),
]


@pytest.mark.parametrize(("boxes", "other", "message"), BAD_CVAT)
def test_bad_cvat_files_are_refused(boxes, other, message, tmp_path):
    with pytest.raises(InputError, match=r"task\.xml.*" + message):
        read(cvat_file(tmp_path, boxes, **other), "cvat")


def test_entities_are_not_expanded(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    for entity in (f'SYSTEM "{secret}"', '"aaaaaaaaaa"'):
        path = cvat_file(tmp_path, "&e;", f"<!DOCTYPE annotations [<!ENTITY e {entity}>]>")
        with pytest.raises(InputError, match="document type"):
            read(path)


BAD = [  # format, files, message
    ("mot", {"gt.txt": "1,1,2,3,4,5,1,1,1\n1,1,2,3,4\n"}, r"gt\.txt:2: expected frame,id,x,y,w,h"),
    ("mot", {"gt.txt": "0,1,2,3,4,5,1,1,1\n"}, r"gt\.txt:1: expected frames from 1 on, found 0"),
    ("mot", {"gt.txt": "1,1,2,3,0,5,1,1,1\n"}, r"gt\.txt:1: expected a box"),
    ("mot", {"gt.txt": ""}, r"gt\.txt:1: expected frame,id"),
    ("yolo", {"a/labels/1.txt": "0 0.5 0.5 x 0.1"}, r"1\.txt:1: expected class, x, y, w, h"),
    ("yolo", {"a/labels/1.txt": "0 50 50 200 100"}, r"1\.txt:1: expected parts of the frame, 0 to 1, not pixels"),
    ("yolo", {"a/labels/1.txt": "0 .5 .5 .1 .1\n0 .6 .5 .1 .1"}, r"1\.txt:2: target 0 has two boxes in frame 0"),
    ("yolo", {"a/labels/x.txt": ""}, "holds no text files with the number of a frame"),
    ("vot", {"groundtruth.txt": "1,2,3,4\n1,2,x,4\n"}, r"groundtruth\.txt:2: expected x,y,w,h, a polygon"),
    ("got10k", {"a/groundtruth.txt": "1,2,3\n"}, r"groundtruth\.txt:1: expected four numbers"),
    ("folder", {"groundtruth_rect.txt": "1,2,3,b\n"}, r"groundtruth_rect\.txt:1: expected four numbers"),
    ("folder", {"a/x.txt": ""}, "holds no groundtruth_rect.txt"),
    ("after-effects", {"1_a.txt": "hello"}, r"1_a\.txt:1: expected 'Adobe After Effects"),
    (
        "after-effects",
        {"1_a.txt": "Adobe After Effects 8.0 Keyframe Data\n\n\tSource Width\tx\n"},
        r":3: expected numb",
    ),
    (
        "after-effects",
        {"1_a.txt": "Adobe After Effects 8.0 Keyframe Data\n"},
        "has no Source Width, Source Height, Pos",
    ),
    ("label-studio", {"a.json": "[{}, {}]"}, r"a\.json: expected one task, found 2; export each video"),
    ("label-studio", {"a.json": "[{}]"}, r'a\.json: the task has no "annotations" with a list "result"'),
    ("coco", {"a.json": "{}"}, r"a\.json is not in COCO format: expected a list of objects 'images'"),
    (
        "coco",
        {
            "a.json": json.dumps(
                {"images": [{"id": 1}], "annotations": [{"id": 5, "image_id": 1, "bbox": [1, 2, 3, 4]}]}
            )
        },
        r"a\.json: annotation 5: expected a whole number in track_id",
    ),
    (
        "coco",
        {
            "a.json": json.dumps(
                {"images": [{"id": 1}], "annotations": [{"id": 5, "image_id": 2, "track_id": 1, "bbox": [1, 2, 3, 4]}]}
            )
        },
        r"a\.json: annotation 5: image_id: expected a picture's id, got 2",
    ),
]


@pytest.mark.parametrize(("name", "files", "message"), BAD)
def test_bad_files_are_refused(name, files, message, tmp_path):
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    top = tmp_path / next(iter(files)).split("/")[0]
    with pytest.raises(InputError, match=message):
        read(top, name, VIDEO)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"frame": 0, "x": 1, "y": 1, "width": 2, "height": 2}, r"sequence\[0\]: expected frame \(from 1\)"),
        ({"frame": 1, "x": 1, "y": 1, "width": 0, "height": 2}, r"sequence\[0\]: expected a box"),
        ("frame", r"sequence\[0\]: expected frame"),
    ],
)
def test_bad_label_studio_boxes_are_refused(item, message, tmp_path):
    region = {"id": "abc", "type": "videorectangle", "value": {"sequence": [item]}}
    (tmp_path / "a.json").write_text(json.dumps([{"annotations": [{"result": [region]}]}]))
    with pytest.raises(InputError, match=r"a\.json: region 0 \(abc\): " + message):
        read(tmp_path / "a.json", video=VIDEO)


def test_yolo_frames_count_from_one_without_a_zero(tmp_path):
    (tmp_path / "clip_3.txt").write_text("2 0.5 0.5 0.25 0.5 0.875 12\n")  # yolo track save_txt save_conf
    (track,) = read(tmp_path, "yolo", VIDEO).tracks
    assert track == AnnotatedTrack(12, "class_2", {2: AnnotatedBox((120, 60, 80, 120), False, score=0.875)})


def test_yolo_boxes_end_at_the_frame(tmp_path):
    boxes = {0: AnnotatedBox((-10, 220, 30, 40)), 1: AnnotatedBox((400, 0, 5, 5))}
    write(Annotations((AnnotatedTrack(0, "a", boxes),), VIDEO), tmp_path / "out", "yolo")
    (track,) = read(tmp_path / "out", video=VIDEO).tracks
    assert list(track.boxes) == [0]
    np.testing.assert_allclose(track.boxes[0].box, (0, 220, 20, 20), atol=1e-4)


def test_after_effects_hides_the_layer_where_there_is_no_box(tmp_path):
    write(SAMPLE, tmp_path / "out", "after-effects")
    text = (tmp_path / "out" / "1_duck.txt").read_text()
    opacity = text.split("Transform\tOpacity\n\tFrame\tpercent\n")[1].split("\n\n")[0]
    assert opacity.split() == ["0", "0", "1", "100", "3", "100", "4", "0", "5", "100", "7", "100", "8", "0"]
    assert "Transform\tPosition\n\tFrame\tX pixels\tY pixels\tZ pixels\n\t1\t28.0000\t41.2500\t0.0000\n" in text


def test_nuke_counts_frames_from_one_and_y_from_the_bottom(tmp_path):
    write(SAMPLE, tmp_path / "a.nk")
    text = (tmp_path / "a.nk").read_text()
    assert text.count("Rectangle {") == 2
    assert text.count("{") == text.count("}")
    area = text.split(" area ")[1].split("\n")[0]
    curves = [dict(re.findall(r"x(\d+) ([-\d.]+)", curve)) for curve in re.findall(r"\{curve ([^}]*)\}", area)]
    x, y, w, h = DUCK.boxes[1].box
    assert [float(curve["2"]) for curve in curves] == [x, 240 - y - h, x + w, 240 - y]
    assert " disable {{curve K x1 1 x2 0 x4 0 x5 1 x6 0 x8 0 x9 1}}\n" in text
    with pytest.raises(InputError, match="nuke is only written, not read; cvat, label-studio"):
        read(tmp_path / "a.nk")
