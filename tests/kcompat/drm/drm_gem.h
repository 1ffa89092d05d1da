/* SPDX-License-Identifier: MIT */
/* As much of DRM as drivers/gpu/drm/vgem/vgem_fence.c looks at: a buffer has a reservation object. */
#ifndef TESTS_KCOMPAT_DRM_GEM_H
#define TESTS_KCOMPAT_DRM_GEM_H

#include <linux/dma-resv.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/mutex.h>

struct drm_file;

struct drm_gem_object {
	struct kref count;
	struct dma_resv *resv;
};

struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle);
void drm_gem_object_put(struct drm_gem_object *object);

#endif
