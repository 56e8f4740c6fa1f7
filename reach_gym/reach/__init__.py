"""The continuous reach: everything that belongs to the task, for any plant."""
