"""Text generation: what is asked for, and who serves it: an engine on this machine, or a server (`remote`)."""
