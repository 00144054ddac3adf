"""All that has to be known of one of OpenCV's trackers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OpenCVParams:
    """A tracker of OpenCV with its own settings, which are not touched."""

    create: str  # the function of cv2 that makes one
    package: str = "opencv-python"  # the smallest package that has it
    networks: tuple[str, ...] = ()  # its ONNX files, in the order in which ``create`` takes them
    min_side: int = 1  # px; boxes are made no smaller
    inside: bool = False  # the first box must lie in the frame, and is cut to it
