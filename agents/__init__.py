"""Learners that share one protocol, one kind of checkpoint and one kind of run directory.

They run from the checkout (``python -m agents ...``) and are not part of the installed package.
"""
