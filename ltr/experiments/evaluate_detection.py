"""COCO's AP of a trained energy branch, beside that of its detector alone.

python -m ltr.experiments.evaluate_detection ncep_mobile --data DIR
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tyro

from ltr.experiments.detection.options import Evaluate
from ltr.utils.cli import one_line_errors
from ltr.utils.files import STDOUT, check_outputs, text_output


def evaluate(options: Evaluate) -> None:
    """Print the scores of the detector alone, after guided NMS, and after refinement."""
    # Help and mistakes do not wait for the import of torch.
    from ltr.admin.build_detection import FrozenDetectorLoaders
    from ltr.experiments.detection.branch import load_branch
    from ltr.experiments.detection.scores import Evaluation
    from ltr.utils.device import choose_device, set_threads

    settings = options.settings
    set_threads(options.threads)
    device = choose_device(options.device)
    check_outputs({"results": options.results}, options.inputs)
    energy_model = load_branch(settings, options.network_file, device)
    evaluation = Evaluation(
        FrozenDetectorLoaders(settings, device), options.data, getattr(settings.data, options.part), options.prediction
    )
    scores_to = sys.stderr if options.results == STDOUT else sys.stdout
    print(f"detector alone      {evaluation.scores(evaluation.detector())}", file=scores_to, flush=True)
    print(f"guided NMS          {evaluation.scores(evaluation.guided(energy_model))}", file=scores_to, flush=True)
    refined = evaluation.refined(energy_model, options.steps or (settings.step_position, settings.step_size))
    print(f"and refinement      {evaluation.scores(refined)}", file=scores_to, flush=True)
    if options.results:
        write_results(refined, options.results)


def write_results(results: list[dict[str, Any]], path: Path) -> None:
    """Write detections in the format of COCO's evaluation server; to standard output if ``path`` is ``-``."""
    with text_output(path) as file:
        file.write(json.dumps(results))


def main() -> None:
    """Command line; errors are one line and exit code 1."""
    with one_line_errors():
        evaluate(tyro.cli(Evaluate, description=__doc__))


if __name__ == "__main__":
    main()
