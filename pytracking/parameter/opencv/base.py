"""What each of OpenCV's trackers requires."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OpenCVParams:
    """A tracker of OpenCV; its own settings keep OpenCV's defaults."""

    create: str  # name of the factory function in cv2
    package: str = "opencv-python"  # the smallest package that has it
    networks: tuple[str, ...] = ()  # its ONNX files, in the order of the arguments of ``create``
    min_side: int = 1  # smallest side of a box, pixels
    inside: bool = False  # whether the first box is clipped to the frame
