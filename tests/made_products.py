"""Products of the missions, made small: as their specifications describe them, not as we read them.

No sample of these products may be kept here, so each generator follows the published description
and, where that leaves something open, two readers by others (named below). Each pixel's number
tells band, row and column, so that a swap, a flip or a shift shows.

EnMAP  "HSI Product Specification Level 1/Level 2", EN-PCV-ICD-2009-2 (DLR): file names, one
       GeoTIFF for all bands, METADATA.XML with level_X/base/level and
       specific/bandCharacterisation/bandID[@number]; also read so by EnPT (GFZ) and EnMAP-Box.
DESIS  "DESIS Product Specification", PAV-DLR-ICD-003 issue 1.0 (DLR): hsi_doc with
       specific/bandCharacterisation/band; -SPECTRAL_IMAGE.tif with an ENVI .hdr beside it.
PRISMA "PRISMA Products Specification Document", issue 2.3, 12/03/2020 (ASI): HDF-EOS5 swaths
       PRS_L.._HCO, cubes (row, band, column), List_Cw_*, L2Scale*Min/Max, ScaleFactor_*;
       also read so by prismaread (CNR) and EnMAP-Box.
EMIT   EMITL2ARFL.001 user guide (LP DAAC) and emit-utils (JPL): netCDF-4 (downtrack, crosstrack,
       bands), groups sensor_band_parameters and location with the lookup table glt_x, glt_y.
NEON   DP1.30006.001 / DP3.30006.001, NEON.DOC.001288: SITE/Reflectance/Reflectance_Data.
TANAGER  Planet's pages of Tanager scenes; also read so by xarray-hyperspectral and tanagerspec.
HYPSO  The fields that acolite and the package hypso read: products/Lt, navigation.
AVIRIS-3 JPL's distribution document: ENVI with a GLT; ORNL's netCDF with a group for the cube.
WYVERN Data product guide 1.5 and 2.0: a float32 COG in degrees, wavelengths as tags of its bands.
PIXXEL Support pages: names FFnn_..., reflectance as DN / 50000.
KUVA   The fields that acolite reads: L1C.tif and a JSON with image.bands.
PACE   NASA's OCI file structure: three detectors in observation_data; wavelength_3d at level 2.
"""

import json
from pathlib import Path
from xml.sax.saxutils import escape

import h5py
import numpy as np
import rasterio
from affine import Affine
from rasterio.warp import transform

UTM33 = "EPSG:32633"


def numbered(bands, rows, cols, dtype):
    """Numbers that tell where they are: 1000 * band + 30 * row + column + 1."""
    band, row, col = np.ogrid[:bands, :rows, :cols]
    return (1000 * band + 30 * row + col + 1).astype(dtype)


# ---- EnMAP and DESIS ----

ENMAP = "ENMAP01-____{level}-DT0000025905_20220724T102402Z_005_V010303_20230922T131734Z"
# Six bands of which the last of VNIR and the first of SWIR overlap, as they do at 900-1000 nm.
ENMAP_CENTRES = (418.24, 550.687, 979.06, 902.24, 1649.03, 2445.3)
ENMAP_WIDTHS = (6.99562, 6.5, 8.1, 11.2, 10.9, 7.6)


