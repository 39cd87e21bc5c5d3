"""The demo: the main job in about two minutes, narrated, on real containers where they can be had.

    __main__    options, signals       story      what is shown, step by step
    ground      which engine serves    standing   `make up` and `make down`
    manager     the daemon's process   shop       the blueprint and its image
    load        requests that burn processor time, bounded         samples   load, CPU and size over time
    plot        them as characters     picture    them as SVG

It needs only what `clocker` itself needs to run, so that nobody installs test tools to try it. Whatever it starts it removes, also on Ctrl-C.
"""
