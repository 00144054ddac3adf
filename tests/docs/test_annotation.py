"""The page of annotations: its commands convert, its code runs, CVAT's command line takes its lines."""

import argparse
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pytracking.annotation.formats import FORMATS, read, write
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations
from pytracking.convert_annotations import main
from pytracking.parameter.dimp import published
from tests.docs.test_docs import FRAMES, REPOSITORY, blocks, commands, write_clip
from tests.fakes.networks import write_small_network

PAGE = "annotation.md"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    write_small_network(folder / "dimp_ncep_mobile.safetensors")
    return folder


@pytest.fixture
def place(tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(published, "NETWORKS", network)
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", FRAMES)
    boxes = {frame: AnnotatedBox((10.0 + frame, 20, 30, 40)) for frame in range(8)}
    tracks = tuple(AnnotatedTrack(target, "duck", boxes) for target in (1, 2))
    write(Annotations(tracks), tmp_path / "annotations.xml")
    return tmp_path


def test_the_commands_of_the_page_convert(place: Path, capsys: pytest.CaptureFixture) -> None:
    converts = [shlex.split(command)[1:] for command in commands(PAGE) if "convert_annotations.py" in command]
    assert len(converts) >= 4
    for words in converts:
        assert main(words) == 0, capsys.readouterr().err
        if "yolo" not in words:  # which needs the size of the frames
            found = read(Path(words[1]), words[words.index("--to") + 1] if "--to" in words else "")
            assert [len(track.boxes) for track in found.tracks] == [8, 8]
    assert "duck: 1 target, 8 boxes in 8 frames" in capsys.readouterr().out


def test_conversions_are_refused_with_one_line(place: Path, capsys: pytest.CaptureFixture) -> None:
    for words, message in [
        ("annotations.xml out --to nix", "unknown format 'nix'; there are cvat"),
        ("annotations.xml annotations.xml", "OUT annotations.xml: is read from; give another name"),
        ("annotations.xml b.csv --targets 1,x", "--targets: expected ids such as 1,4,7, got '1,x'"),
        ("annotations.xml b.csv --targets 3", "no target 3; there are 1, 2"),
        ("none.xml b.csv", "none.xml: no such file or folder"),
    ]:
        assert main(shlex.split(words)) == 1
        assert message in capsys.readouterr().err
    assert not (place / "b.csv").exists()


def test_one_label_for_all(place: Path) -> None:
    assert main(["annotations.xml", "b.csv", "--label", "bird", "--quiet"]) == 0
    assert read(Path("b.csv")).labels == ["bird"]


def test_the_table_names_all_formats() -> None:
    text = (REPOSITORY / "docs" / PAGE).read_text(encoding="utf-8")
    rows = {
        cells[1].strip(" `"): (cells[3].strip(), cells[4].strip())
        for cells in (line.split("|") for line in text.splitlines() if line.startswith("| `"))
    }
    assert rows == {name: ("yes" if known.read else "", "yes") for name, known in FORMATS.items()}


@pytest.mark.parametrize("page", ["README.md", PAGE])
def test_the_commands_that_annotate_serve_a_page(page: str, place: Path) -> None:
    found = [command for command in commands(page) if "run_annotate.py" in command]
    assert found
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    for command in found:
        words = [sys.executable, str(REPOSITORY / shlex.split(command)[0]), *shlex.split(command)[1:], "--port", "0"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as server:
            try:
                url, path = re.findall(r"open (\S+) .* kept in (.*)\)", server.stdout.readline())[0]
                with urllib.request.urlopen(url + "video", timeout=30) as answer:
                    assert json.load(answer)["frames"] == len(FRAMES)
                draw = {"type": "draw", "target": None, "label": "duck", "frame": 3, "box": [20, 20, 30, 40]}
                headers = {"Origin": url.rstrip("/")}
                request = urllib.request.Request(url + "edit", json.dumps(draw).encode(), headers)
                urllib.request.urlopen(request, timeout=30).close()
            finally:
                server.send_signal(signal.SIGINT)
                told = server.communicate(timeout=60)[0]
        assert (server.returncode, told) == (0, f"\nstopped; {path}\n")
        assert read(Path(path)).tracks[-1].boxes[3].keyframe  # saved though it was stopped at once


@pytest.mark.usefixtures("same_threads")
def test_the_code_of_the_page_runs(place: Path) -> None:
    sv = pytest.importorskip("supervision", reason="needs the extra annotation")
    namespace = {"frame": FRAMES[0], "next_frame": FRAMES[4]}
    namespace["detections"] = sv.Detections(xyxy=np.array([[100.0, 80, 160, 170]]), confidence=np.array([0.9]))
    for language, body in blocks(PAGE):
        if language == "python":
            exec(compile(body, PAGE, "exec"), namespace)
    assert (place / "written.csv").is_file()
    assert namespace["picture"].shape == FRAMES[0].shape


def test_cvats_command_line_takes_the_lines_of_the_page() -> None:
    main_module = pytest.importorskip("cvat_cli.__main__", reason="needs the extra annotation")
    (text,) = [body for _, body in blocks(PAGE) if "cvat-cli" in body]
    parser = argparse.ArgumentParser()
    main_module.configure_common_arguments(parser)
    main_module.COMMANDS.configure_parser(parser)
    parsed = [parser.parse_args(shlex.split(line)[1:]) for line in text.splitlines()]
    assert [words.function_module for words in parsed] == ["pytracking.integrations.cvat"] * 2


@pytest.mark.usefixtures("same_threads")
def test_the_example_of_detectors_finds_what_moves(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    frames = [FRAMES[0].copy() for _ in range(12)]
    for number, frame in enumerate(frames):
        frame[60:100, 20 + 6 * number : 60 + 6 * number] = FRAMES[4][:40, :40]
    write_clip(place / "moving.mp4", frames)
    monkeypatch.setattr(sys, "argv", ["detect.py", "moving.mp4"])
    runpy.run_path(str(REPOSITORY / "docs/examples/detect.py"), run_name="__main__")
    begun = [line for line in capsys.readouterr().out.splitlines() if "begins" in line]
    assert begun
    x, y, w, h = map(int, begun[0].partition("[")[2].strip("]").split(","))
    assert abs(y + h / 2 - 80) < 15
    assert 30 < x + w / 2 < 130
