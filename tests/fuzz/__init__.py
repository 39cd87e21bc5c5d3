"""Everything that reads what comes from outside, fed with what nobody should send: only our own errors may come of it, within bounds."""
