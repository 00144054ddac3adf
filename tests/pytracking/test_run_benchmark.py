"""The benchmark on a small network: its report is whole and consistent. Times themselves are not tested."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from pytracking import run_benchmark
from pytracking.api.tracker import Tracker
from pytracking.profiling import latency as benchmark
from pytracking.profiling.instruction_set import instruction_set
from pytracking.profiling.latency import StageClock, Times
from tests.fakes.networks import write_small_network
from tests.fakes.videos import write_noise_video

pytestmark = pytest.mark.usefixtures("same_threads")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_network(tmp_path_factory.mktemp("network") / "small.safetensors", crop_side=64)


def test_reports_every_stage_of_every_run(tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_noise_video(tmp_path / "v.mp4", frames=8)
    argv = ["--run", f"{network},accelerator=torch", "--run", f"{network},accelerator=torch,precision=bf16"]
    argv += ["--source", str(video), "--box", "10,12,20,16", "--frames", "4", "--warm_up", "1"]
    assert run_benchmark.main([*argv, "--json", str(tmp_path / "times.json")]) == 0
    report = json.loads((tmp_path / "times.json").read_text())
    text = capsys.readouterr().out
    assert report["peak_memory_mib"] > 10
    assert report["instruction_set"] == instruction_set()
    assert f"processor: {instruction_set()}" in text
    assert list(report["runs"]) == [f"{network},accelerator=torch", f"{network},accelerator=torch,precision=bf16"]
    for name, run in report["runs"].items():
        assert name in text
        assert set(run["stages"]) <= {"read", "crop", "network", "classifier", "localise", "refine", "update"}
        assert {"read", "crop", "network", "classifier", "localise"} <= set(run["stages"])
        for times in (run["frame"], *run["stages"].values()):
            assert 0 < times["p50"] <= times["p95"] <= times["p99"] <= times["max"]
        parts = sum(run["stages"][stage]["mean"] for stage in ("crop", "network", "classifier", "localise"))
        assert parts < run["frame"]["mean"]
        assert run["fps"] == pytest.approx(1000 / run["frame"]["mean"], rel=1e-3)
        assert run["fps_loading"] > 0
        assert run["initialize"] > 0
        assert run["stamp"]["threads"] == 1
    assert [run["stamp"]["precision"] for run in report["runs"].values()] == ["f32", "bf16"]
    first, second = report["runs"].values()
    assert first["faster"] == first["faster_cpu"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    faster = second["faster"]
    assert faster["low"] <= faster["value"] <= faster["high"]
    shown = "{value:.3f} ({low:.3f} to {high:.3f}) times as fast as the first; by processor time".format(**faster)
    assert text.count("times as fast as the first") == text.count(shown) == 1


def test_json_on_standard_output_stands_there_alone(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_noise_video(tmp_path / "v.mp4", frames=4)
    argv = ["--run", f"{network},accelerator=torch", "--source", str(video), "--box", "10,12,20,16"]
    assert run_benchmark.main([*argv, "--frames", "2", "--warm_up", "0", "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 1
    before = video.read_bytes()
    assert run_benchmark.main([*argv, "--json", str(video)]) == 1
    assert "v.mp4: is read from" in capsys.readouterr().err
    assert video.read_bytes() == before


def test_trackers_of_other_families_run_beside_ours(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_noise_video(tmp_path / "v.mp4", frames=4)
    argv = ["--run", f"{network},accelerator=torch", "--run", "opencv:mil", "--source", str(video)]
    argv += ["--box", "10,12,20,16", "--frames", "2", "--warm_up", "0", "--json", str(tmp_path / "times.json")]
    assert run_benchmark.main(argv) == 0
    runs = json.loads((tmp_path / "times.json").read_text())["runs"]
    assert [run["stamp"]["tracker"] for run in runs.values()] == ["dimp", "opencv"]
    assert list(runs["opencv:mil"]["stages"]) == ["read"]
    assert runs["opencv:mil"]["frame"]["p50"] > 0
    assert "opencv:mil: cpu\n" in capsys.readouterr().out
    assert run_benchmark.main(["--run", "opencv:mil,precision=bf16"]) == 1
    assert "error: precision: trackers of opencv take f32 only" in capsys.readouterr().err


def test_a_clock_leaves_the_tracker_as_it_was(network: Path) -> None:
    tracker = Tracker("dimp", str(network), device="cpu", accelerator="torch")
    image = next(iter(_noise()))
    tracker.initialize(image, (10.0, 12.0, 20.0, 16.0))
    with StageClock(tracker) as clock:
        tracker.track(image)
    timed = {stage: len(times) for stage, times in clock.seconds.items()}
    assert timed["network"] == timed["crop"] == 1
    tracker.track(image)
    assert {stage: len(times) for stage, times in clock.seconds.items()} == timed


def _noise() -> Iterator:
    yield torch.randint(0, 256, (48, 64, 3), dtype=torch.uint8).numpy()


def test_times_are_milliseconds() -> None:
    times = Times.of([(0.001, 0.002)] * 99 + [(0.101, 0.002)])
    assert times == Times(mean=2.0, p50=1.0, p95=1.0, p99=2.0, max=101.0, cpu=2.0)


def test_without_a_source_a_video_of_640_x_480_is_drawn(monkeypatch: pytest.MonkeyPatch, network: Path) -> None:
    seen = {}

    def fake(trackers, source, box, frames, warm_up):
        seen["shape"], seen["box"] = next(iter(source)).shape, box
        return {}

    monkeypatch.setattr(benchmark, "measure", fake)
    monkeypatch.setattr(run_benchmark, "DRAWN_FRAMES", 2)
    monkeypatch.setattr(run_benchmark, "text_of", lambda reports: "")
    assert run_benchmark.main(["--run", f"{network},accelerator=torch"]) == 0
    assert seen["shape"] == (480, 640, 3)
    assert seen["box"][2] > 10


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["--run", "small,speed=11"],
            "--run small,speed=11: expected accelerator=... or precision=..., got 'speed=11'",
        ),
        (["--box", "1,2,3,4"], "--source and --box: give both"),
        (["--frames", "0"], "--frames: expected at least 1"),
    ],
)
def test_misuse_is_named(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_benchmark.main(argv) == 1
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_peak_memory_is_what_the_system_says() -> None:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    assert benchmark.peak_memory() == pytest.approx(int(status["VmHWM"].split()[0]) / 1024, rel=0.05)


def test_the_network_and_its_card_are_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = write_small_network(tmp_path / "small.safetensors", crop_side=64)
    card = network.with_suffix(".json")
    before = card.read_bytes()
    assert run_benchmark.main(["--run", str(network), "--json", str(card)]) == 1
    assert f"--json {card}: is read from" in capsys.readouterr().err
    assert card.read_bytes() == before