def make_enmap(folder, *, level="L2A", bands=6, classes=True, statistics=None, suffix=".TIF"):
    """Make a folder of an EnMAP product; return it, the stem of its files and the numbers."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / ENMAP.format(level=level)
    pixels = numbered(bands, 20, 24, "int16")
    pixels[:, :4, :6] = -32768
    place = {"crs": UTM33, "transform": Affine(30, 0, 366975, 0, -30, 5809965)}
    if level == "L1B":
        for detector in ("VNIR", "SWIR"):
            part = pixels[:3] if detector == "VNIR" else pixels[3:]
            fit = {"crs": "EPSG:4326", "transform": Affine(0.0005, 0, 13, 0, -0.0003, 52.5)}
            _write_tif(f"{stem}-SPECTRAL_IMAGE_{detector}{suffix}", part, nodata=-32768, **fit)
    else:
        _write_tif(f"{stem}-SPECTRAL_IMAGE{suffix}", pixels, nodata=-32768, **place)
    if classes:  # 1 land, 2 water, 3 background
        kind = np.where(pixels[:1] == -32768, 3, 1).astype("uint8")
        kind[0, 10:, 20:] = 2
        kind[0, -1, -1] = 3
        _write_tif(f"{stem}-QL_QUALITY_CLASSES.TIF", kind, **place)
    gain, offset = (0.0001, 0.0) if level == "L2A" else (0.000025, 0.002)
    rows = "".join(
        f'<bandID number="{i}"><wavelengthCenterOfBand>{nm}</wavelengthCenterOfBand>'
        f"<FWHMOfBand>{width}</FWHMOfBand><GainOfBand>{gain * (1 if level == 'L2A' else i)}"
        f"</GainOfBand><OffsetOfBand>{offset}</OffsetOfBand></bandID>"
        for i, (nm, width) in enumerate(zip(ENMAP_CENTRES, ENMAP_WIDTHS, strict=True), start=1)
    )
    told = "".join(
        f'<bandID number="{i}"><mean>{mean}</mean><stdDeviation>0</stdDeviation></bandID>'
        for i, mean in (statistics or {}).items()
    )
    Path(f"{stem}-METADATA.XML").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<level_X><metadata><schema/></metadata>'
        f"<base><format>GeoTIFF</format><level>{level}</level><name>{escape(stem.name)}</name>"
        "<temporalCoverage><startTime>2022-07-24T10:24:02.004320Z</startTime>"
        "<stopTime>2022-07-24T10:24:06.522801Z</stopTime></temporalCoverage></base>"
        "<specific><numberOfVNIRBands>3</numberOfVNIRBands><numberOfSWIRBands>3</numberOfSWIRBands>"
        f"<bandCharacterisation>{rows}</bandCharacterisation></specific>"
        f"<product><bandStatistics>{told}</bandStatistics>"
        f"{_enmap_rpcs(bands) if level == 'L1B' else ''}</product></level_X>\n"
    )
    return folder, stem, pixels


def _enmap_rpcs(bands):
    """Polynomials that are linear, as EnPT reads them; each band lies a tenth of a pixel further.

    Pixel (row, col) of band b lies at 52.5 N - 0.00027 row, 13 E + 0.0004 (col - b / 10), b from 1.
    """
    scalars = {"LAT_OFF": 52.5, "LAT_SCALE": 0.00027, "LONG_OFF": 13.0, "LONG_SCALE": 0.0004,
               "HEIGHT_OFF": 40.0, "HEIGHT_SCALE": 500.0, "ROW_OFF": 0.0, "ROW_SCALE": 1.0,
               "COL_SCALE": 1.0}  # fmt: skip

    def terms(name, **values):
        return "".join(f"<{name}_{n}>{values.get(f't{n}', 0.0)}</{name}_{n}>" for n in range(1, 21))

    rows = []
    for number in range(1, bands + 1):
        told = {**scalars, "COL_OFF": number / 10}
        plain = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
        polynomials = (
            terms("ROW_NUM", t3=-1.0) + terms("ROW_DEN", t1=1.0)
            + terms("COL_NUM", t2=1.0) + terms("COL_DEN", t1=1.0)
        )  # fmt: skip
        rows.append(f'<bandID number="{number}">{plain}{polynomials}</bandID>')
    return f"<navigation><RPC>{''.join(rows)}</RPC></navigation>"


DESIS = "DESIS-HSI-{level}-DT0483531728_001-20200925T103308-V0210"


def make_desis(folder, *, level="L1C"):
    """Make a folder of a DESIS product; return it, the stem of its files and the numbers."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / DESIS.format(level=level)
    pixels = numbered(4, 18, 16, "int16")
    pixels[:, -3:, :2] = -32768
    place = {"crs": UTM33, "transform": Affine(30, 0, 500000, 0, -30, 5400000)}
    _write_tif(f"{stem}-SPECTRAL_IMAGE.tif", pixels, interleave="pixel", **place)
    gains = [0.0004 + 0.0001 * i for i in range(4)]
    Path(f"{stem}-SPECTRAL_IMAGE.hdr").write_text(
        "ENVI\nsamples = 16\nlines = 18\nbands = 4\ndata ignore value = -32768\n"
        f"data gain values = {{{', '.join(map(str, gains))}}}\n"
    )
    rows = "".join(
        f"<band><bandNumber>{i + 1}</bandNumber><wavelengthCenterOfBand>{402.8 + 2.55 * i:.2f}"
        "</wavelengthCenterOfBand><wavelengthWidthOfBand>3.4</wavelengthWidthOfBand>"
        f"<gainOfBand>{gain}</gainOfBand><offsetOfBand>0.0</offsetOfBand></band>"
        for i, gain in enumerate(gains)
    )
    Path(f"{stem}-METADATA.xml").write_text(
        f"<hsi_doc><base><level>{level}</level></base><specific><bandCharacterisation>{rows}"
        "</bandCharacterisation></specific></hsi_doc>\n"
    )
    return folder, stem, pixels


def _write_tif(path, pixels, **profile):
    count, height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width,
        dtype=pixels.dtype.name, **profile,
    ) as dataset:  # fmt: skip
        dataset.write(pixels)


