"""Tiny videos and sequence folders for the evaluation side."""

import struct
from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np

from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.video.writer import VideoWriter
from tests.fakes.datasets import noise_picture


def numbered_frame(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    """An RGB uint8 frame whose grey level, 10 * number, tells which it is; the top left quarter is redder."""
    frame = np.full((height, width, 3), 10 * number, np.uint8)
    frame[: height // 2, : width // 2, 0] += 50
    return frame


def number_of(frame: np.ndarray) -> int:
    """The number of a :func:`numbered_frame`, after lossy compression."""
    return round(float(frame[-8:, -8:].mean()) / 10)


def numbers_of(source: Iterable[np.ndarray]) -> list[int]:
    """The numbers of all frames of a source."""
    return [number_of(frame) for frame in source]


def write_video(path: Path, frames: int = 6, height: int = 48, width: int = 64, fps: float = 25) -> Path:
    """An H.264 file of numbered frames."""
    with VideoWriter(path, fps) as writer:
        for number in range(frames):
            writer.write(numbered_frame(number, height, width))
    return path


def write_uneven_video(path: Path, times: list[float]) -> Path:
    """Numbered frames that are shown at ``times`` (seconds)."""
    with VideoWriter(path.with_suffix(".mp4"), 25) as writer:
        for number, seconds in enumerate(times):
            writer.write(numbered_frame(number), seconds)
    return path.with_suffix(".mp4").rename(path)


def frame_times(path: Path) -> list[float]:
    """When the frames of a video are shown (seconds)."""
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def write_noise_video(path: Path, frames: int = 30) -> Path:
    """An H.264 file whose size lies in its frames (noise does not compress), to be cut or damaged."""
    rng = np.random.default_rng(0)
    with VideoWriter(path, 25) as writer:
        for _ in range(frames):
            writer.write(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    return path


def write_sounding_video(
    path: Path, codec: str, onset: float, seconds: float = 2.0, rate: int = 44100, layout: str = "mono"
) -> Path:
    """Numbered frames at 25 a second with a tone that begins ``onset`` seconds after the first of them."""
    samples = np.arange(round(seconds * rate))
    tone = (8000 * np.sin(2 * np.pi * 440 / rate * samples) * (samples >= onset * rate)).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=rate, layout=layout)
        channels = audio.codec_context.channels
        for number in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number % 20), format="rgb24")
            container.mux(video.encode(frame))
        sound = av.AudioFrame.from_ndarray(np.repeat(tone, channels)[None], format="s16", layout=layout)
        sound.sample_rate, sound.pts = rate, 0
        for stream, frames in ((audio, [sound, None]), (video, [None])):
            for frame in frames:
                container.mux(stream.encode(frame))
    return path


def sound_onset(path: Path) -> tuple[str, float, float]:
    """Codec of the sound of ``path``, when its tone begins, and when it ends (seconds after the first picture)."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        begin = float((video.start_time or 0) * video.time_base)
        loud = []
        for frame in container.decode(audio):
            samples = frame.to_ndarray().astype(np.float64)[0]  # the first channel, or mono
            samples /= np.iinfo(np.int16).max if frame.format.name.startswith("s16") else 1
            times = frame.time - begin + np.arange(len(samples)) / frame.sample_rate
            loud.extend(times[np.abs(samples) > 0.05])
        return audio.codec_context.codec.canonical_name, float(min(loud)), float(max(loud))


def set_display_matrix(path: Path, matrix: tuple[float, float, float, float]) -> None:
    """Have the header of an mp4 turn it by a, b, c, d of ISO 14496-12: x' = ax + cy, y' = bx + dy (y points down)."""
    a, b, c, d = matrix
    data = path.read_bytes()
    begin = data.index(b"tkhd") + 4 + 40
    units = (0x10000, 0x10000, 0x40000000) * 3
    entries = (a, b, 0, c, d, 0, 0, 0, 1)
    packed = struct.pack(">9i", *(round(v * unit) for v, unit in zip(entries, units, strict=True)))
    path.write_bytes(data[:begin] + packed + data[begin + 36 :])


def write_images(folder: Path, names: list[str], width: int = 64) -> Path:
    """Image i of ``names`` is numbered frame i."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        frame = numbered_frame(number, width=width)
        assert cv2.imwrite(str(folder / name), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return folder


def write_sequence(root: Path, name: str, frames: int = 5, truth: str | None = None, width: int = 64) -> Path:
    """ROOT/NAME/img/0001.png ... with groundtruth_rect.txt (a box that moves right by 2 px a frame)."""
    write_images(root / name / "img", [f"{i + 1:04d}.png" for i in range(frames)], width)
    text = truth if truth is not None else "".join(f"{10 + 2 * i},12,20,16\n" for i in range(frames))
    (root / name / "groundtruth_rect.txt").write_text(text)
    return root / name


def folder_of(tmp_path: Path, **widths: int) -> list[Sequence]:
    """The sequences of a folder ``data``, one for each name, of four images so many px wide."""
    for name, width in widths.items():
        write_sequence(tmp_path / "data", name, frames=4, width=width)
    return get_dataset(f"folder:{tmp_path / 'data'}")


def moving_square(frames: int = 8, step: int = 3) -> tuple[list[np.ndarray], list[tuple[int, int, int, int]]]:
    """RGB frames 240 px wide in which a chequered square moves right by ``step`` px a frame, and its boxes."""
    patch = noise_picture(1, 40, 40)
    boxes = [(60 + step * i, 80, 40, 40) for i in range(frames)]
    images = [noise_picture(0, 240, 180) for _ in boxes]
    for image, (x, y, w, h) in zip(images, boxes, strict=True):
        image[y : y + h, x : x + w] = patch
    return images, boxes
