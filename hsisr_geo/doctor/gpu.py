"""Look at torch and the GPU: a GPU counts once it has computed something right."""

import time

import torch

from hsisr_geo.doctor.finding import Finding


def check_device(*, has_nvidia: bool) -> Finding:
    """Say what `--device auto` is here.

    Parameters
    ----------
    has_nvidia : the system shows an NVIDIA GPU, whatever torch thinks of it
    """
    built = torch.version.cuda
    details: dict[str, object] = {
        "torch": torch.__version__,
        "cuda": built,
        "threads": torch.get_num_threads(),
    }
    cpu = f"the CPU, {torch.get_num_threads()} threads; torch {torch.__version__}"
    if torch.cuda.is_available():
        return _try_gpu(cpu, details)
    if not has_nvidia:
        return Finding("device", "ok", f"{cpu}; no NVIDIA GPU here", details=details)
    if built is None:
        told, advice = "is built without CUDA", "install torch with CUDA (docs/install.md)"
    else:
        told = f"for CUDA {built} cannot use it"
        advice = f"install an NVIDIA driver for CUDA {built}, or a torch for your driver's CUDA"
    return Finding("device", "note", f"{cpu}, which {told}, though there is a GPU", advice, details)


def _try_gpu(cpu: str, details: dict[str, object]) -> Finding:
    """Convolve on the GPU and on the CPU: the kernels of a torch need not fit a GPU's age."""
    advice = "use --device cpu, or install a torch that supports this GPU (docs/install.md)"
    try:
        name = torch.cuda.get_device_name()
        free, total = torch.cuda.mem_get_info()
        x, weight = torch.linspace(-1, 1, 8 * 32 * 32).reshape(1, 8, 32, 32), torch.ones(4, 8, 3, 3)
        started = time.perf_counter()
        made = torch.nn.functional.conv2d(x.cuda(), weight.cuda()).cpu()
        seconds = time.perf_counter() - started
        right = torch.allclose(made, torch.nn.functional.conv2d(x, weight), atol=1e-2)
    except (RuntimeError, AssertionError) as e:  # the second of a torch without CUDA
        return Finding("device", "broken", f"the GPU does not compute: {e}", advice, details)
    details |= {"gpu": name, "free_bytes": free, "total_bytes": total, "seconds": seconds}
    if not right:
        return Finding("device", "broken", f"{name} computes wrong numbers", advice, details)
    told = f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free; torch {torch.__version__}"
    return Finding("device", "ok", told, details=details)
