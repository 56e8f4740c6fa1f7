"""Sessions: blocks of trials as data, and what is drawn in each trial."""
