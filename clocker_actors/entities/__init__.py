"""The managed things: every application, cluster, member, pool, host and container is an actor here.

Effectors set a desired state, which is written durably; only then `reconcile` compares it with what is observed and does the next step, so that no step
trusts an earlier one to have worked and a restart goes on where the last one stopped. Entities know each other by uid and message; a parent makes its
children through `catalogue.py`. Judgement (policies) and derived sensors (enrichers) live in other rooms and talk to entities by message.
"""
