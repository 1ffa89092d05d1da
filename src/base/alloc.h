/* SPDX-License-Identifier: MIT */
/* Memory from the C library, zeroed, and the two string helpers the upper layers need. */
#ifndef DMABUF_SRC_BASE_ALLOC_H
#define DMABUF_SRC_BASE_ALLOC_H

#include <dmabuf/base.h>

/* Zeroed memory or NULL. */
void *dmabuf_base_alloc(size_t size);
void dmabuf_base_free(void *ptr);
/* How many bytes an allocation of @size really gets. */
size_t dmabuf_base_good_size(size_t size);

#endif
