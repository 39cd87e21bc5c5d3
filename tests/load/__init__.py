"""Much at once: many containers on simulated engines, many clients and followers, for a day of virtual time and for minutes of real time.

`python -m tests.load` is the long run of `make soak`; `make test` runs small sizes of the same.
"""
