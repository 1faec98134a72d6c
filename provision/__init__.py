"""Obtain what a local run needs (Asterisk, Redis, voices, models) into Trunkline's own cache folder.

Every part is a module with `ensure()`, which is quick when the part is there already. Nothing outside the cache folder
is changed: no package is installed, no service touched, no system file written. Only the standard library is used, so
that it runs before any virtual environment exists.
"""
