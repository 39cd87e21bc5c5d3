"""A member: the identity that lives on while its generations of containers come, move and go."""
