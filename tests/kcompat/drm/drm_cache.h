/* SPDX-License-Identifier: MIT */
/* vgem_drv.h includes it and uses nothing of it. */
