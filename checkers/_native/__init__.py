"""The native kernel: C++ headers without Python in them, behind one binding. linearizability/kernel.py uses it."""
