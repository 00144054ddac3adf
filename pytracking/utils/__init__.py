"""What the commands share: how they fail, how targets are drawn, windows, and panels of what a tracker sees."""
