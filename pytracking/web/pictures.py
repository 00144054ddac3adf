"""Pictures between browser and tracker: JPEG in, checked before it is decoded, and JPEG out."""

import io
import warnings

import cv2
import numpy as np
from PIL import Image as Pillow

from ltr.data.image_loader import encode_jpeg
from ltr.utils.errors import InputError
from pytracking.video.frame_source import Image

MAX_SIDE = 2048  # pixels; a page of ours sends 640
MAX_SCANS = 24  # libjpeg writes 10 in a progressive picture; each costs the time of a whole picture
_SCAN = b"\xff\xda"  # inside a scan 0xff is followed by 0, so this begins one (or is in a comment)
SHOWN_SIDE = 960  # pixels of the longer side of pictures that are sent to the page
SHOWN_QUALITY = 80


def decode_picture(jpeg: bytes) -> Image:
    """A JPEG as RGB uint8 [H, W, 3]. ValueError where it is none, is damaged or exceeds ``MAX_SIDE`` or ``MAX_SCANS``.

    Both are checked before anything is decoded: a few kilobytes can promise gigabytes, or take minutes.
    """
    if jpeg.count(_SCAN) > MAX_SCANS:
        raise InputError(f"a picture of more than {MAX_SCANS} scans")
    try:
        with warnings.catch_warnings(action="ignore"), Pillow.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            if max(picture.size) > MAX_SIDE:
                raise InputError(f"a picture of {picture.width} x {picture.height} pixels; the limit is {MAX_SIDE}")
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise InputError(f"a picture that is no whole JPEG ({type(error).__name__})") from None


def encode_picture(image: Image) -> bytes:
    """RGB uint8 [H, W, 3] as a JPEG, made smaller where its longer side is above ``SHOWN_SIDE``."""
    factor = SHOWN_SIDE / max(image.shape[:2])
    if factor < 1:
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(image, SHOWN_QUALITY)
