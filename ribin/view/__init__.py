"""Pages an examiner looks at: two marks under a lamp that moves, and a ranked list as pictures.

`comparison_page` and `gallery_page` give the HTML of one file that needs nothing beside itself;
`thumbnail_png` a small picture of a mark. The browser's part lies in `page/`, written by hand.
"""

from ribin.view.comparison import comparison_page
from ribin.view.results import RowPicture, gallery_page, thumbnail_png

__all__ = ["RowPicture", "comparison_page", "gallery_page", "thumbnail_png"]
