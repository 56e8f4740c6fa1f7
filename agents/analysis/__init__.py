"""Analysis of what units do, and figures of ways on the grid."""
