"""The only import of PyAV: OpenCV must be loaded first.

The Linux wheels of both contain X11 libraries of the same name. If those of PyAV are loaded first, the first OpenCV
window hangs.
"""

# isort: off
import cv2  # noqa: F401
import av
from av import Packet
from av.container import InputContainer, OutputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

__all__ = [
    "Disposition",
    "InputContainer",
    "OutputContainer",
    "Packet",
    "Stream",
    "VideoFrame",
    "VideoReformatter",
    "VideoStream",
    "av",
]
