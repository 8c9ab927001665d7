"""Products in HDF5 whose pixels lie where arrays of latitude and longitude say."""
