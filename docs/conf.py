"""Sphinx builds the documentation site of these pages and the docstrings: ``sphinx-build docs site``."""

import pkgutil
import re
import shutil
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

project = "Tracking with energy-based models"
copyright = "the maintainers"  # Sphinx's name
version = release = installed_version("ebm-tracking")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
add_module_names = False
exclude_patterns = ["examples", "notebooks"]

myst_heading_anchors = 4  # as GitHub makes them, so links work in both places
autodoc_default_options = {"members": True, "member-order": "bysource", "ignore-module-all": True}
napoleon_use_ivar = True
autodoc_use_type_comments = False  # there are none, and to look for them takes a tenth of the time
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_mock_imports = ["got10k", "vot", "aiohttp", "openvino", "skvideo"]
suppress_warnings = ["ref.python"]  # two classes may have one name

html_theme = "furo"  # holds its own fonts and scripts
html_title = project
html_copy_source = False
html_show_sphinx = False
pygments_style, pygments_dark_style = "default", "github-dark"

# The API reference: a page a room, with its title, its packages and what is left out of them.
ROOMS = {
    "api": ("Python API", ["pytracking.api", "pytracking.tracker.base"], []),
    "tracker": ("Trackers", ["pytracking.tracker", "pytracking.parameter"], ["pytracking.tracker.base"]),
    "video": ("Video", ["pytracking.video", "pytracking.pipeline", "pytracking.visualization"], []),
    "evaluation": ("Evaluation", ["pytracking.evaluation", "pytracking.integrations", "pytracking.profiling"], []),
    "analysis": ("Analysis", ["pytracking.analysis"], []),
    "losses": ("Losses, densities and refinement", ["ltr.models.loss", "ltr.models.density", "ltr.refine"], []),
    "networks": (
        "Networks",
        ["ltr.models", "external.prroi_pool"],
        ["ltr.models.loss", "ltr.models.density", "ltr.models.detection"],
    ),
    "training": ("Training", ["ltr.train_settings", "ltr.actors", "ltr.trainers"], []),
}

# Pages that live elsewhere in the repository, and where the site has them.
OUTSIDE = {
    "../CONTRIBUTING.md": "reference/contributing.md",
    "../pytracking/networks/ATTRIBUTIONS.md": "reference/attributions.md",
}


def modules(package: str, left_out: list[str]) -> list[str]:
    """The public modules of a package (or the module itself), in order of their names."""
    if package in left_out:
        return []
    folder = DOCS.parent / package.replace(".", "/")
    found = [] if (folder / "__init__.py").exists() and not (folder / "__init__.py").read_text() else [package]
    for module in pkgutil.iter_modules([str(folder)]):
        if not module.name.startswith("_"):
            found += modules(f"{package}.{module.name}", left_out)
    return found


def write_reference(app: Sphinx) -> None:
    """A page for each room, made of its docstrings."""
    folder = DOCS / "reference"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for room, (title, packages, left_out) in ROOMS.items():
        names = [name for package in packages for name in modules(package, left_out)]
        sections = [f"{name}\n{'-' * len(name)}\n\n.. automodule:: {name}\n" for name in names]
        page = "\n".join([f"{title}\n{'=' * len(title)}\n", *sections])
        (folder / f"{room}.rst").write_text(page, encoding="utf-8")


def copy_outside(app: Sphinx) -> None:
    """Take in the pages that live outside this folder."""
    for source, copied in OUTSIDE.items():
        text = (DOCS / source).read_text(encoding="utf-8").replace("](docs/", "](../")
        (DOCS / copied).write_text(text, encoding="utf-8")


def contents(index: str) -> dict[str, list[str]]:
    """The pages that an index links to, without suffix, by the headings above them."""
    parts = re.split(r"^## (.*)$", index, flags=re.MULTILINE)
    headings = ["Pages", *parts[1::2]]
    found = {title: re.findall(r"\]\(([\w/]+)\.md\)", part) for title, part in zip(headings, parts[::2], strict=True)}
    return {title: pages for title, pages in found.items() if pages}


def adapt(app: Sphinx, docname: str, source: list[str]) -> None:
    """Lead links to the copies, and give indices trees of their pages (which GitHub would show as code)."""
    for elsewhere, copied in OUTSIDE.items():
        source[0] = source[0].replace(f"]({elsewhere}", f"]({copied}")
    trees = contents(source[0]) if docname.endswith("index") else {}
    if docname == "index":
        trees["API reference"] = [f"reference/{room}" for room in ROOMS]
    for title, pages in trees.items():
        lines = "\n".join(pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:titlesonly:\n:caption: {title}\n\n{lines}\n```\n"


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", write_reference)
    app.connect("builder-inited", copy_outside)
    app.connect("source-read", adapt)
