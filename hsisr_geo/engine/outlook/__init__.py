"""What a run will take: memory, disk and time, by what earlier runs on this machine took."""
