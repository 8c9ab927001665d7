"""The numbers that the DMGASR paper prints in its tables 1 to 3, to be shown in files of their own.

They hold for the paper's data and its protocol, so they are written beside a comparison by that
protocol only. "DMGASR" is what the paper calls "Ours".
"""

from collections.abc import Sequence

from hsisr_geo.benchmark.settings import BenchmarkSettings
from hsisr_geo.benchmark.tables.table import Row, Section, Table, TableCell, ranked
from hsisr_geo.benchmark.tables.tables import METRICS

PROTOCOL = "dmgasr"
_SOURCE = "As printed in the DMGASR paper; not measured here. ERGAS has ratio 4 at every scale."

# Tables 1 and 2 by scene and scale: a system, then the six metrics.
_QUALITY = {
    ("PaviaC", 2): """
Bicubic 30.998 0.899 0.940 0.0292 4.675 4.567
EDSR 31.342 0.904 0.940 0.0276 6.746 4.548
GDRRN 31.559 0.905 0.947 0.0271 5.186 4.324
SSPSR 32.335 0.922 0.953 0.0247 5.346 4.015
MCNet 32.068 0.921 0.953 0.0262 5.219 4.174
CEGATSR 31.746 0.909 0.939 0.0269 5.741 4.337
GELIN 33.326 0.937 0.963 0.0222 4.099 3.553
DMGASR 34.491 0.950 0.971 0.0195 4.080 3.140
""",
    ("PaviaC", 3): """
Bicubic 27.865 0.785 0.877 0.0424 5.855 6.472
EDSR 28.748 0.826 0.898 0.0376 7.714 5.945
GDRRN 29.172 0.835 0.908 0.0360 6.531 5.615
SSPSR 29.507 0.850 0.916 0.0346 5.987 5.416
MCNet 28.193 0.802 0.889 0.0415 7.171 6.408
CEGATSR 28.489 0.807 0.894 0.0392 6.816 6.051
GELIN 29.611 0.850 0.918 0.0347 5.294 5.334
DMGASR 30.035 0.867 0.925 0.0328 5.715 5.091
""",
    ("PaviaC", 4): """
Bicubic 26.270 0.678 0.820 0.0514 6.623 7.762
EDSR 27.098 0.741 0.851 0.0458 8.236 7.130
GDRRN 27.445 0.749 0.864 0.0443 6.557 6.822
SSPSR 27.768 0.771 0.876 0.0428 6.320 6.562
MCNet 27.854 0.770 0.877 0.0424 6.302 6.504
CEGATSR 27.278 0.730 0.860 0.0454 6.425 6.934
GELIN 27.592 0.770 0.870 0.0439 6.265 6.679
DMGASR 27.928 0.785 0.880 0.0423 7.406 6.428
""",
    ("Chikusei", 2): """
Bicubic 35.008 0.932 0.965 0.0229 1.718 3.995
EDSR 35.489 0.941 0.961 0.0198 2.444 4.525
GDRRN 35.958 0.939 0.971 0.0206 1.561 3.606
SSPSR 35.723 0.944 0.965 0.0197 2.275 4.187
MCNet 36.371 0.948 0.971 0.0198 1.784 3.650
CEGATSR 35.866 0.938 0.957 0.0204 2.212 3.994
GELIN 37.747 0.959 0.979 0.0170 1.384 3.011
DMGASR 38.748 0.966 0.982 0.0161 1.638 2.738
""",
    ("Chikusei", 3): """
Bicubic 31.460 0.847 0.921 0.0345 2.547 5.935
EDSR 31.962 0.868 0.925 0.0305 3.356 6.244
GDRRN 32.383 0.866 0.935 0.0305 2.398 5.402
SSPSR 33.015 0.890 0.942 0.0280 2.558 5.175
MCNet 32.380 0.872 0.934 0.0309 2.496 5.581
CEGATSR 31.685 0.856 0.923 0.0325 3.010 5.981
GELIN 33.796 0.900 0.952 0.0267 2.022 4.539
DMGASR 34.192 0.909 0.954 0.0264 2.637 4.364
""",
    ("Chikusei", 4): """
Bicubic 29.676 0.770 0.882 0.0425 3.161 7.275
EDSR 29.976 0.799 0.893 0.0386 4.127 7.547
GDRRN 30.658 0.801 0.905 0.0374 2.913 6.551
SSPSR 30.858 0.823 0.914 0.0355 3.196 6.651
MCNet 31.189 0.821 0.916 0.0354 2.955 8.284
CEGATSR 30.569 0.806 0.908 0.0374 3.082 6.757
GELIN 31.095 0.838 0.914 0.0366 2.834 6.102
DMGASR 32.248 0.860 0.929 0.0332 3.507 5.378
""",
    ("Harvard", 2): """
Bicubic 44.813 0.972 0.974 0.00840 2.623 3.183
EDSR 44.945 0.976 0.972 0.00714 3.588 3.376
GDRRN 45.868 0.975 0.976 0.00748 2.556 2.927
SSPSR 44.939 0.977 0.975 0.00737 3.489 3.433
MCNet 46.367 0.973 0.939 0.00713 3.300 3.738
GELIN 47.024 0.981 0.981 0.00623 2.530 2.576
DMGASR 46.953 0.979 0.982 0.00678 3.079 2.527
""",
    ("Harvard", 3): """
Bicubic 41.717 0.946 0.951 0.01230 3.081 4.446
EDSR 43.102 0.957 0.957 0.00994 3.687 4.024
GDRRN 43.129 0.952 0.959 0.01060 2.970 3.949
SSPSR 43.409 0.959 0.960 0.00974 3.478 3.868
MCNet 42.745 0.952 0.953 0.01060 3.475 4.463
GELIN 43.653 0.957 0.961 0.00992 3.000 3.765
DMGASR 44.028 0.959 0.966 0.00965 3.596 3.525
""",
    ("Harvard", 4): """
Bicubic 39.940 0.926 0.934 0.0152 3.345 5.354
EDSR 41.330 0.940 0.945 0.0119 4.039 4.748
GDRRN 40.369 0.933 0.922 0.0127 4.120 5.866
SSPSR 41.929 0.941 0.952 0.0115 3.513 4.410
MCNet 41.986 0.939 0.947 0.0120 3.333 4.482
GELIN 42.673 0.945 0.959 0.0110 3.156 4.032
DMGASR 43.132 0.948 0.961 0.0109 3.534 3.883
""",
}

