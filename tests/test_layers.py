"""The layers of the code: which folders may import which, and that none imports itself by a detour."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# What the modules of a folder may import of ours, besides that folder. Entry points (ltr/run_training.py) are free.
MAY_IMPORT = {
    "external": (),
    "ltr.utils": (),
    "ltr.data": ("ltr.utils",),
    "ltr.dataset": ("ltr.data", "ltr.utils"),
    "ltr.sampling": ("ltr.data", "ltr.dataset", "ltr.utils"),
    "ltr.models": ("external", "ltr.data", "ltr.dataset", "ltr.refine", "ltr.sampling", "ltr.utils"),
    "ltr": ("external", "ltr"),
    "pytracking.utils": ("ltr", "pytracking.utils"),
    "pytracking.video": ("ltr.data", "ltr.utils"),
    "pytracking.tracker": ("ltr", "pytracking.features", "pytracking.parameter", "pytracking.utils"),
    "pytracking.api": ("ltr", "pytracking.features", "pytracking.parameter", "pytracking.tracker"),
    "pytracking.annotation": ("ltr.data", "ltr.dataset", "ltr.utils", "pytracking.tracker.base", "pytracking.utils"),
    "pytracking": ("ltr", "pytracking"),
}
NOBODY_IMPORTS = ("pytracking.web",)  # a product of its own


def _modules(root: Path) -> dict[str, Path]:
    """Our modules by name."""
    files = [file for top in ("external", "ltr", "pytracking") for file in (root / top).rglob("*.py")]
    parts = {file: file.relative_to(root).with_suffix("").parts for file in files}
    return {".".join(p[:-1] if p[-1] == "__init__" else p): file for file, p in parts.items()}


def _imports(file: Path, modules: dict[str, Path], late: bool = True) -> set[str]:
    """The modules of ours that ``file`` imports; ``late``: also in functions and for types only."""
    found: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if late else tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in modules else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & modules.keys()


@pytest.fixture(scope="module")
def imports(repository: Path) -> dict[str, set[str]]:
    """What each module imports."""
    modules = _modules(repository)
    return {name: _imports(file, modules) for name, file in modules.items()}


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _room(name: str, repository: Path) -> str:
    """The folder of a module; those directly in ``ltr`` and ``pytracking`` count each for itself."""
    folder = name if (repository / name.replace(".", "/")).is_dir() else name.rpartition(".")[0]
    return folder if "." in folder else name


def test_no_folder_imports_itself_by_a_detour(imports: dict[str, set[str]], repository: Path) -> None:
    graph: dict[str, set[str]] = {}
    for name, imported in imports.items():
        room = _room(name, repository)
        graph.setdefault(room, set()).update(_room(other, repository) for other in imported)
        graph[room].discard(room)
    assert len(graph) > 40
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"folders import each other: {' -> '.join(error.args[1])}")


def test_every_folder_imports_what_its_layer_may(imports: dict[str, set[str]]) -> None:
    wrong = []
    for name, imported in imports.items():
        if name.rpartition(".")[0] in ("", "ltr", "pytracking"):  # entry points
            continue
        layer = max((folder for folder in MAY_IMPORT if _within(name, (folder,))), key=len)
        wrong += [f"{name} imports {other}" for other in imported if not _within(other, (layer, *MAY_IMPORT[layer]))]
        wrong += [
            f"{name} imports {other}"
            for other in imported
            if _within(other, NOBODY_IMPORTS) and not _within(name, NOBODY_IMPORTS)
        ]
    assert not wrong, "\n".join(wrong)


BUILDERS = ("ltr.admin.build_dimp", "ltr.admin.build_detection", "ltr.admin.build_regression1d")


@pytest.mark.parametrize(
    ("start", "others"),
    [
        (
            "ltr.run_training",
            (
                *BUILDERS,
                *("ltr.actors.detection", "ltr.actors.regression1d"),
                *("ltr.train_settings.detection.base", "ltr.train_settings.regression1d.base"),
            ),
        ),
        ("ltr.admin.build_dimp", (*BUILDERS[1:], "ltr.actors.detection", "ltr.models.detection.detector")),
        (
            "ltr.admin.build_detection",
            (BUILDERS[0], BUILDERS[2], "ltr.admin.build_datasets", "ltr.actors.regression1d"),
        ),
        ("ltr.admin.build_regression1d", (*BUILDERS[:2], "ltr.admin.build_datasets", "ltr.actors.detection")),
    ],
)
def test_a_training_imports_one_task_only(start: str, others: tuple[str, ...], repository: Path) -> None:
    modules = _modules(repository)
    assert {start, *others} <= modules.keys()
    seen, ahead = set[str](), {start}
    while ahead:
        seen |= ahead
        ahead = {other for name in ahead for other in _imports(modules[name], modules, late=False)} - seen
    assert not seen & set(others) - {start}
