"""Pictures a second: decoding 1280x720 JPEG files whole and at half and a quarter of their sides.

    python tests/benchmarks/image_loading.py [--pictures 200]

Prints one Markdown row per decoder: milliseconds of processor time a picture, and pictures a second with one and with
two worker processes (wall-clock time: on a busy machine only their ratio means something). The pictures are detailed
noise over slopes, about 200 kB each, as frames of videos are.
"""

import argparse
import functools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.io import ImageReadMode, decode_jpeg, read_file

from ltr.data.image_loader import encode_jpeg, jpeg_decoder, load_image

WIDTH, HEIGHT = 1280, 720


def write_pictures(folder: Path, count: int) -> list[Path]:
    """Different pictures; a few are made, the rest are copies."""
    rng = np.random.default_rng(0)
    contents = []
    for _ in range(8):
        coarse = rng.integers(0, 256, (36, 64, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        contents.append(encode_jpeg(np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8), 85))
    paths = [folder / f"{i:05}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(contents[i % len(contents)])
    return paths


def opencv(path: Path, flag: int) -> np.ndarray:
    """OpenCV alone."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag), cv2.COLOR_BGR2RGB)


def torchvision(path: Path) -> torch.Tensor:
    """torchvision's decoder."""
    return decode_jpeg(read_file(str(path)), ImageReadMode.RGB)


def one_thread() -> None:
    """As the loader's workers are."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def consume(decode: Callable[[Path], object], path: Path) -> None:
    """Decode, and give nothing back through the pipe."""
    decode(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200)
    count = parser.parse_args().pictures
    one_thread()
    decoders: dict[str, Callable[[Path], object]] = {
        f"load_image ({jpeg_decoder()}), whole": load_image,
        "load_image, 1/2": functools.partial(load_image, reduction=2),
        "load_image, 1/4": functools.partial(load_image, reduction=4),
        "OpenCV, whole": functools.partial(opencv, flag=cv2.IMREAD_COLOR),
        "OpenCV, 1/2": functools.partial(opencv, flag=cv2.IMREAD_REDUCED_COLOR_2),
        "torchvision, whole": torchvision,
    }
    print("| decoder | ms a picture | pictures a second, 1 worker | 2 workers |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pictures(Path(folder), count)
        for name, decode in decoders.items():
            times = []
            for path in paths:
                start = time.process_time()
                decode(path)
                times.append(1e3 * (time.process_time() - start))
            rates = []
            for workers in (1, 2):
                with multiprocessing.get_context("fork").Pool(workers, one_thread) as pool:
                    pool.map(functools.partial(consume, decode), paths[: 4 * workers])
                    start = time.perf_counter()
                    pool.map(functools.partial(consume, decode), paths, chunksize=8)
                    rates.append(count / (time.perf_counter() - start))
            print(f"| {name} | {statistics.median(times):.1f} | {rates[0]:.0f} | {rates[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
