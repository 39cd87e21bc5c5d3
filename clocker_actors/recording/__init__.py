"""Recordings of the door: what came into a daemon from outside, in files of bounded size, and the way to live through it again.

codec     values of any of our types to bytes and back, by the names of types and fields
files     a file: a head, a snapshot, what came in; written by a thread of its own
scribe    hears the kernel, and has it written
digest    the SHA-256 over a stream of decisions
player    reads a file and drives a kernel without an outside by it
"""
