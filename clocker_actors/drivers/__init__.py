"""The outside world behind the ports: engines, SSH, machines.

One folder or file per library; its errors become ours at the border, with the origin chained. Only daemon.py knows concrete drivers;
everyone else sees the Protocols of `clocker_actors.ports`. Whoever replaces a library replaces one of these.
"""
