"""What both tasks share of being a vector environment: rows in memory, autoreset, back ends, threads."""
