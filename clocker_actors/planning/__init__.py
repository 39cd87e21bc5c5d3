"""PLAN: what would have to happen, given what is asked for, what runs, and where there is room.

Pure: specs and views in, a `Plan` out; nothing is done or remembered here. Clusters use the same arithmetic (`members`) for their own resizing, so what a plan says
and what a cluster does can't drift apart.
"""
