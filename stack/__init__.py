"""The local stack: real servers and Trunkline's services run as processes of one machine, for demo, tests and bench."""
