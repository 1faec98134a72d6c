"""The scorecard: what Trunkline does in milliseconds, CPU and memory, beside the bars it is held to."""
