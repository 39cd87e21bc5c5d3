"""Stories of bad days, made from a seed, told to the whole manager in virtual time: `python -m tests.simulation --seed N`."""
