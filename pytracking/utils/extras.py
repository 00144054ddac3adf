"""The installed package: its version, and install hints for missing optional packages."""

from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

DISTRIBUTION = "ebm-tracking"

try:
    __version__ = version(DISTRIBUTION)
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "unknown"


def is_installed(module: str) -> bool:
    """Whether a package can be imported; it is not."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # of finders that forbid it, and of None in sys.modules
        return False


def install_hint(extra: str) -> str:
    """The command that installs the packages of ``extra`` (pyproject.toml), for a checkout or a wheel."""
    lines = [] if __version__ == "unknown" else requires(DISTRIBUTION) or []
    needed = [line.partition(";")[0].strip() for line in lines if line.endswith(f'extra == "{extra}"')]
    return "pip install " + (" ".join(f"'{package}'" for package in needed) or f"-e '.[{extra}]'")
