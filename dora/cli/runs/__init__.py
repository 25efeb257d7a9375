"""Commands that write data, and what is around each run: its log, its end by a signal, a landing that heals."""
