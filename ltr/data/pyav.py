"""The only import of PyAV: OpenCV must be loaded first.

The Linux wheels of both hold libxcb-shm and libxcb-shape under the same names (SONAME), so the process loads only those
of whichever comes first. PyAV's are linked to its own copy of libxcb, OpenCV's to the system's: with PyAV's loaded, Qt
opens a connection with one libxcb and waits for the answer in the other, in xcb_wait_for_reply, for ever. OpenCV's do
for both.
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
