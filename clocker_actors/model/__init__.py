"""Words: the frozen values everybody speaks in.

Identity, specs, lifecycle, sensors, effectors, activities, decisions, messages. Nothing here does I/O, imports a library with opinions, or
knows an actor. Whoever adds a sensor, an effector or a message adds it here first.
"""
