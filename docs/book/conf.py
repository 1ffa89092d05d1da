# SPDX-License-Identifier: MIT
# Sphinx settings of the book; docs/render.py copies this file beside the chapters.

project = "libdmabuf"
author = "the libdmabuf authors"
copyright = author      # noqa: A001, the name is Sphinx's
html_title = "Buffer Sharing and Synchronization"
html_theme = "alabaster"
html_theme_options = {
    "description": "Linux dma-buf in user space",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_show_sourcelink = False
# The same input gives the same bytes: no build date in the pages.
html_last_updated_fmt = None
master_doc = "index"
primary_domain = "c"
highlight_language = "none"     # a sample in C says so
# Words of C that are ours or the compiler's, for prototypes.
c_id_attributes = ["DMABUF_API"]
