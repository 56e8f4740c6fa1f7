"""Figures of ways on the grid."""
