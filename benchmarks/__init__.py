"""Experiments and measurements that run from the checkout (``python -m benchmarks ...``)."""
