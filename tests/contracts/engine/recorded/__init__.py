"""A real engine's answers, kept: the contract suite runs on them where that engine cannot be had, and in no time.

`python -m tests.contracts.engine.record` makes them: it starts a current engine in a Debian of its own and runs the suite through a
proxy that writes down what passes (`listening.py`); the file is `current.jsonl.gz`, its form `tape.py`. The suite then runs on a server
that answers from it (`playing.py`), in virtual time. A request that was not recorded fails its test; so does one that is missing.
"""
