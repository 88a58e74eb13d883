"""The native reader of JSON Lines: C++ headers without Python in them, behind one binding. plain.py uses it."""
