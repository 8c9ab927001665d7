"""Options: what several commands have, and where their values come from."""
