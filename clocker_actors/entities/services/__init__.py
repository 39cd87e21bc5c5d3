"""Applications and clusters: how many members there are, who is replaced, and how children follow their parent."""
