"""The service that makes a call's sentences into sounds and has them played."""
