"""Clouds through libcloud: machines made, listed and given back.

`choosing` is pure: which size and image fit a template. `faults` says what providers' refusals mean, `kinds` where providers differ,
`threads` runs libcloud's synchronous calls in a few threads of their own. libcloud costs 6 MB and is imported when a cloud is first used.
"""

from clocker_actors.drivers.cloud.cloud import LibcloudCloud

__all__ = ["LibcloudCloud"]
