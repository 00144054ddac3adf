"""What the commands share: how they fail, and how a target is drawn."""
