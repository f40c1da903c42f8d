"""The APIs that the simulator speaks. A dialect reads requests and writes scripts; it decides nothing.

Another dialect is another folder here, a line in `known.py`, and its name in `Settings.dialect`. Which of them a
request speaks is for `voices.py` to say.
"""
