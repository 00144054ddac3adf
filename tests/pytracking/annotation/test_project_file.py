import json
import tempfile
from pathlib import Path

import pytest

from ltr.utils.errors import InputError
from pytracking.annotation import formats
from pytracking.annotation.editing import Project
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo
from pytracking.annotation.project_file import ProjectFile, open_project, project_path, save_project

VIDEO = VideoInfo((64, 48), 30, 25.0, "a.mp4")
TRACK = AnnotatedTrack(
    3,
    "ball",
    {
        4: AnnotatedBox((1.5, 2, 3, 4)),
        5: AnnotatedBox((1, 2, 3, 4), False, score=0.75, box_std=(1, 1, 2, 2)),
        9: AnnotatedBox((7, 2, 3, 4), occluded=True),
    },
)
PROJECT = Project(Annotations((TRACK,), VIDEO), frozenset({(3, 5)}))


def test_there_and_back(tmp_path):
    path = tmp_path / "p.json"
    assert open_project(path, VIDEO) is None
    save_project(PROJECT, path)
    assert open_project(path, VIDEO) == PROJECT
    assert formats.read(path) == PROJECT.annotations  # it is this toolkit's JSON, too
    assert [file.name for file in tmp_path.iterdir()] == ["p.json"]


def test_where_it_stands():
    assert project_path("videos/clip.mp4").as_posix() == "videos/clip.mp4.annotations.json"
    assert project_path("images/").as_posix() == "images.annotations.json"
    assert project_path("images/*.jpg").as_posix() == "images/_.jpg.annotations.json"
    assert project_path("https://host/a/clip.mp4?x=1").as_posix() == "clip.mp4.annotations.json"
    assert project_path(".") == Path.cwd().with_name(Path.cwd().name + ".annotations.json")


def test_what_another_program_writes_is_kept(tmp_path):
    file = ProjectFile(tmp_path / "p.annotations.json")
    assert not file.save(PROJECT)
    assert not file.save(PROJECT)
    file.path.unlink()
    assert not file.save(PROJECT)  # it has everything
    (tmp_path / "p.annotations.json").write_text("mine")
    assert file.save(PROJECT)
    assert not file.save(PROJECT)
    assert file.path == tmp_path / "p.annotations-2.json"
    assert (tmp_path / "p.annotations.json").read_text() == "mine"
    assert open_project(file.path, VIDEO) == PROJECT


def test_at_the_end_it_is_written_somewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"p\.json cannot be written .*: the annotations are in (.*)") as caught:
        ProjectFile(tmp_path / "file" / "p.json").save_at_the_end(PROJECT)
    (kept,) = tmp_path.glob("annotations-*/p.json")
    assert str(caught.value).endswith(str(kept))
    assert open_project(kept, VIDEO) == PROJECT


def test_files_of_the_user_are_not_taken_for_projects(tmp_path):
    path = tmp_path / "boxes.json"
    formats.write(PROJECT.annotations, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"boxes.json: is there already, and no project"):
        open_project(path, VIDEO)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (VideoInfo((64, 48), 29), "another video: frames 30, and 29"),
        (VideoInfo((64, 40), 30), r"another video: size \(64, 48\), and \(64, 40\)"),
    ],
)
def test_a_project_of_another_video_is_refused(tmp_path, video, message):
    save_project(PROJECT, tmp_path / "p.json")
    with pytest.raises(InputError, match=message):
        open_project(tmp_path / "p.json", video)


def test_damaged_ends(tmp_path):
    save_project(PROJECT, tmp_path / "p.json")
    content = json.loads((tmp_path / "p.json").read_text())
    (tmp_path / "p.json").write_text(json.dumps({**content, "ends": [1]}))
    with pytest.raises(InputError, match="ends: expected a list"):
        open_project(tmp_path / "p.json", VIDEO)
