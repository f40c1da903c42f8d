"""The APIs that the simulator speaks. A dialect reads requests and writes scripts; it decides nothing.

Another dialect is another module here, a line in `known.py`, and its name in `Settings.dialect`.
"""
