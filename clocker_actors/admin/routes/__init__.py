"""The routes of `/v1` by what they are about, and those for whatever supervises or scrapes the daemon."""
