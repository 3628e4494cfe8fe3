"""One worker process: claims jobs, runs their handlers, writes what comes of them."""
