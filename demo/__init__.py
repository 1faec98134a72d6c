"""One real call to watch: the stack is started, a simulated caller rings, and every hop is shown with its time."""
