"""Text generation: what is asked for, who serves it, and the engine that serves it on this machine."""
