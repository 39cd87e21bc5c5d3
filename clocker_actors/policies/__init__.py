"""Judgement: policies read sensors and send effectors.

What a policy concludes is worked out by pure functions, which take readings, sizes, bounds and the time and know no actor; the actor beside them
only listens, remembers and sends. A policy never touches an entity but by message. A new one is one file and one row in `catalogue.py`.
"""
