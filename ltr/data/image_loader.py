"""Reading pictures: the one place of the training side that knows OpenCV's BGR order."""

from pathlib import Path

import cv2
import numpy as np

JPEG_QUALITY = 92  # above what the pictures and videos of most data sets were compressed with


def load_image(path: str | Path) -> np.ndarray:
    """The picture at ``path`` as RGB ``uint8 [H, W, 3]``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is no picture that OpenCV can read; the message names it.
    """
    try:
        encoded = Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no such picture: {path}") from None
    return decode_image(encoded, source=str(path))


def decode_image(encoded: bytes, source: str) -> np.ndarray:
    """Decode a JPEG, PNG, ... held in memory to RGB ``uint8 [H, W, 3]``; ``source`` names it in the ValueError."""
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    if bgr is None:
        raise ValueError(f"cannot decode picture {source}: empty, truncated or not in a format OpenCV reads")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def encode_jpeg(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """RGB ``uint8 [H, W, 3]`` as the bytes of a JPEG file."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
