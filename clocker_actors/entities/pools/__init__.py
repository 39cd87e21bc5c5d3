"""A pool of hosts: who gets a place on which host, how many hosts there are, and what happens when one fails."""
