"""PyAV, which is imported from here alone: OpenCV has to be loaded before it.

The wheels of both for Linux hold X11 libraries of the same name. Where PyAV's were loaded first, OpenCV's first window
waits for the X server for ever.
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
