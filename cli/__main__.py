"""`python -m hsisr_geo.cli`, the same as `hsisr-geo`."""

from .main import main

if __name__ == "__main__":
    main()
