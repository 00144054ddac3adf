import ast
import subprocess
import sys
from pathlib import Path

ORDER = "import sys, ltr.data.pyav; names = list(sys.modules); sys.exit(names.index('av') < names.index('cv2'))"


def test_opencv_is_loaded_before_pyav() -> None:
    subprocess.run([sys.executable, "-c", ORDER], env={"PYTHONPATH": ":".join(sys.path)}, check=True, timeout=60)


def test_everything_imports_pyav_from_there(repository: Path) -> None:
    importers = set()
    for path in [*repository.glob("ltr/**/*.py"), *repository.glob("pytracking/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == "av" for name in names):
                importers.add(path.relative_to(repository).as_posix())
    assert importers == {"ltr/data/pyav.py"}
