"""JPEG images between browser and tracker; received ones are checked before decoding."""

import io
import warnings

import cv2
import numpy as np
from PIL import Image as Pillow

from ltr.data.image_loader import encode_jpeg
from ltr.utils.errors import InputError
from pytracking.video.frame_source import Image

MAX_SIDE = 2048  # pixels; our page sends 640
MAX_SCANS = 24  # libjpeg writes 10 in a progressive image; each takes as long as decoding a whole image
_SCAN = b"\xff\xda"  # marker of a scan; within scans, 0xff is followed by 0 (comments may contain it, too)
SHOWN_SIDE = 960  # pixels, longer side of the images sent to the page
SHOWN_QUALITY = 80


def decode_picture(jpeg: bytes) -> Image:
    """A JPEG as RGB uint8 [H, W, 3]; InputError if it is invalid, damaged or exceeds ``MAX_SIDE`` or ``MAX_SCANS``.

    Both are checked before decoding: a few kilobytes could decode to gigabytes, or take minutes.
    """
    if jpeg.count(_SCAN) > MAX_SCANS:
        raise InputError(f"the picture has more than {MAX_SCANS} scans")
    try:
        with warnings.catch_warnings(action="ignore"), Pillow.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            if max(picture.size) > MAX_SIDE:
                raise InputError(f"the picture has {picture.width} x {picture.height} pixels; the limit is {MAX_SIDE}")
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise InputError(f"the picture is not a complete JPEG ({type(error).__name__})") from None


def encode_picture(image: Image) -> bytes:
    """RGB uint8 [H, W, 3] as a JPEG, scaled down if its longer side exceeds ``SHOWN_SIDE``."""
    factor = SHOWN_SIDE / max(image.shape[:2])
    if factor < 1:
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(image, SHOWN_QUALITY)
