"""The environments: scalar and native vector versions of each task."""
