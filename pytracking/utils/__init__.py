"""Helpers of the commands: command line, optional packages, text."""