# ---- PRISMA ----

# Slots descend in wavelength and some hold no band: wavelength 0 and flag 0.
PRISMA_VNIR = (0.0, 972.65, 962.28, 550.1, 406.99)
PRISMA_SWIR = (2497.12, 1649.5, 943.36, 0.0)


def make_prisma(path, *, level="L2D", corners="centres", rows=20, cols=17):
    """Make a PRISMA .he5; return the numbers of the cubes and flags, (row, band, column).

    Parameters
    ----------
    corners : what the corner attributes of L2D are: the "centres" of the outermost pixels, as
        prismaread and EnMAP-Box take them, or their outer "corners", as EnMAP-Box #1072 does
    """
    vnir = numbered(len(PRISMA_VNIR), rows, cols, "uint16").transpose(1, 0, 2)
    swir = numbered(len(PRISMA_SWIR), rows, cols, "uint16").transpose(1, 0, 2) + 20000
    for cube in (vnir, swir):
        cube[:2, :, :3] = 0  # outside the scene
        cube[5, 1, 6] = 0  # dark, but measured
    lon, lat, attributes = _prisma_place(level, corners, rows, cols)
    attributes |= {
        "Product_ID": np.bytes_(f"PRS_{level}_STD"),
        "Processing_Level": np.bytes_(level[1:]),
        "Product_StartTime": np.bytes_("2020-06-17T10:21:30.481000"),
        "Product_StopTime": np.bytes_("2020-06-17T10:21:34.798000"),
        "List_Cw_Vnir": np.array(PRISMA_VNIR, "f4"),
        "List_Cw_Swir": np.array(PRISMA_SWIR, "f4"),
        "List_Cw_Vnir_Flags": np.array([nm > 0 for nm in PRISMA_VNIR], "i4"),
        "List_Cw_Swir_Flags": np.array([nm > 0 for nm in PRISMA_SWIR], "i4"),
        "List_Fwhm_Vnir": np.array([0, 13.1, 13.2, 11.0, 12.0], "f4"),
        "List_Fwhm_Swir": np.array([9.1, 11.5, 14.0, 0], "f4"),
    }
    if level == "L1":
        attributes |= {"ScaleFactor_Vnir": np.float32(100), "ScaleFactor_Swir": np.float32(50)}
        attributes |= {"Offset_Vnir": np.float32(0), "Offset_Swir": np.float32(2)}
    else:
        attributes |= {"L2ScaleVnirMin": np.float32(0), "L2ScaleVnirMax": np.float32(0.9)}
        attributes |= {"L2ScaleSwirMin": np.float32(-0.01), "L2ScaleSwirMax": np.float32(1.2)}
    kind = "SAT" if level == "L1" else "L2"
    flags = np.zeros((rows, len(PRISMA_VNIR), cols), "uint8")
    flags[7, 3, 4] = 1  # of the band at 550 nm: defective, or invalid already in L1
    flags[8, 3, 4] = 2  # saturated, or negative before it was clipped: a value all the same
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        swath = f"HDFEOS/SWATHS/PRS_{level}_HCO"
        fields = file.create_group(f"{swath}/Data Fields")
        fields.create_dataset("VNIR_Cube", data=vnir, chunks=(1, *vnir.shape[1:]))
        fields.create_dataset("SWIR_Cube", data=swir, chunks=(1, *swir.shape[1:]))
        fields.create_dataset(f"VNIR_PIXEL_{kind}_ERR_MATRIX", data=flags)
        fields.create_dataset(f"SWIR_PIXEL_{kind}_ERR_MATRIX", data=np.zeros(swir.shape, "uint8"))
        ending = "_VNIR" if level == "L1" else ""
        file[f"{swath}/Geolocation Fields/Latitude{ending}"] = lat
        file[f"{swath}/Geolocation Fields/Longitude{ending}"] = lon
    return vnir, swir


PRISMA_FIRST = (366990.0, 5809950.0)  # centre of the first pixel of L2D, in UTM 33 N


def _prisma_place(level, corners, rows, cols):
    if level != "L2D":  # a swath that runs down to the west, as in a descending orbit
        row, col = np.mgrid[:rows, :cols].astype(float)
        return (
            (12.5 + 4e-4 * col - 1e-4 * row).astype("f4"),
            (52.4 - 2.7e-4 * row - 6e-5 * col).astype("f4"),
            {},
        )
    x = PRISMA_FIRST[0] + 30 * np.arange(cols)
    y = PRISMA_FIRST[1] - 30 * np.arange(rows)
    xs, ys = np.meshgrid(x, y)
    lon, lat = transform(UTM33, "EPSG:4326", xs.ravel(), ys.ravel())
    half = 0 if corners == "centres" else 15
    attributes = {
        "Epsg_Code": np.int32(32633),
        "Product_ULcorner_easting": np.float32(x[0] - half),
        "Product_ULcorner_northing": np.float32(y[0] + half),
        "Product_LRcorner_easting": np.float32(x[-1] + half),
        "Product_LRcorner_northing": np.float32(y[-1] - half),
    }
    return (
        np.reshape(lon, xs.shape).astype("f4"),
        np.reshape(lat, xs.shape).astype("f4"),
        attributes,
    )


