"""WHERE: which host a container goes to, and why not the others.

Filters refuse hosts in words with numbers, ranking strategies order the rest, and the `HostIndex` remembers who has reserved what. The Pool actor owns one
index, feeds it facts, and calls `pipeline.place`; nothing here knows an actor, a clock or an engine, so a plan can ask the same questions without doing anything.
Another way to choose hosts is one strategy class and one row in the catalogue.
"""
