"""PyAV, which is imported from here alone: OpenCV has to be loaded before it.

The wheels of both for Linux hold X11 libraries of the same name. Where PyAV's were loaded first, OpenCV's first window
waits for the X server for ever.
"""

# isort: off
import cv2  # noqa: F401
import av
from av import Packet
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.reformatter import VideoReformatter

__all__ = ["InputContainer", "OutputContainer", "Packet", "Stream", "VideoReformatter", "av"]