# ---- EMIT ----

EMIT_GRID = Affine(0.000542, 0, 16.9, 0, -0.000542, 25.1)


def make_emit(path, *, variable="reflectance", rows=22, cols=18, bands=5, chunks=(8, 8, 2)):
    """Make an EMIT granule; return its numbers (downtrack, crosstrack, band) and lookup table."""
    cube = numbered(bands, rows, cols, "f4").transpose(1, 2, 0) / 10000
    cube[0, 0] = -9999
    # The map turns the swath by about 30 degrees; a pixel of the map takes the nearest one.
    row, col = np.mgrid[:26, :26]
    downtrack = np.rint(0.87 * (row - 4) + 0.5 * (col - 12) + 5).astype("i4")
    crosstrack = np.rint(0.87 * (col - 12) - 0.5 * (row - 4) + 11).astype("i4")
    inside = (downtrack >= 0) & (downtrack < rows) & (crosstrack >= 0) & (crosstrack < cols)
    glt_y, glt_x = (np.where(inside, n + 1, 0).astype("i4") for n in (downtrack, crosstrack))
    track, cross = np.mgrid[:rows, :cols].astype(float)
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "EMIT L2A Estimated Surface Reflectance 60 m V001"
        file.attrs["geotransform"] = np.array(EMIT_GRID.to_gdal())
        file.attrs["platform"], file.attrs["instrument"] = "ISS", "EMIT"
        file.attrs["time_coverage_start"] = "2023-03-29T14:54:06+0000"
        file.attrs["time_coverage_end"] = "2023-03-29T14:54:18+0000"
        file.attrs["spatial_ref"] = (
            'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
            'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
        )
        data = file.create_dataset(variable, data=cube, chunks=chunks, compression="gzip")
        data.attrs["_FillValue"] = np.array([-9999], "f4")
        group = file.create_group("sensor_band_parameters")
        group["wavelengths"] = np.linspace(381.0056, 2492.9239, bands).astype("f4")
        group["fwhm"] = np.full(bands, 8.4, "f4")
        group["good_wavelengths"] = np.array(([1, 1, 0] + [1] * bands)[:bands], "f4")
        location = file.create_group("location")
        location["lon"] = 16.9 + 0.00054 * (0.87 * cross + 0.5 * track)
        location["lat"] = 25.1 - 0.00054 * (0.87 * track - 0.5 * cross)
        location["glt_x"], location["glt_y"] = glt_x, glt_y
        swath = {"downtrack": rows, "crosstrack": cols}
        _name_dimensions(file, {**swath, "bands": bands, "ortho_y": 26, "ortho_x": 26})
    return cube, glt_x, glt_y


def _name_dimensions(file, sizes):
    """Give the axes of all datasets names, as netCDF-4 has them, by their lengths."""
    for name, size in sizes.items():
        file[name] = np.zeros(size, "f4")
        file[name].make_scale(f"This is a netCDF dimension but not a netCDF variable.{size:10d}")
    datasets = []
    file.visititems(lambda name, node: datasets.append(node))
    for data in datasets:
        if isinstance(data, h5py.Dataset) and not data.is_scale:
            left = dict(sizes)
            for axis, length in enumerate(data.shape):
                name = next(name for name, size in left.items() if size == length)
                del left[name]
                data.dims[axis].attach_scale(file[name])


# ---- NEON ----

NEON_CENTRES = (383.5, 850.0, 1340.5, 1400.0, 1900.0, 2200.0)


