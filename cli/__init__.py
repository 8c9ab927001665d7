"""The `hsisr-geo` command line."""
