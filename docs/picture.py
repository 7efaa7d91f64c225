"""The picture of README.md: the comparison page of two sample scans, as a browser draws it.

`.venv/bin/python docs/picture.py` writes docs/comparison.png. It needs chromium (Debian:
`apt-get install chromium`). Make the picture again when the page looks different, and look at it
before you commit it: it is the one file in git that a program makes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "comparison.png"
REFERENCE = "sample_data/JAM-2026-0007-1.x3p"
COMPARISON = "sample_data/BLZ-2025-0042-1.x3p"
SIZE = (1200, 720)  # width and height in pixels
PLAIN = Image.Dither.NONE
COLOURS = 256  # of the picture; fewer lose the lamp and the buttons
SMALLEST, LARGEST = 80_000, 200_000  # bytes; without its surfaces the page takes less
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--virtual-time-budget=8000",  # ms until the page has drawn itself
    "--run-all-compositor-stages-before-draw",  # else the surfaces may be missing
)


def main() -> int:
    """Draw the page, write the picture; 1 without a browser, or where the surfaces are missing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("chromium needed, found none", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        page, drawn = Path(folder, "pair.html"), Path(folder, "drawn.png")
        view = ["view", REFERENCE, COMPARISON, "-o", str(page)]
        subprocess.run([sys.executable, "cli.py", *view], cwd=ROOT, check=True)
        window = f"--window-size={SIZE[0]},{SIZE[1]}"
        # `#canvas`: the page draws without WebGL, so that every machine draws the same
        address = f"{page.as_uri()}#canvas"
        command = [browser, *FLAGS, window, f"--screenshot={drawn}", address]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with Image.open(drawn) as picture:
            few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=PLAIN)
            few.save(drawn, optimize=True)
        size = drawn.stat().st_size
        if not SMALLEST < size < LARGEST:  # a busy machine leaves the surfaces out: try again
            print(f"{SMALLEST} to {LARGEST} bytes needed, found {size}", file=sys.stderr)
            return 1
        shutil.copyfile(drawn, PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
