"""Analysis of sessions and activity, and figures."""
