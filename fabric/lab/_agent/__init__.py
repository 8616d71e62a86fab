"""The program that reads and probes a whole lab from inside, and the caller's side of it."""
