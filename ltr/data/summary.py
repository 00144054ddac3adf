"""Moved to ltr.util_scripts.summary; ``python -m`` finds it under both names."""

import runpy

if __name__ == "__main__":
    runpy.run_module("ltr.util_scripts.summary", run_name="__main__", alter_sys=True)
