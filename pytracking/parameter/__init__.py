"""Named parameters of the trackers, a folder for each family of :mod:`pytracking.tracker.families`."""
