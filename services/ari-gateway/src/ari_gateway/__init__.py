"""The gateway: takes calls from one Asterisk, puts the caller's audio on the bus and carries out its orders."""
