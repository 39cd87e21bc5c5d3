"""Memory for people: what is and was, why, and how much; read by REST, CLI and Prometheus.

The recorder takes facts and keeps them in one read model in memory, bounded everywhere; views, metrics and explanations read that and ask no
entity. Nothing here sends a command. It is all lost at a restart but for what entities tell anew.
"""
