"""Sockets in the wall: what the manager asks of the outside, in our words, as Protocols of a few methods each.

A driver implements one; its errors become ours at the border, with the origin chained. Whoever replaces a library writes one driver, and nothing else
changes. Every call has a bound in time; every one may be cancelled, which ends the waiting and never the effect.
"""
