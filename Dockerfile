# hsisr-geo beside GDAL's own programs: docker build -t hsisr-geo .   (docs/install.md)
#
# GDAL of the base image is for `gdal raster pipeline ... ! external "hsisr-geo run ..."` and the like.
# hsisr-geo itself uses the GDAL of rasterio's wheel, which has HDF5 and netCDF besides; they run in
# processes of their own, and none needs a variable that would mislead the other.

ARG GDAL_VERSION=3.13.3
FROM ghcr.io/osgeo/gdal:ubuntu-small-${GDAL_VERSION} AS base

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/hsisr-geo
WORKDIR /src
COPY constraints.txt ./
# CPU by default; --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 for an NVIDIA GPU. Of
# two equal versions pip takes the one with a label, +cpu or +cu130.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN /opt/hsisr-geo/bin/pip install --no-cache-dir --constraint constraints.txt \
    --extra-index-url "${TORCH_INDEX}" torch
COPY pyproject.toml README.md LICENSE MANIFEST.in ./
COPY hsisr_geo hsisr_geo
COPY cli cli
# Torch is there already: this step is all that a change of the source repeats. It fails where the
# result does not work.
RUN /opt/hsisr-geo/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && /opt/hsisr-geo/bin/hsisr-geo doctor

FROM base
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="hsisr-geo" \
    org.opencontainers.image.description="Super-resolution of georeferenced hyperspectral rasters" \
    org.opencontainers.image.licenses="GPL-2.0-or-later" \
    org.opencontainers.image.version="${VERSION}"
COPY --from=build /opt/hsisr-geo /opt/hsisr-geo
# Not the whole folder on PATH: its python3 would answer where GDAL's scripts mean the system's.
RUN ln -s /opt/hsisr-geo/bin/hsisr-geo /usr/local/bin/hsisr-geo \
    && useradd --create-home --uid 10001 hsisr
# matplotlib wants a folder that it can write to, whoever --user is
ENV MPLCONFIGDIR=/tmp/matplotlib
USER 10001
WORKDIR /data
ENTRYPOINT ["hsisr-geo"]
CMD ["--help"]
