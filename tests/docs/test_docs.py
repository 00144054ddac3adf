"""The commands and the code of README and docs: all are read, and what needs no data set is run."""

import json
import runpy
import shlex
import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
import tyro

from ltr.data.image_loader import encode_jpeg
from ltr.train_settings import load_settings
from ltr.train_settings.dimp.methods import BOX_METHODS
from ltr.trainers.settings import with_values
from ltr.utils.config import read_values
from ltr.utils.files import atomic_write
from pytracking.parameter.dimp import published
from pytracking.video.writer import VideoWriter
from tests.fakes.datasets import noise_picture, write_coco, write_sequences
from tests.fakes.networks import write_small_network

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = {
    "README.md": REPOSITORY / "README.md",
    **{str(page.relative_to(DOCS)): page for page in sorted((*DOCS.glob("*.md"), *DOCS.glob("journal/*.md")))},
}
WITH_CODE = (
    "README.md",
    "api.md",
    "detectors.md",
    "opencv.md",
    "tracking.md",
)  # extending.md and losses.md have tests of their own
WITH_VIDEOS = ("README.md", "api.md", "howto.md", "video.md")
NEED_MORE = (" 0 ", "rtsp://", "--draw")  # a camera, a person
FRAMES = [noise_picture(seed // 4, 240, 180) for seed in range(8)]


def blocks(page: str) -> list[tuple[str, str]]:
    """The language (or "") and the text of each fenced block of a page."""
    found: list[tuple[str, list[str]]] = []
    inside = False
    for line in PAGES[page].read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
            if inside:
                found.append((line.strip().removeprefix("```").strip(), []))
        elif inside:
            found[-1][1].append(line)
    return [(language, textwrap.dedent("\n".join(lines))) for language, lines in found]


def commands(page: str) -> list[str]:
    """The lines of the shell blocks of a page that call Python, without comments."""
    text = "\n".join(body for language, body in blocks(page) if language in ("bash", ""))
    lines = (line.split(" #")[0].strip() for line in text.replace("\\\n", "").splitlines())
    return [line.removeprefix("python ") for line in lines if line.startswith("python ")]


def run_python(arguments: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """Run ``python ARGUMENTS`` in this process; the exit code (None: it ended by itself)."""
    words = shlex.split(arguments)
    is_module = words[0] == "-m"
    words = words[is_module:]
    monkeypatch.setattr(sys, "argv", words)
    try:
        if is_module:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(str(REPOSITORY / words[0]), run_name="__main__")
    except SystemExit as caught:
        return caught.code
    return None


class Parsed(BaseException):
    """The command line was understood."""


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # of runpy: modules imported before
@pytest.mark.parametrize("command", [c for page in PAGES for c in commands(page) if "docs/examples/" not in c])
def test_command_line_is_understood(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = tyro.cli

    def parse_only(*args: Any, **options: Any) -> NoReturn:
        parse(*args, **options)  # exits where it does not understand
        raise Parsed

    monkeypatch.setattr(tyro, "cli", parse_only)
    with pytest.raises(Parsed):
        run_python(command, monkeypatch)


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small network by the name of the shipped one."""
    folder = tmp_path_factory.mktemp("networks")
    write_small_network(folder / "dimp_ncep_mobile.safetensors")
    return folder


def write_clip(path: Path, frames: list[np.ndarray]) -> None:
    """A video of 25 frames a second."""
    with VideoWriter(path, 25) as writer:
        for frame in frames:
            writer.write(frame)


@pytest.fixture
def place(tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the files that the pages speak of."""
    monkeypatch.setattr(published, "NETWORKS", networks)
    monkeypatch.chdir(tmp_path)
    for name in ("clip.mp4", "other.mp4"):
        write_clip(tmp_path / name, FRAMES)
    for number, frame in enumerate(FRAMES):
        data = encode_jpeg(frame)
        atomic_write(tmp_path / "frames" / f"{number}.jpg", lambda path, data=data: path.write_bytes(data))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        command
        for page in WITH_VIDEOS
        for command in commands(page)
        if command.startswith(("pytracking/run_video.py", "docs/examples/"))
        and not any(part in command for part in NEED_MORE)
    ],
)
@pytest.mark.usefixtures("same_threads")
def test_command_works(command: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "--panels" in command:  # half a second a frame to draw
        write_clip(place / "clip.mp4", FRAMES[:2])
    assert run_python(command, monkeypatch) in (0, None)
    words = shlex.split(command)
    for flag, name in pairwise(words):
        if flag in ("--save", "--csv", "--json", "--panels"):
            assert Path(name).exists()


def test_the_settings_file_of_the_page_is_one(tmp_path: Path) -> None:
    (text,) = [body for language, body in blocks("training_settings.md") if language == "toml"]
    path = tmp_path / "mine.toml"
    path.write_text(text)
    settings: Any = with_values(load_settings("dimp", "dimp_ncep_mobile"), read_values(path), str(path))
    assert settings.box_loss == BOX_METHODS["nce"].loss
    assert [source.kind for source in settings.sources] == ["video", "coco"]


@pytest.mark.parametrize("command", [c for c in commands("training_settings.md") if "--validation-source" in c])
def test_own_sources_and_another_loss_train(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison of losses on one's own data, word for word but for its size."""
    monkeypatch.chdir(tmp_path)
    for name in ("my_videos", "my_other_videos"):
        write_sequences(tmp_path / name)
    write_coco(tmp_path / "my_pictures")
    small = "--network.image-size 128 --processing.output-size 128 --optim.batch-size 2 --num-workers 0 --device cpu"
    assert run_python(f"{command} --data . --no-pretrained --dry-run {small}", monkeypatch) is None


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # of runpy: modules imported before
@pytest.mark.parametrize("command", [c for c in commands("losses.md") if "--data mine.csv" in c])
@pytest.mark.usefixtures("same_threads")
def test_methods_are_compared_on_a_table(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word but for the size of the training."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "mine.csv")
    small = "--training.steps 2 --training.batch-size 8 --hidden 4 --num-samples 4"
    assert run_python(f"{command} {small}", monkeypatch) is None
    words = shlex.split(command)
    files = [name for flag, name in pairwise(words) if flag in ("--json", "--figure")] or ["compare.png"]
    assert all(Path(name).exists() for name in files)


@pytest.mark.parametrize("page", WITH_CODE)
def test_code_works(page: str, place: Path) -> None:
    """The blocks of a page run one after another, in one namespace."""
    weight = torch.ones(2, requires_grad=True)
    namespace: dict[str, Any] = {
        "frame": FRAMES[0],
        "next_frame": FRAMES[4],
        "frames": FRAMES,
        "detect": lambda image: [[100, 80, 60, 90], [20, 30, 40, 40]],
        "energy": lambda y: -(weight * y.square()).sum(dim=-1),
        "target": torch.zeros(3, 2),
        "generator": torch.Generator().manual_seed(0),
    }
    code = [body for language, body in blocks(page) if language == "python"]
    assert code
    for body in code:
        exec(compile(body, page, "exec"), namespace)
    if page == "api.md":
        assert namespace["picture"].shape == (90, 120, 3)
        assert np.isfinite(namespace["output"].box).all()


@pytest.mark.parametrize("body", [body for language, body in blocks("losses.md") if language == "python"])
@pytest.mark.usefixtures("same_threads")
def test_code_about_losses_stands_alone(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "mine.csv")
    namespace: dict[str, Any] = {}
    exec(compile(body, "losses.md", "exec"), namespace)
    if "quantiles" in namespace:  # y ~ N(0, 1)
        y, density, quantiles = (namespace[name] for name in ("y", "density", "quantiles"))
        assert torch.trapezoid(density, y[..., 0]).tolist() == pytest.approx([1, 1], abs=0.02)
        assert quantiles.shape == (2, 3, 1)
        assert (quantiles.diff(dim=1) > 0).all()


def write_table(path: Path) -> None:
    """40 rows of noise."""
    rows = np.random.default_rng(0).normal(size=(40, 3)).round(3).tolist()
    path.write_text("\n".join(["height,width,y", *(",".join(map(str, row)) for row in rows)]))


@pytest.mark.parametrize("page", PAGES)
def test_all_code_is_python(page: str) -> None:
    for language, body in blocks(page):
        if language == "python":
            compile(body, page, "exec")


@pytest.mark.parametrize("example", sorted(path.name for path in (REPOSITORY / "docs" / "examples").glob("*.py")))
def test_every_example_is_on_its_page(example: str) -> None:
    """As a command of api.md or howto.md, or as the code of extending.md, which its own test runs."""
    pages = [*commands("api.md"), *commands("howto.md")]
    shown = any(command.startswith(f"docs/examples/{example} ") for command in pages)
    assert shown or f"](examples/{example})" in PAGES["extending.md"].read_text(encoding="utf-8")


@pytest.mark.parametrize("notebook", sorted((DOCS / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
@pytest.mark.usefixtures("same_threads")
def test_a_notebook_runs(notebook: Path, place: Path) -> None:
    """Its cells of code one after another, in one namespace, as Jupyter does it; it is stored without outputs."""
    write_sequences(place / "my_videos")
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    namespace: dict[str, Any] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), notebook.name, "exec"), namespace)
    assert len(namespace["outputs"]) == len(FRAMES)
