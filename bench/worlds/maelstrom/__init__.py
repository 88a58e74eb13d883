"""Maelstrom's protocol: programs that read JSON lines from standard input and write them to standard output."""
