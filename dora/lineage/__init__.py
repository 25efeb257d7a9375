"""The commit graph, and which commits each deployment shipped first."""
