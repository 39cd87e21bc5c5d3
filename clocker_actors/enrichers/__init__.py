"""Derived sensors: enrichers hear readings and give their entity other readings or notifications.

They judge nothing and order nothing; that is for policies. What they compute is in pure parts beside the actors. A new one is one file and one row in
`catalogue.py`.
"""