def make_neon(path, *, rows=12, cols=15):
    """Make a reflectance file of NEON; return its numbers (row, column, band)."""
    cube = numbered(len(NEON_CENTRES), rows, cols, "i2").transpose(1, 2, 0).copy()
    cube[3, 4] = -9999
    with h5py.File(path, "w") as file:
        root = file.create_group("HARV/Reflectance")
        root.attrs["Band_Window_1_Nanometers"] = np.array([1340, 1445], "i4")
        root.attrs["Band_Window_2_Nanometers"] = np.array([1790, 1955], "i4")
        data = root.create_dataset("Reflectance_Data", data=cube, chunks=(5, 5, 6))
        data.attrs["Scale_Factor"] = np.float64(10000)
        data.attrs["Data_Ignore_Value"] = np.float64(-9999)
        data.attrs["Interleave"] = "BSQ"
        spectral = root.create_group("Metadata/Spectral_Data")
        spectral["Wavelength"] = np.array(NEON_CENTRES)
        spectral["FWHM"] = np.full(len(NEON_CENTRES), 5.8)
        place = root.create_group("Metadata/Coordinate_System")
        place["Map_Info"] = np.bytes_(
            "UTM,  1.000,  1.000,  726000.00,  4699000.0,  1.0000000,  1.0000000,  18,  North,"
            "  WGS-84,  units=Meters, 0"
        )
        place["EPSG Code"] = np.bytes_("32618")
    return cube


TANAGER_CENTRES = (381.5, 550.2, 865.0, 1380.0, 1650.4, 2210.1)
TANAGER_GRID = Affine(30, 0, 500_010, 0, -30, 5_800_020)


def make_tanager(path, *, kind="toa_radiance", grid=False, rows=24, cols=20):
    """HDF-EOS5 as Planet describes it: the cube is (band, row, col), its bands are attributes.

    Pixel (row, col) of a swath lies at 25 N - 0.0003 row + 0.00004 col, 17 E + 0.0003 col.
    """
    bands = len(TANAGER_CENTRES)
    cube = numbered(bands, rows, cols, "float32")
    cube[:, :2, :3] = -9999
    group = "HDFEOS/GRIDS/HYP" if grid else "HDFEOS/SWATHS/HYP"
    text = "GROUP=SwathStructure\nEND_GROUP=SwathStructure\nEND\n"
    if grid:
        right, bottom = TANAGER_GRID @ (cols, rows)
        text = (
            f"GROUP=GridStructure\n\tXDim={cols}\n\tYDim={rows}\n"
            f"\tUpperLeftPointMtrs=({TANAGER_GRID.c:f},{TANAGER_GRID.f:f})\n"
            f"\tLowerRightMtrs=({right:f},{bottom:f})\n\tZoneCode=33\n"
            "\tDataType=H5T_NATIVE_FLOAT\nEND_GROUP=GridStructure\nEND\n"
        )
    outside = np.zeros((rows, cols), np.uint8)
    outside[-1, -4:] = 1
    with h5py.File(path, "w") as file:
        data = file.create_dataset(f"{group}/Data Fields/{kind}", data=cube)
        data.attrs["wavelengths"] = np.array(TANAGER_CENTRES)
        data.attrs["fwhm"] = np.full(bands, 5.5)
        data.attrs["good_wavelengths"] = np.array([1, 1, 1, 0, 1, 1])
        data.attrs["_FillValue"] = np.float32(-9999)
        data.attrs["Unit"] = "W/(m^2 sr um)" if kind == "toa_radiance" else "1"
        file[f"{group}/Data Fields/nodata_pixels"] = outside
        if grid:
            file[group].attrs["epsg_code"] = 32633
        else:
            row, col = np.mgrid[0:rows, 0:cols]
            file[f"{group}/Geolocation Fields/Latitude"] = 25 - 0.0003 * row + 0.00004 * col
            file[f"{group}/Geolocation Fields/Longitude"] = 17 + 0.0003 * col
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_(text.encode())
    return cube


def _places(rows, cols):
    """Latitude and longitude of pixel centres: 60 N - 0.01 row, 5 E + 0.02 col + 0.001 row."""
    row, col = np.mgrid[0:rows, 0:cols]
    return (60 - 0.01 * row).astype("f4"), (5 + 0.02 * col + 0.001 * row).astype("f4")


HYPSO_CENTRES = (430.5, 551.25, 640.1, 760.0)


def make_hypso(path, *, single=False, rows=15, cols=12):
    """Radiance (line, sample, band), or a dataset of each band, not in order of wavelength."""
    cube = numbered(4, rows, cols, "float32")
    latitude, longitude = _places(rows, cols)
    with h5py.File(path, "w") as file:
        file["navigation/latitude"], file["navigation/longitude"] = latitude, longitude
        if not single:
            data = file.create_dataset("products/Lt", data=np.moveaxis(cube, 0, 2))
            data.attrs["wavelengths"], data.attrs["fwhm"] = np.array(HYPSO_CENTRES), np.full(4, 3.3)
        for number in (2, 0, 3, 1) if single else ():
            data = file.create_dataset(f"products/Lt_{number:03d}", data=cube[number])
            data.attrs["wavelength"], data.attrs["fwhm"] = HYPSO_CENTRES[number], 3.3
    return cube


