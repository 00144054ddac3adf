"""The tracker process of VOT's toolkit, which communicates by the TraX protocol on standard input and output.

The toolkit starts it by the command in trackers.ini, which make_vot_workspace.py writes (docs/vot.md). Needs the
package vot-trax.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ltr.data.image_loader import load_image
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.tracker.base.config import PositionalConfig
from pytracking.tracker.base.tracker import BaseTracker
from pytracking.utils.cli import run_command
from pytracking.utils.extras import install_hint


@dataclass(frozen=True)
class Arguments:
    """Run a tracker for VOT's toolkit."""

    config: PositionalConfig
    """the tracker"""
    no_traceback: bool = False
    """show the message of an error without traceback; the toolkit logs what is shown"""

    @property
    def debug(self) -> bool:
        """Whether an error shows its traceback."""
        return not self.no_traceback


def serve(tracker: BaseTracker, name: str) -> int:
    """Answer the toolkit's requests, for one target at a time, until it quits.

    It can initialize the tracker again at any frame. Regions of any kind are converted to axis-aligned boxes; the
    answers are boxes, with the tracker's score as confidence.
    """
    try:
        import trax
    except ImportError as error:
        message = f"needs the package vot-trax ({error}): {install_hint('vot')}"
        raise ImportError(message) from error
    with trax.Server([trax.Region.RECTANGLE], [trax.Image.PATH], tracker_name=name) as server:
        while (request := server.wait()).type != trax.TraxStatus.QUIT:
            image = load_image(request.image["color"].path())
            if request.type == trax.TraxStatus.INITIALIZE:
                box = request.objects[0][0].bounds()
                tracker.initialize(image, box)
                score = 1.0
            else:
                output = tracker.track(image)
                box, score = output.box, output.score
            server.status([(trax.Rectangle.create(*box), {"confidence": f"{score:.4f}"})])
    return 0


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Load the tracker, then serve."""
    return serve(build_tracker(arguments.config), arguments.config.name)


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
