"""The checks of ``dora doctor``: sources, mirrors, lock, disk, age of the data."""
