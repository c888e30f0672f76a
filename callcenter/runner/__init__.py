"""Starts all parts on one machine, in order, keeps them up, and stops them without a trace: `python -m callcenter.runner`."""
