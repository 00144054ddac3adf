"""Moved to ltr.util_scripts.check; ``python -m`` finds it under both names."""

import runpy

if __name__ == "__main__":
    runpy.run_module("ltr.util_scripts.check", run_name="__main__", alter_sys=True)
