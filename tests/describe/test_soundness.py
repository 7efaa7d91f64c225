"""Arrays that another member sent: real templates pass, what a kernel would trip over does not."""

from __future__ import annotations

import impressions
import numpy as np
import pytest

from ribin.describe.soundness import check_described
from ribin.errors import FormatError
from ribin.pipeline import describe_mark, extract_marks, find_marks
from ribin.read import read_scan


@pytest.fixture(scope="module")
def arrays(sample_dir):
    scan = read_scan(sample_dir / "JAM-2026-0007-1.x3p")
    return describe_mark(extract_marks(scan)[0]).arrays


def test_templates_of_every_mark_pass(arrays):
    case = next(case for case in impressions.CASES if case.name == "coarse")
    head = impressions.made_head(impressions.Job(case, 0, 0)).scan
    found = [describe_mark(each.mark).arrays for each in find_marks(head)]
    assert len(found) > 1
    for one in (arrays, *found):
        check_described(one, "t")


@pytest.mark.realdata
def test_real_templates_pass(fadul_dir):
    for path in sorted(fadul_dir.glob("*.x3p"))[:4]:
        check_described(describe_mark(extract_marks(read_scan(path))[0]).arrays, path.name)


def changed(name, change):
    def apply(arrays):
        array = arrays[name].copy()
        made = change(array)
        return {**arrays, name: array if made is None else made}

    return apply


def put(value):
    return lambda array: array.__setitem__((0,) * array.ndim, value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (changed("cells", put(1000)), "cells within"),
        (changed("cells", put(-1)), "cells within"),
        (changed("cells", lambda a: a[:0]), "cells within"),
        (changed("cells", lambda a: a[:, :1]), "cells within"),
        (changed("fine_runs", put(77)), "runs differ"),
        (changed("medium_runs", put(-3)), "runs differ"),
        (changed("fine_counts", put(65)), "fine_counts differ"),
        (changed("fine", lambda a: a[:-1]), "a square with its mask"),
        (changed("fine", lambda a: a.astype(np.float64)), "float32 with 2 axes"),
        (changed("fine", put(5.0)), "0 outside the mask"),
        (changed("medium_valid", lambda a: a[:8, :8]), "a square with its mask"),
        (changed("coarse", lambda a: a[:, :, 1:]), "coarse of "),
        (changed("coarse", lambda a: a[:, 1:]), "coarse of "),
        (changed("coarse_cover", lambda a: a[:, :, 1:]), "rings in fours"),
        (changed("coarse_cover", lambda a: a[..., 1:]), "rings in fours"),
        (changed("coarse_cover", lambda a: a[:, :, :0]), "rings in fours"),
        (changed("coarse_cover", put(np.nan)), "coarse_cover within"),
        (changed("coarse_cover", put(-np.inf)), "coarse_cover within"),
        (lambda arrays: {k: v for k, v in arrays.items() if k != "cells"}, "arrays fine"),
        (lambda arrays: {**arrays, "more": arrays["cells"]}, "arrays fine"),
    ],
)
def test_what_a_kernel_would_trip_over(arrays, damage, message):
    with pytest.raises(FormatError, match=message):
        check_described(damage(arrays), "t")
