"""Real crashes: the real daemon, a process on real engines, is killed at random instants; engines then say whether anything was lost, doubled or left over.

`python -m tests.crashes --kills 100` (root on Debian) is the long run of `make soak`.
"""