PACE_CENTRES = {"blue": (315.0, 450.5, 605.0), "red": (600.0, 701.2), "SWIR": (940.0, 2258.4)}


def make_hico(path, *, rows=15, cols=12):
    """Radiance (line, sample, band) in integers, with arrays of one as netCDF has attributes."""
    cube = numbered(4, rows, cols, "int16").transpose(1, 2, 0)
    lat, lon = _places(rows, cols)
    with h5py.File(path, "w") as file:
        file["products/Lt"] = cube
        file["products/Lt"].attrs.update({
            "scale_factor": np.array([0.02], "f4"), "add_offset": np.array([0], "f4"),
            "units": np.bytes_("W/m^2/micrometer/sr"), "fwhm": np.full(4, 5.7, "f4"),
            "wavelengths": np.array(HYPSO_CENTRES, "f4"),
            "wavelength_units": np.bytes_("nanometers"),
        })  # fmt: skip
        file["navigation/latitudes"], file["navigation/longitudes"] = lat, lon
    return cube


def make_pace_l1b(path, *, rows=14, cols=11):
    """Three detectors, (band, scan, pixel) each; blue and red overlap at 600 nm."""
    cube = numbered(7, rows, cols, "float32")
    latitude, longitude = _places(rows, cols)
    first = 0
    with h5py.File(path, "w") as file:
        file.attrs.update(platform="PACE", instrument="OCI", processing_level="L1B")
        file.attrs["time_coverage_start"] = "2024-05-01T12:00:00.000Z"
        file.attrs["time_coverage_end"] = "2024-05-01T12:05:00.000Z"
        file["geolocation_data/latitude"], file["geolocation_data/longitude"] = latitude, longitude
        for name, centres in PACE_CENTRES.items():
            part = cube[first : first + len(centres)]
            data = file.create_dataset(f"observation_data/rhot_{name}", data=part)
            data.attrs["_FillValue"] = np.float32(-32767)
            file[f"sensor_band_parameters/{name}_wavelength"] = np.array(centres, "f4")
            file[f"sensor_band_parameters/{name}_bandpass"] = np.full(len(centres), 5, "f4")
            first += len(centres)
    return cube


def make_pace_l2(path, *, rows=14, cols=11):
    """Rrs (line, pixel, wavelength_3d), packed; returned is what it means, NaN where nothing."""
    packed = np.moveaxis(numbered(3, rows, cols, "int16"), 0, 2)
    packed[3, 4] = -32767
    latitude, longitude = _places(rows, cols)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("geophysical_data/Rrs", data=packed)
        data.attrs["scale_factor"], data.attrs["add_offset"] = np.float32(2e-6), np.float32(0.05)
        data.attrs["_FillValue"] = np.int16(-32767)
        file["geophysical_data/chlor_a"] = np.zeros((rows, cols), "f4")
        file["navigation_data/latitude"], file["navigation_data/longitude"] = latitude, longitude
        file["sensor_band_parameters/wavelength_3d"] = np.array([412.0, 555.0, 678.0])
        _name_dimensions(
            file, {"number_of_lines": rows, "pixels_per_line": cols, "wavelength_3d": 3}
        )
    values = packed * np.float64(np.float32(2e-6)) + np.float64(np.float32(0.05))
    return np.where(packed == -32767, np.nan, values).transpose(2, 0, 1)


WYVERN_CENTRES = (445.0, 503.0, 569.5, 701.0)


def make_wyvern(folder, *, tags=("Wavelength", "Wavelength_Units", "FWHM"), item=False):
    """Radiance in degrees, pixels of 5 m at 40 N; wavelengths as tags, or in the item beside it."""
    cube = numbered(4, 20, 16, "float32")
    cube[:, :3, :4] = -9999
    path = Path(folder) / "wyvern_dragonette-001_20240603T174129_7ba6ab22_l1b.tiff"
    place = {"crs": "EPSG:4326", "transform": Affine(5.85e-5, 0, -105.1, 0, -4.5e-5, 40.0)}
    _write_tif(path, cube, nodata=-9999, **place)
    with rasterio.open(path, "r+") as dataset:
        for band, centre in enumerate(WYVERN_CENTRES, start=1):
            dataset.set_band_description(band, f"Band_{centre:.0f}")
            if tags and not item:
                values = (f"{centre}", "nm", "21.5")
                dataset.update_tags(band, **dict(zip(tags, values, strict=True)))
        if item:
            dataset.descriptions = ("",) * 4
    if item:
        bands = [{"name": f"Band_{nm:.0f}", "center_wavelength": nm / 1e3,
                  "full_width_half_max": 0.0215} for nm in WYVERN_CENTRES]  # fmt: skip
        asset = {"href": path.name, "eo:bands": bands}
        text = json.dumps({"type": "Feature", "properties": {}, "assets": {"Cloud": asset}})
        path.with_suffix(".json").write_text(text)
    return path, cube