# Table 3, on PaviaC.
_ABLATION = {
    2: """
DMGASR 34.491 0.950 0.971 0.0195 4.080 3.140
w/o_GD 33.761 0.946 0.966 0.0214 4.714 3.410
w/o_GS 32.442 0.929 0.954 0.0246 5.626 4.021
Diff-PB 31.319 0.827 0.878 0.0277 6.715 5.122
Diff-FB 10.948 0.043 0.084 0.3501 51.461 56.450
""",
    3: """
DMGASR 30.035 0.867 0.925 0.0328 5.715 5.091
w/o_GD 29.685 0.862 0.919 0.0341 6.442 5.296
w/o_GS 29.469 0.854 0.915 0.0347 6.073 5.467
Diff-PB 29.172 0.756 0.833 0.0353 7.383 6.202
Diff-FB 10.920 0.038 0.065 0.3483 53.411 54.513
""",
    4: """
DMGASR 27.928 0.785 0.880 0.0423 7.406 6.428
w/o_GD 27.624 0.778 0.874 0.0436 8.227 6.678
w/o_GS 27.432 0.759 0.867 0.0433 7.193 6.822
Diff-PB 27.262 0.757 0.867 0.0451 10.492 6.969
Diff-FB 10.906 0.043 0.088 0.3521 53.061 57.968
""",
}


def bicubic_row(scene: str, upscale: int) -> dict[str, float]:
    """Return the row of bicubic interpolation in tables 1 and 2, by the names of `METRICS`."""
    first = _QUALITY[scene, upscale].strip().splitlines()[0]
    return dict(zip(METRICS, map(float, first.split()[1:]), strict=True))


def published_tables(settings: BenchmarkSettings) -> list[Table]:
    """Return the paper's tables where the comparison is by its protocol, else none."""
    if settings.protocol != PROTOCOL:
        return []
    quality = [
        Section(f"{scene}, ×{upscale}", _rows(_QUALITY[scene, upscale]))
        for scene in dict.fromkeys(scene for scene, _ in _QUALITY)
        for upscale in settings.upscales
    ]
    ablation = [
        Section(f"PaviaC, ×{upscale}", _rows(_ABLATION[upscale])) for upscale in settings.upscales
    ]
    return [
        _table("published-comparison", "Published: tables 1 and 2", quality),
        _table("published-ablation", "Published: table 3", ablation),
    ]


def _table(name: str, title: str, sections: Sequence[Section]) -> Table:
    return Table(name, title, tuple(METRICS.values()), tuple(sections), (_SOURCE,))


def _rows(text: str) -> tuple[Row, ...]:
    return ranked(tuple(METRICS.values()), [_row(line) for line in text.strip().splitlines()])


def _row(line: str) -> Row:
    label, *numbers = line.split()
    cells = tuple(TableCell(float(number)) for number in numbers)
    return Row(label.lower(), label.replace("_", " "), cells)
