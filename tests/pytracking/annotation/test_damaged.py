"""Damaged files of every format are read as annotations or refused by name."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.annotation.building import TrackBuilder
from pytracking.annotation.formats import FORMATS, read, write
from pytracking.annotation.model import MOST_FRAMES, AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo
from tests.fakes.mutations import mutate_json, mutate_text
from tests.pytracking.annotation.test_formats import SAMPLE, VIDEO, cvat_file, place

CASES = 60
ROTATED = '<box frame="0" keyframe="1" outside="0" occluded="0" rotation="{}" xtl="0" ytl="0" xbr="5" ybr="20"></box>'


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.read])
def test_damaged_files_are_read_or_refused_by_name(name: str, tmp_path: Path) -> None:
    source = place(name, tmp_path)
    write(SAMPLE.only([7]) if name == "got10k" else SAMPLE, source, name)
    files = [source] if source.is_file() else sorted(file for file in source.rglob("*") if file.is_file())
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    refused, named = 0, True
    for case in range(CASES):
        file = files[rng.integers(len(files))]
        good = file.read_bytes()
        file.write_bytes((mutate_json if file.suffix == ".json" and case % 2 else mutate_text)(good, rng))
        try:
            assert isinstance(read(source, name, VIDEO if case % 3 else VideoInfo(VIDEO.size)), Annotations)
        except (InputError, OSError) as error:
            refused += 1
            named &= source.stem in str(error)
        file.write_bytes(good)
    assert refused > CASES // 20
    assert named


@pytest.mark.parametrize("frame", [-1, MOST_FRAMES, 10**30])
def test_no_file_fills_the_memory(frame: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected frames from 0 to 999999"):
        AnnotatedTrack(0, "a", {frame: AnnotatedBox((0, 0, 1, 1))})
    with pytest.raises(InputError, match="expected frames from 0 to 999999"):
        TrackBuilder().add(0, "a", frame, AnnotatedBox((0, 0, 1, 1)))
    region = {"type": "videorectangle", "value": {"sequence": [], "framesCount": frame + 1}}
    (tmp_path / "a.json").write_text(json.dumps([{"annotations": [{"result": [region]}]}]))
    if frame > 0:
        with pytest.raises(InputError, match=r"a\.json: .*expected 1 to 1000000 frames"):
            read(tmp_path / "a.json", video=VideoInfo((10, 10)))


@pytest.mark.parametrize("angle", ["inf", "nan", "1e400"])
def test_an_angle_that_is_none_is_refused(angle: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"task\.xml:2: <box>: expected a box"):
        read(cvat_file(tmp_path, ROTATED.format(angle)))


def test_names_stay_on_their_line(tmp_path: Path) -> None:
    track = AnnotatedTrack(0, " a\nb\x1b[31m\t ", {0: AnnotatedBox((0, 0, 1, 1))})
    assert track.label == "a b[31m"
    sample = Annotations((track,), VideoInfo((10, 10), 1, 25, "x\ny.mp4"))
    for name, known in FORMATS.items():
        path = place(name, tmp_path / name)
        write(sample, path, name)
        if known.read:
            assert len(read(path, name, sample.video).tracks) == 1
