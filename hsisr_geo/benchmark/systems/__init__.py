"""Published systems, a file each, trained and run like ours."""
