import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ltr.data.image_loader import LazyImage, levels_of_files, load_image
from ltr.data.levels import Levels


def ramp(low: int, high: int) -> NDArray[np.uint16]:
    """Gray values from low to high, 64 of them."""
    return np.linspace(low, high, 64).round().astype(np.uint16).reshape(8, 8).repeat(4, 0).repeat(4, 1)


def write(folder: Path, *pictures: np.ndarray, suffix: str = "png") -> list[Path]:
    paths = [folder / f"{i}.{suffix}" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        assert cv2.imwrite(str(path), picture)
    return paths


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
@pytest.mark.parametrize(("low", "high"), [(0, 1023), (0, 4095), (0, 16383), (7200, 7710), (65000, 65535), (0, 65535)])
def test_any_band_of_values_is_seen(tmp_path: Path, low: int, high: int, suffix: str) -> None:
    """The upper byte alone would show 12 bits as 0 to 15, and 7200 to 7710 as three values."""
    (path,) = write(tmp_path, ramp(low, high), suffix=suffix)
    shown = load_image(path)[::4, ::4, 0].ravel().astype(int)
    assert len(set(shown)) == 64
    assert (np.diff(shown) > 0).all()
    assert shown.max() - shown.min() >= 160


def test_all_bits_are_scaled_and_not_stretched(tmp_path: Path) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint16)
    (path,) = write(tmp_path, colors * 257)
    np.testing.assert_array_equal(load_image(path), colors[..., ::-1])


def test_pictures_of_a_sequence_have_the_same_levels(tmp_path: Path) -> None:
    """One that is brighter than the others stays brighter, whether it is read alone or in order."""
    paths = write(tmp_path, *(ramp(1000 + 100 * i, 1100 + 100 * i) for i in range(9)))
    levels = pickle.loads(pickle.dumps(levels_of_files(paths)))
    means = [load_image(path, levels=levels).mean() for path in paths]
    assert (np.diff(means) > 10).all()
    assert LazyImage(paths[7], levels).full().mean() == means[7]
    assert load_image(paths[7], 2, levels).shape == (16, 16, 3)


def test_broken_pixels_do_not_count() -> None:
    picture = ramp(2000, 3000).copy()
    picture[0, 0], picture[5, 5] = 0, 65535
    levels = Levels.of([picture])
    assert (levels.black, levels.white) == pytest.approx((1750, 3250), abs=20)


def test_small_differences_are_not_drawn_apart() -> None:
    """A blank picture becomes one gray, whatever its value."""
    assert np.ptp(Levels.of([ramp(300, 310)]).apply(np.array([300, 310], np.uint16)).astype(int)) == 10
    assert 0 < Levels.of([ramp(3000, 3000)]).apply(np.array([3000], np.uint16))[0] < 255


def test_8_bit_pictures_are_as_they_were_and_bring_no_levels(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(40, 50, (20, 30, 3), np.uint8)
    paths = write(tmp_path, picture, picture)
    levels = levels_of_files(paths)
    np.testing.assert_array_equal(load_image(paths[0], levels=levels), picture[..., ::-1])
    assert levels.levels is None


def test_floating_point_pictures_are_refused(tmp_path: Path) -> None:
    paths = write(tmp_path, np.ones((8, 8), np.float32), suffix="tif")
    with pytest.raises(ValueError, match=r"0\.tif: .*8 or 16 bits a channel"):
        load_image(paths[0])
