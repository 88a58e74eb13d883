"""What benchmarks/checker.py is made of: histories by shape and seed, contenders, rows, a table and a plot."""
