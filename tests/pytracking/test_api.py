import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import pytracking


@pytest.mark.parametrize("module", ["pytracking", "pytracking.evaluation.results", "pytracking.analysis.metrics"])
def test_importing_it_does_not_import_torch(repository: Path, module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=repository, check=True)


def test_names() -> None:
    from pytracking.api.multi_tracker import MultiTracker
    from pytracking.api.tracker import Tracker
    from pytracking.pipeline.one_target import track
    from pytracking.tracker.base.output import TrackOutput

    assert pytracking.Tracker is Tracker
    assert pytracking.TrackOutput is TrackOutput
    assert pytracking.MultiTracker is MultiTracker
    assert pytracking.__version__ == importlib.metadata.version("ebm-tracking")
    assert pytracking.track is track
    names = ["MultiTracker", "TrackOutput", "Tracker", "__version__", "track"]
    assert dir(pytracking) == sorted(pytracking.__all__) == names
    with pytest.raises(AttributeError, match="module 'pytracking' has no attribute 'Trakcer'"):
        _ = pytracking.Trakcer
