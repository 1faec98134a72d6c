"""The speech worker: hears the callers, finds their utterances and has them recognised."""
