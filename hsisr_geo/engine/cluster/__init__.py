"""Tiles computed by worker processes of dask.distributed, here or on other machines.

Each worker keeps the method bound to the scene, and a journal of its own in the work folder, which
it shares with the process that started the run. Only the names of tiles go out, and the places of
their records come back; a tile whose worker dies is computed by another. Whoever is waited for is
waited for no longer than `workers.Patience` says, and what is wrong is a `WorkerError`.
"""
