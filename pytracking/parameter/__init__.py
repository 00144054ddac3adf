"""Named parameters of the trackers, one folder for each family of :mod:`pytracking.tracker.families`."""
