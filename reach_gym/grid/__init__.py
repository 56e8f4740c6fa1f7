"""The discrete reach: everything that belongs to the grid task."""
