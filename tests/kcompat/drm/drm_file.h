/* SPDX-License-Identifier: MIT */
/* As much of DRM as drivers/gpu/drm/vgem/vgem_fence.c looks at: an open file with a few buffers in it. */
#ifndef TESTS_KCOMPAT_DRM_FILE_H
#define TESTS_KCOMPAT_DRM_FILE_H

#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/timer.h>

#include <drm/drm_gem.h>

struct drm_device;

struct drm_file {
	void *driver_priv;
	struct drm_gem_object *objects[4];	/* handle 1 is the first */
};

#endif