PIXXEL_CENTRES = (470.1, 550.0, 661.3, 842.7)


def make_pixxel(folder, *, level="L2A"):
    """DN of 16 bits, 50000 for 1; an ENVI header beside it has the wavelengths."""
    cube = numbered(4, 20, 16, "uint16")
    path = Path(folder) / f"FF01_123456_20250607_{level}_20250609_00501004.tif"
    place = {"crs": UTM33, "transform": Affine(5, 0, 400000, 0, -5, 5800000)}
    _write_tif(path, cube, nodata=0, **place)
    path.with_suffix(".hdr").write_text(
        "ENVI\nsamples = 16\nlines = 20\nbands = 4\nwavelength units = Nanometers\n"
        f"wavelength = {{{', '.join(map(str, PIXXEL_CENTRES))}}}\n"
    )
    return path, cube


KUVA_CENTRES = (450.0, 523.5, 601.0, 880.2)


def make_kuva(folder):
    """L1C.tif and its JSON, whose bands are not in the order of the image."""
    cube = numbered(4, 20, 16, "uint16")
    cube[:, -2:, :5] = 0
    path = Path(folder) / "L1C.tif"
    _write_tif(path, cube, crs=UTM33, transform=Affine(25, 0, 400000, 0, -25, 5800000))
    bands = [{"index": i, "wavelength": [nm, 0.5], "bandwidth": [20.0 + i, 0.1],
              "scale": 1e-4 * (i + 1), "offset": -10.0 * i}
             for i, nm in enumerate(KUVA_CENTRES)]  # fmt: skip
    image = {"acquired_on": "2025-11-02T10:20:30.5Z", "bands": bands[::-1],
             "measured_quantity_name": "TOA_REFLECTANCE"}  # fmt: skip
    told = {"satellite": {"name": "hyperfield1a"}, "image": image}
    (Path(folder) / "hyperfield1a_L1C_20251102T102030.json").write_text(json.dumps(told))
    return path, cube


AVIRIS_GRID = Affine(2.5, 0, 760000, 0, -2.5, 3800000)
AVIRIS_CENTRES = (392.0, 550.4, 1380.2, 2200.9)


def make_aviris_glt(folder, *, line="AV320230926t201618", endings=("_L1B_RDN_000_aa", "_GLT")):
    """An image of 14 x 10 pixels and a table of 16 x 18; a third of what it has is interpolated."""
    cube = numbered(4, 14, 10, "float32")
    image = Path(folder) / f"{line}{endings[0]}"
    cube.tofile(image)
    header = (
        "ENVI\nsamples = {}\nlines = {}\nbands = {}\nheader offset = 0\ndata type = {}\n"
        "interleave = bsq\nbyte order = 0\n"
    )
    Path(f"{image}.hdr").write_text(
        header.format(10, 14, 4, 4) + "data ignore value = -9999\nwavelength units = Nanometers\n"
        f"wavelength = {{{', '.join(map(str, AVIRIS_CENTRES))}}}\n"
    )
    row, col = np.mgrid[:16, :18]
    lines = np.rint(0.8 * (row - 2) + 0.3 * (col - 4)).astype("i4") + 1
    samples = np.rint(0.8 * (col - 4) - 0.3 * (row - 2)).astype("i4") + 3
    inside = (lines >= 1) & (lines <= 14) & (samples >= 1) & (samples <= 10)
    filled = np.where((row + col) % 3 == 0, -1, 1)
    table = np.where(inside, np.stack([samples, lines]) * filled, 0).astype("<i4")
    path = Path(folder) / f"{line}_L1B_ORT_000_bb{endings[1]}"
    table.tofile(path)
    grid = AVIRIS_GRID
    Path(f"{path}.hdr").write_text(
        header.format(18, 16, 2, 3)
        + f"map info = {{UTM, 1, 1, {grid.c}, {grid.f}, {grid.a}, {-grid.e}, 10, North, WGS-84}}\n"
    )
    return image, cube, table


def make_aviris_loc(image, *, ending="_L1B_LOC_000_cc_LOC", part="000", degrees=True):
    """Longitude, latitude and height of each pixel of an image of `make_aviris_glt`: 30 m apart."""
    row, col = np.mgrid[:14, :10]
    x, y = 760000 + 30 * col + 6 * row, 3800000 + 6 * col - 30 * row
    lon, lat = transform("EPSG:32610", "EPSG:4326", x.ravel(), y.ravel())
    told = np.stack([lon, lat]).reshape(2, 14, 10) if degrees else np.stack([x, y])
    line = image.name.partition("_")[0]
    path = image.with_name(f"{line}{ending.replace('000', part)}")
    np.concatenate([told, np.full((1, 14, 10), 200.0)]).astype("<f8").tofile(path)
    Path(f"{path}.hdr").write_text(
        "ENVI\nsamples = 10\nlines = 14\nbands = 3\nheader offset = 0\ndata type = 5\n"
        "interleave = bsq\nbyte order = 0\n"
    )
    return x, y, lon, lat


