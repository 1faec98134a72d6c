"""The dialog: scenarios in YAML, a pure state machine that runs them, and the shell that puts it on the bus."""
