"""The Docker driver in what the contract of the engine port cannot ask of every engine."""