def make_aviris_gain(folder, *, line="f080611t01p00r07rdn_c"):
    """Orthocorrected radiance of the first AVIRIS in integers of either sign, and its factors."""
    cube = numbered(4, 14, 10, "int16")
    cube[:, :3, :2] = -50
    image = Path(folder) / f"{line}_sc01_ort_img"
    cube.astype(">i2").tofile(image)
    Path(f"{image}.hdr").write_text(
        "ENVI\nsamples = 10\nlines = 14\nbands = 4\nheader offset = 0\ndata type = 2\n"
        "interleave = bsq\nbyte order = 1\nmap info ={UTM , 1 , 1 , 579451.8 , 4146410.6 , 17 , 17 "
        ", 10 , North , WGS-84 , units=Meters , rotation=-13}\n"
        f" wavelength = {{{', '.join(map(str, AVIRIS_CENTRES))}}}\n"
    )
    (Path(folder) / f"{line}.gain").write_text(
        "".join(f"  {factor:.6f}   {i}\n" for i, factor in enumerate((300, 300, 600, 1200), 1))
    )
    return image, cube


def make_aviris_table(path):
    """Radiance of AVIRIS-3 as ORNL has it: the image, and the table of its map in the same file."""
    cube, (row, col) = numbered(4, 14, 10, "float32"), np.mgrid[:16, :18]
    line, sample = row - 1, np.where(col % 5 == 0, -1, 1) * (col - 3)
    inside = (line >= 1) & (line <= 14) & (col - 3 >= 1) & (col - 3 <= 10)
    table = {"line": np.where(inside, line, 0), "sample": np.where(inside, sample, 0)}
    grid = AVIRIS_GRID.to_gdal()
    with h5py.File(path, "w") as file:
        mapping = file.create_dataset("transverse_mercator", data=np.bytes_(b""))
        mapping.attrs["spatial_ref"] = rasterio.crs.CRS.from_epsg(32610).to_wkt()
        mapping.attrs["GeoTransform"] = " ".join(map(str, grid)) + " "
        file["radiance/wavelength"] = np.array(AVIRIS_CENTRES, "f4")
        file["radiance/fwhm"] = np.full(4, 8.3, "f4")
        data = file.create_dataset("radiance/radiance", data=cube)
        data.attrs["_FillValue"] = np.float32(-9999)
        data.attrs["grid_mapping"] = "transverse_mercator"
        for name, numbers in table.items():
            file[f"geolocation_lookup_table/{name}"] = numbers.astype("i4")
        sizes = {"wavelength": 4, "lines": 14, "samples": 10, "northing": 16, "easting": 18}
        _name_dimensions(file, sizes)
    return cube, table


def make_aviris_netcdf(path):
    """Coordinates and grid mapping at the root, the cube in a group of its own."""
    cube = numbered(4, 12, 9, "float32")
    cube[:, 3, 4] = -9999
    rows, cols = cube.shape[1:]
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "AVIRIS-3 L2A orthocorrected surface reflectance"
        file["northing"] = AVIRIS_GRID.f + AVIRIS_GRID.e * (np.arange(rows) + 0.5)
        file["easting"] = AVIRIS_GRID.c + AVIRIS_GRID.a * (np.arange(cols) + 0.5)
        mapping = file.create_dataset("transverse_mercator", data=np.int32(0))
        mapping.attrs["grid_mapping_name"] = "transverse_mercator"
        mapping.attrs["crs_wkt"] = rasterio.crs.CRS.from_epsg(32610).to_wkt()
        group = file.create_group("reflectance")
        group["wavelength"] = np.array(AVIRIS_CENTRES, "f4")
        group["wavelength"].attrs["units"] = "nanometers"
        group["fwhm"] = np.full(4, 8.5, "f4")
        data = group.create_dataset("reflectance", data=cube)
        data.attrs["_FillValue"], data.attrs["grid_mapping"] = np.float32(-9999), mapping.name[1:]
        for axis, name in enumerate(("reflectance/wavelength", "northing", "easting")):
            file[name].make_scale(name.rpartition("/")[2])
            data.dims[axis].attach_scale(file[name])
        group["fwhm"].dims[0].attach_scale(file["reflectance/wavelength"])
    return cube
